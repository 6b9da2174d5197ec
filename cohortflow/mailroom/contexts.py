"""What a message may speak of: the fields every template can use, and how they are filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from babel.units import format_unit

from cohortflow.mailroom.locales import local_instant, locale_of, long_date
from cohortflow.mailroom.words import Words, shipped_words

if TYPE_CHECKING:
    from cohortflow.programs.cohorts import Cohort

Role = Literal["mentor", "mentee", "manager", "owner", "approver", "sponsor"]

COUNTS = (
    "mentors", "mentees", "pairs", "proposed", "unmatched", "waitlisted", "invited", "eligible", "applied", "seats",
    "participants", "asked", "answered", "accepted", "declined", "silent", "active", "completed", "left", "held",
    "rows", "at_risk",
)  # fmt: skip

# The shape of the context: a name with None holds one value, a dict holds named fields, a list holds many of its item.
FIELDS: dict[str, object] = {
    "program": dict.fromkeys(("name", "purpose", "company")),
    "cohort": dict.fromkeys(("name", "starts", "ends")),
    "reader": dict.fromkeys(("name", "role")),
    "partners": [{**dict.fromkeys(("name", "email", "title", "department", "site", "role")), "reasons": [None]}],
    "link": None,
    "deadline": None,
    "owner": None,
    "counts": dict.fromkeys(COUNTS),
    "n": None,
    "agenda": [None],
    "training": None,
    "meeting": dict.fromkeys(("when", "hours", "where")),
    "lines": [None],
    "people": [dict.fromkeys(("name", "partner"))],
}


@dataclass(frozen=True)
class Reader:
    """Who gets the mail; `zone` is an IANA name, empty when the reader's site says none."""

    person_id: str
    name: str
    address: str
    role: Role
    language: str = "en"
    site: str = ""
    zone: str = ""


@dataclass(frozen=True)
class Partner:
    """The other side of a match, as far as the program lets a partner see it; what is hidden is left empty."""

    name: str
    email: str = ""
    title: str = ""
    department: str = ""
    site: str = ""
    role: Role = "mentor"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meeting:
    """One dated meeting, such as the orientation."""

    starts_at: datetime
    hours: float = 1
    where: str = ""


@dataclass(frozen=True)
class Report:
    """Someone who reports to the reader, and whom that person is paired with."""

    name: str
    partner: str


def build_context(
    cohort: "Cohort",
    *,
    reader: Reader,
    partners: Sequence[Partner] = (),
    link: str = "",
    deadline: date | None = None,
    counts: Mapping[str, int] | None = None,
    n: int = 0,
    agenda: Sequence[str] = (),
    training: str | None = "",
    meeting: Meeting | None = None,
    lines: Sequence[str] = (),
    people: Sequence[Report] = (),
    words: Words | None = None,
) -> dict[str, object]:
    """Every field a template may ask for; what does not concern this mail is empty, never missing.

    Args:
        words: the fixed words of the reader's language; those that came with the project when left out.
    """
    language, words = reader.language, words or shipped_words(reader.language)
    return {
        "program": _program_fields(cohort, words),
        "cohort": {
            "name": words.cohort(cohort.key, cohort.name),
            "starts": long_date(cohort.starts, language),
            "ends": long_date(cohort.ends, language),
        },
        "reader": {"name": reader.name, "role": reader.role},
        "partners": [_partner_fields(partner) for partner in partners],
        "link": link,
        "deadline": long_date(deadline, language, with_weekday=True) if deadline else "",
        "owner": cohort.program.owner,
        "counts": dict.fromkeys(COUNTS, 0) | dict(counts or {}),
        "n": n,
        "agenda": [point for point in agenda if point],
        "training": training or "",
        "meeting": _meeting_fields(meeting, reader, words),
        "lines": [line for line in lines if line],
        "people": [{"name": person.name, "partner": person.partner} for person in people],
    }


def _program_fields(cohort: "Cohort", words: Words) -> dict[str, object]:
    program = cohort.program
    return {
        "name": words.say("program", "name") or program.name,
        "purpose": words.say("program", "purpose") or program.purpose or "",
        "company": program.company or "",
    }


def _partner_fields(partner: Partner) -> dict[str, object]:
    return {
        "name": partner.name,
        "email": partner.email,
        "title": partner.title,
        "department": partner.department,
        "site": partner.site,
        "role": partner.role,
        "reasons": list(partner.reasons),
    }


def _meeting_fields(meeting: Meeting | None, reader: Reader, words: Words) -> dict[str, str]:
    if meeting is None:
        return {"when": "", "hours": "", "where": ""}
    day, time, clock = local_instant(meeting.starts_at, reader.zone or "UTC", reader.language)
    return {
        "when": words.say("meeting", "when", day=day, time=time, clock=clock),
        "hours": format_unit(meeting.hours, "duration-hour", locale=locale_of(reader.language)),
        "where": meeting.where,
    }
