"""Days that matter and on which most readers are not at work."""

from collections.abc import Iterator
from datetime import date, timedelta

from cohortflow.programs.calendars import ReaderCalendar
from cohortflow.programs.lints.views import Run, listed, mail_path
from cohortflow.programs.trees import Path
from schemas.errors import Fault
from schemas.occasions import OWN_ZONE
from schemas.phrases import STAGES

_LONGEST_SEARCH = 60
_OPENINGS: tuple[tuple[str, str, str, str], ...] = (
    ("recruit", "opens", "opens", "the applications open"),
    ("orient", "opens", "opens", "the orientation opens"),
    ("check_in", "opens", "first", "the first check-in opens"),
    ("evaluate", "opens", "opens", "the final survey opens"),
)


def holiday_faults(run: Run) -> Iterator[Fault]:
    """The kick-off, an opening or the last day for approving on a holiday of most sites."""
    for day, what, path in _days_that_matter(run):
        closed = _closed_at(run, day)
        if 2 * len(closed) <= len(_sites(run)):
            continue
        message = (
            f"{what} on {run.said(path, day)} in {run.named}, when most readers are not at work "
            f"({listed(closed)}); the next day on which most are is {_next_open(run, day)}"
        )
        yield run.tell(path, message)


def _days_that_matter(run: Run) -> Iterator[tuple[date, str, Path]]:
    yield run.cohort.starts, "the kick-off is", ("cohorts", run.cohort.key, "starts")
    for stage, anchor, key, what in _OPENINGS:
        yield run.dates.anchor(stage, anchor), what, ("stages", stage, key)
    if run.cohort.program.stages.match.approve:
        yield run.dates.approval_deadline(), "the time for approving the matches ends", (
            "stages", "match", "approve", "within",
        )  # fmt: skip
    yield from _meetings(run)


def _meetings(run: Run) -> Iterator[tuple[date, str, Path]]:
    for stage in STAGES:
        for mail in getattr(run.cohort.program.stages, stage).emails:
            if mail.attach and mail.attach.on and not _is_of_a_check_in(stage, mail.attach.on.anchor):
                path = (*_mail(run, stage, mail.send), "attach")
                day = run.dates.day(mail.attach.on, stage)
                if day != run.cohort.starts:  # told already
                    yield day, f"the meeting of {mail.send} takes place", path


def _is_of_a_check_in(stage: str, anchor: str) -> bool:
    return stage == "check_in" and anchor in ("opens", "closes")


def _mail(run: Run, stage: str, send: str) -> Path:
    return mail_path(run, f"{stage}.{send}#1")[:4]


def _sites(run: Run) -> dict[str, ReaderCalendar]:
    """The calendars that count as readers: the declared sites, or the program's own when there is none."""
    sites = {site: each for site, each in run.dates.calendars.items() if site != OWN_ZONE}
    return sites or run.dates.calendars


def _closed_at(run: Run, day: date) -> list[str]:
    """Why each site is closed on a day; a weekend is nobody's holiday and is told by the plan."""
    reasons = [_holiday(calendar, day) for calendar in _sites(run).values()]
    return [reason for reason in reasons if reason]


def _holiday(calendar: ReaderCalendar, day: date) -> str | None:
    if reason := calendar.why_closed(day):
        return f"{calendar.place}: {reason}" if calendar.place else reason
    reason = calendar.why_not_working(day)
    return reason.removeprefix(f"{day} is ") if reason and day.weekday() < 5 else None


def _next_open(run: Run, day: date) -> date:
    following = (day + timedelta(days=count) for count in range(1, _LONGEST_SEARCH))
    half = len(_sites(run)) / 2
    return next((each for each in following if each.weekday() < 5 and len(_closed_at(run, each)) <= half), day)
