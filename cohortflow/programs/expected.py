"""The whole calendar of a cohort: what has a day, and what waits for people on the day it is expected."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from cohortflow.programs.anchors import CohortDates
from cohortflow.programs.calendars import local_day, to_utc, working_day, zone_of
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.occasions import dated_occasions
from cohortflow.programs.waiting import after_acceptance, after_approval, after_response, waiting_mails
from schemas.occasions import OWN_ZONE, Occasion

ANSWERING_HOUR = time(10)
DAYS_TO_ACCEPT = 2  # working days


@dataclass(frozen=True)
class Entry:
    """One line of the calendar.

    Attributes:
        expects: what its day rests on, in words; empty for a day that is fixed.
        until: the last day on which it may still happen, for what goes whenever somebody answers.
    """

    occasion: Occasion
    expects: str = ""
    until: date | None = None

    @property
    def day(self) -> date:
        """The day in the program's zone."""
        return self.occasion.due_on


def entries(cohort: Cohort) -> tuple[Entry, ...]:
    """Everything a cohort does, by day; dated occasions keep their order and what is expected follows them."""
    dates = CohortDates(cohort)
    fixed = [Entry(occasion) for occasion in dated_occasions(cohort)]
    expected = [*_on_approval(dates), *_on_acceptance(dates), *_on_response(dates)]
    return tuple(sorted((*fixed, *expected), key=lambda entry: entry.day))


def site_days(cohort: Cohort, occasion: Occasion) -> dict[str, date]:
    """The sites whose readers get a mail on another day than everybody else, with that day."""
    days = {site: local_day(at, zone_of(cohort, site)) for site, at in occasion.due_by_site.items() if site != OWN_ZONE}
    return {site: day for site, day in days.items() if day != occasion.due_on}


def approval_expected(dates: CohortDates) -> datetime:
    """A working day after the approvers are asked, and never later than their last day."""
    runs_on = dates.anchor("match", "runs")
    if dates.stages.match.approve is None:
        return dates.opens_at(runs_on)
    day = min(working_day(dates.calendar, runs_on, 1), dates.approval_deadline())
    return to_utc(day, ANSWERING_HOUR, dates.calendar.zone)


def _on_approval(dates: CohortDates) -> Iterator[Entry]:
    approved_at, last_day = approval_expected(dates), dates.approval_deadline()
    expects = "on approval, expected a working day after it is asked for"
    if dates.stages.match.approve is None:
        expects = "with the matches, which nobody has to approve"
    elif last_day > local_day(approved_at, dates.calendar.zone):
        expects += f"; the last day for it is {last_day}"
    for occasion in after_approval(dates.cohort, approved_at):
        yield Entry(occasion, expects)


def _on_acceptance(dates: CohortDates) -> Iterator[Entry]:
    if dates.stages.match.accept is None:
        return
    day = local_day(approval_expected(dates), dates.calendar.zone)
    for _ in range(DAYS_TO_ACCEPT):
        day = working_day(dates.calendar, day, 1)
    accepted_at = to_utc(day, ANSWERING_HOUR, dates.calendar.zone)
    for occasion in after_acceptance(dates.cohort, accepted_at, "-"):
        yield Entry(occasion, f"on acceptance, expected {DAYS_TO_ACCEPT} working days after the approval")


def _on_response(dates: CohortDates) -> Iterator[Entry]:
    """An answer can come from the day its stage opens to the day it closes; the mail is shown on the first."""
    for stage in ("recruit", "orient", "check_in", "evaluate"):
        first, last = dates.anchor(stage, "opens"), dates.anchor(stage, "closes")
        answered_at = to_utc(first, ANSWERING_HOUR, dates.calendar.zone)
        delayed = {each.key: each for each in after_response(dates.cohort, answered_at, "-", stage)}
        for waiting in waiting_mails(dates.cohort, "response", (stage,)):
            line = waiting.mail.line
            now = Occasion(
                waiting.key, stage, waiting.mail.action, first, answered_at, "mail",
                send=line.send, to=line.to, attach=line.attach,
            )  # fmt: skip
            occasion = delayed.get(waiting.key, now)
            until = last + (occasion.due_on - first)
            yield Entry(occasion, "whenever somebody answers" if occasion is now else str(waiting.mail.when), until)


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())
