"""Until when what a mail asks for may be done: the day that stands in the mail."""

from datetime import date, datetime, timedelta

import pandas as pd

from cohortflow.programs.anchors import CohortDates
from cohortflow.programs.calendars import local_day
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.spans import deadline
from cohortflow.programs.waiting import NEW_PAIR
from schemas.occasions import PROGRAM
from tasks.intents import Sending

OF_THE_APPROVAL = ("approval_request", "approval_reminder", "approval_overdue")
OF_THE_GOALS = ("goals", "goals_reminder")
OF_ITS_OWN_TIME = ("accept_reminder", *OF_THE_APPROVAL, "rematch_approval_request")


def deadline_of(cohort: Cohort, stage: str, n: int, template: str = "") -> date | None:
    """The last day for what a mail of a stage asks, by the calendar alone; None where nothing closes."""
    dates, program = CohortDates(cohort), cohort.program
    if template in OF_THE_APPROVAL and program.stages.match.approve:
        return dates.approval_deadline()
    if template in OF_THE_GOALS and program.goals:
        return dates.day(program.goals.set_by, PROGRAM)
    if stage == "check_in":
        return next((each.closes_on for each in dates.check_ins if each.n == n), None)
    if stage in ("recruit", "orient", "evaluate"):
        return dates.anchor(stage, "closes")
    return None


def deadline_now(cohort: Cohort, stage: str, sending: Sending, matches: pd.DataFrame, now: datetime) -> date | None:
    """The last day for what a mail that goes now asks for.

    A match made late has a time of its own to be approved and accepted in; a day that is over is not named.

    Args:
        matches: those of the cohort; the time to say yes is counted from their approval.
    """
    dates = CohortDates(cohort)
    day = deadline_of(cohort, stage, sending.n, sending.template)
    if sending.template == "approval_overdue":
        return day if sending.about == "-" else None  # that it is over is what it tells
    if sending.template in OF_ITS_OWN_TIME and sending.ends_at is not None:
        day = local_day(sending.ends_at - timedelta(microseconds=1), dates.calendar.zone)
    elif stage == "match" and sending.to in NEW_PAIR:
        day = _to_accept(dates, matches, sending.about)
    return day if day is not None and dates.closes_at(day) > now else None


def _to_accept(dates: CohortDates, matches: pd.DataFrame, about: str) -> date | None:
    accept = dates.stages.match.accept
    asked = matches[(matches["state"] == "approved") & matches["approved_at"].notna()]
    asked = asked if about == "-" else asked[asked["match_id"] == about]
    if accept is None or asked.empty:
        return None
    return deadline(asked["approved_at"].max().to_pydatetime(), accept.within, dates.calendar)[0]
