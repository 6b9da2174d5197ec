"""What a message may speak of: the fields every template can use, and how they are filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.units import format_unit

if TYPE_CHECKING:
    from cohortflow.programs.cohorts import Cohort

Role = Literal["mentor", "mentee", "manager", "owner", "approver", "sponsor"]

COUNTS = (
    "mentors", "mentees", "pairs", "unmatched", "waitlisted", "invited", "eligible", "applied", "seats", "participants",
    "asked", "answered", "accepted", "declined", "silent", "active", "completed", "left", "held", "rows", "at_risk",
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
) -> dict[str, object]:
    """Every field a template may ask for; what does not concern this mail is empty, never missing."""
    program, language = cohort.program, reader.language
    return {
        "program": {"name": program.name, "purpose": program.purpose or "", "company": program.company or ""},
        "cohort": {
            "name": cohort.name,
            "starts": long_date(cohort.starts, language),
            "ends": long_date(cohort.ends, language),
        },
        "reader": {"name": reader.name, "role": reader.role},
        "partners": [_partner_fields(partner) for partner in partners],
        "link": link,
        "deadline": long_date(deadline, language, with_weekday=True) if deadline else "",
        "owner": program.owner,
        "counts": dict.fromkeys(COUNTS, 0) | dict(counts or {}),
        "n": n,
        "agenda": [point for point in agenda if point],
        "training": training or "",
        "meeting": _meeting_fields(meeting, reader),
        "lines": [line for line in lines if line],
        "people": [{"name": person.name, "partner": person.partner} for person in people],
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


def _meeting_fields(meeting: Meeting | None, reader: Reader) -> dict[str, str]:
    if meeting is None:
        return {"when": "", "hours": "", "where": ""}
    return {
        "when": local_instant(meeting.starts_at, reader.zone or "UTC", reader.language),
        "hours": format_unit(meeting.hours, "duration-hour", locale=locale_of(reader.language)),
        "where": meeting.where,
    }


@lru_cache
def locale_of(language: str) -> Locale:
    """The locale that writes dates and lists in this language; English when the language is unknown."""
    try:
        # "en" alone means American dates; a company with several sites reads "5 March" without doubt.
        return Locale.parse("en_GB" if language == "en" else language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")


@lru_cache(maxsize=4096)
def long_date(day: date, language: str, with_weekday: bool = False) -> str:
    """A day as people write it, such as "5 March 2027" or "Friday, 5 March 2027"."""
    locale = locale_of(language)
    if locale.language == "en":
        return format_date(day, "EEEE, d MMMM y" if with_weekday else "d MMMM y", locale=locale)
    return format_date(day, "full" if with_weekday else "long", locale=locale)


@lru_cache(maxsize=4096)
def local_instant(at: datetime, zone: str, language: str) -> str:
    """An instant on the reader's own clock, with the name of that clock, since partners may have another."""
    locale, local = locale_of(language), at.astimezone(ZoneInfo(zone))
    clock = get_timezone_name(local, locale=locale)
    return f"{long_date(local.date(), language, True)}, {format_time(local, 'HH:mm', locale=locale)} ({clock})"
