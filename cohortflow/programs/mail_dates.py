"""The day and the instant of each declared mail, at every site, and why it is not the day that was declared."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from cohortflow.programs.anchors import WAITING, CheckIn, CohortDates
from cohortflow.programs.calendars import ReaderCalendar, mail_day
from schemas.altering import altered
from schemas.occasions import OWN_ZONE, Occasion
from schemas.phrases import When
from schemas.stages import MailLine

# Whoever would learn of a pair that nobody has approved yet.
TOLD_AFTER_APPROVAL = ("matched", "unmatched", "managers of matched", "participants", "no_response")


@dataclass(frozen=True)
class NumberedMail:
    """One sending of a declared mail: `number` counts the declarations of the same `send` within the stage."""

    line: MailLine
    when: When
    number: int

    @property
    def name(self) -> str:
        """What its key ends in."""
        return f"{self.line.send}#{self.number}"

    @property
    def is_waiting(self) -> bool:
        """Whether it follows something people do, on a day nobody knows beforehand."""
        return self.when.anchor in WAITING

    @property
    def action(self) -> str:
        """To remind is to write to those who have not done it; everything else is sending."""
        return "remind" if self.line.to == "no_response" else "send"


def numbered(lines: tuple[MailLine, ...]) -> Iterator[NumberedMail]:
    """Every sending of a stage; a list under `when` counts on, and so does a second line with the same `send`."""
    counted: Counter[str] = Counter()
    for line in lines:
        for when in line.when:
            counted[line.send] += 1
            yield NumberedMail(line, when, counted[line.send])


def placed(dates: CohortDates, mail: Occasion, backward: bool = False) -> Occasion:
    """A mail with `due_on` as declared becomes one with its instants: moved by each site's own closed days."""
    meant = mail.due_on
    days = {site: mail_day(calendar, meant, backward) for site, calendar in dates.calendars.items()}
    return altered(
        _with_instants(mail, {site: calendar.due(days[site]) for site, calendar in dates.calendars.items()}),
        due_on=days[OWN_ZONE],
        moved_from=meant if days[OWN_ZONE] != meant else None,
        moved_because=why_moved(dates.calendars, meant, days),
    )


def _with_instants(mail: Occasion, instants: dict[str, datetime]) -> Occasion:
    """The instants, and an end that does not shut out readers who can only get the mail after it.

    A reminder of what is over by then is no use to anyone, so its end stands.
    """
    keeps_end = mail.ends_at and (mail.to == "no_response" or max(instants.values()) < mail.ends_at)
    ends_at = mail.ends_at if keeps_end else None
    return altered(mail, due_at=min(instants.values()), due_by_site=instants, ends_at=ends_at)


def until_event(dates: CohortDates, mail: Occasion, check_in: CheckIn | None = None) -> Occasion:
    """An invitation is no use once its event has begun, whatever else is still open."""
    begins_at = dates.event_begins(mail.attach, mail.stage, check_in) if mail.attach else None
    return altered(mail, ends_at=min(filter(None, (mail.ends_at, begins_at)), default=None))


def why_moved(calendars: Mapping[str, ReaderCalendar], meant: date, days: Mapping[str, date]) -> str | None:
    """Why the program's own day moved, and where a site differs from it; None when all stay."""
    own = days[OWN_ZONE]
    told = [] if own == meant else [calendars[OWN_ZONE].why_no_mail(meant)]
    for day in sorted(set(days.values()) - {own}):
        places = [site for site, moved in days.items() if moved == day]
        if day == meant:
            told.append(f"unmoved in {', '.join(places)}")
        else:
            reasons = dict.fromkeys(filter(None, (calendars[site].why_no_mail(meant) for site in places)))
            told.append(f"{', '.join(reasons)}, so {day} there")
    return "; ".join(filter(None, told)) or None


def gates(dates: CohortDates, stage: str) -> tuple[str | None, str, str | None]:
    """Per stage: what its own opening waits for, its opening, its closing."""
    last_round = dates.check_ins[-1].key if dates.check_ins else "orient.closes"
    return {
        "recruit": (None, "recruit.opens", "recruit.closes"),
        "match": ("recruit.closes", "match.runs", None),
        "orient": ("match.approval", "orient.opens", "orient.closes"),
        "check_in": ("orient.closes", "orient.closes", None),
        "evaluate": (last_round, "evaluate.opens", "evaluate.closes"),
        "close": ("evaluate.closes", "close.runs", None),
    }[stage]


def waits_for(dates: CohortDates, mail: Occasion, check_in: CheckIn | None = None) -> str | None:
    """What must be done before a dated mail goes: its stage has opened, or closed when it is meant for after that."""
    if check_in:
        return f"{check_in.key}.closes" if mail.due_on > check_in.closes_on else check_in.key
    before, opens, closes = gates(dates, mail.stage)
    if mail.stage != "check_in" and mail.due_on < dates.anchor(mail.stage, "opens"):
        return before  # "applications open soon" cannot wait for the opening
    if mail.stage == "match" and mail.to in TOLD_AFTER_APPROVAL:
        return "match.approval"
    return closes if closes and mail.due_on > dates.anchor(mail.stage, "closes") else opens
