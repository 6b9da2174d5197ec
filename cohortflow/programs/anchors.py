"""The days of one cohort: what "3 weeks after opens", "halfway" and "recruit closes" mean on its calendar."""

from dataclasses import dataclass
from datetime import date, datetime

from cohortflow.programs.calendars import end_of_day, reader_calendar, reader_calendars, start_of_day, to_utc
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.spans import add_span, deadline
from schemas.errors import CohortflowError
from schemas.occasions import PROGRAM
from schemas.phrases import Attach, When

WAITING = ("response", "approval", "acceptance")  # anchors whose day nobody knows beforehand
OF_THE_COHORT = ("start", "end", "halfway", "first_meeting")
# A stage that runs on one day opens and closes with it, and the other way round.
SAME_MOMENT = {("match", "opens"): "runs", ("close", "opens"): "runs", ("close", "closes"): "runs"}


@dataclass(frozen=True)
class CheckIn:
    """One round of check-ins: numbered from 1, open from the first of its days to the end of the last."""

    n: int
    opens_on: date
    closes_on: date

    @property
    def key(self) -> str:
        """The key of its occasion."""
        return f"check_in#{self.n}"


class CohortDates:
    """Every anchor of a cohort as a day, each worked out when it is first asked for."""

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.stages = cohort.program.stages
        self.calendar = reader_calendar(cohort, None)
        self.calendars = reader_calendars(cohort)
        self.check_ins: tuple[CheckIn, ...] = ()
        self._declared = _declared(cohort)
        self._being_counted: list[tuple[str, str]] = []
        self._known = {
            (PROGRAM, "start"): cohort.starts,
            (PROGRAM, "end"): cohort.ends,
            (PROGRAM, "halfway"): cohort.starts + (cohort.ends - cohort.starts) // 2,
        }
        self.check_ins = tuple(self._rounds())

    def opens_at(self, day: date) -> datetime:
        """The first instant of a day in the program's zone."""
        return start_of_day(day, self.calendar.zone)

    def closes_at(self, day: date) -> datetime:
        """The instant a day is over in the program's zone."""
        return end_of_day(day, self.calendar.zone)

    def day(self, when: When, stage: str, check_in: CheckIn | None = None) -> date:
        """The day of a moment declared in a stage; inside a check-in, `opens` and `closes` are its own."""
        if when.day:
            return when.day
        if check_in and when.stage is None and when.anchor in ("opens", "closes"):
            base = check_in.opens_on if when.anchor == "opens" else check_in.closes_on
        else:
            base = self.anchor(when.stage or stage, when.anchor)
        return add_span(base, when.offset, when.sign, self.calendar) if when.offset else base

    def anchor(self, stage: str, anchor: str) -> date:
        """The day of an anchor without an offset.

        Raises:
            CohortflowError: the stage has no such moment, or counting goes round in a circle.
        """
        moment = _moment(stage, anchor)
        if moment not in self._known:
            self._known[moment] = self._worked_out(moment)
        return self._known[moment]

    def event_begins(self, attach: Attach, stage: str, check_in: CheckIn | None = None) -> datetime | None:
        """When an attached invitation begins: one instant for all, read on the program's own clock."""
        if attach.on is None or attach.at is None:
            return None
        return to_utc(self.day(attach.on, stage, check_in), attach.at, self.calendar.zone)

    def approval_deadline(self) -> date:
        """The last day for approving the matches; with `approve: not_needed` the day they are proposed."""
        runs_on = self.anchor("match", "runs")
        approve = self.stages.match.approve
        return deadline(self.opens_at(runs_on), approve.within, self.calendar)[0] if approve else runs_on

    def _worked_out(self, moment: tuple[str, str]) -> date:
        if moment in self._being_counted:
            circle = " -> ".join(" ".join(each) for each in (*self._being_counted, moment))
            raise CohortflowError(
                f"{self.cohort.id}: stages: {circle} goes round in a circle; count one of them from start or end"
            )
        self._being_counted.append(moment)
        try:
            return self._counted(moment)
        finally:
            self._being_counted.pop()

    def _counted(self, moment: tuple[str, str]) -> date:
        if when := self._declared.get(moment):
            return self.day(when, moment[0])
        if moment == ("match", "closes"):
            return self.approval_deadline()
        if moment == ("check_in", "closes") and self.check_ins:
            return self.check_ins[-1].closes_on
        stage, anchor = moment
        where = "goals, trial or report" if stage == PROGRAM else f"stages.{stage}"
        raise CohortflowError(
            f"{self.cohort.id}: {where}: there is no day called {anchor!r} here; "
            "count from start, end, or name a stage that has it, as in recruit closes"
        )

    def _rounds(self) -> list[CheckIn]:
        """From `first` on, `every` so often, none after `last`; each is counted from the first, so no month drifts."""
        rules = self.stages.check_in
        first, last = self.day(rules.first, "check_in"), self.day(rules.last, "check_in")
        rounds: list[CheckIn] = []
        opens_on = first
        while opens_on <= last:
            rounds.append(CheckIn(len(rounds) + 1, opens_on, add_span(opens_on, rules.open_for, 1, self.calendar)))
            following = add_span(first, rules.every, len(rounds), self.calendar)
            if following <= opens_on:
                break
            opens_on = following
        return rounds


def _moment(stage: str, anchor: str) -> tuple[str, str]:
    """The one name of a moment, whichever stage speaks of it."""
    if anchor == "first_meeting":
        return "check_in", anchor
    if anchor in OF_THE_COHORT:
        return PROGRAM, anchor
    return stage, SAME_MOMENT.get((stage, anchor), anchor)


def _declared(cohort: Cohort) -> dict[tuple[str, str], When]:
    """The moments that a program declares in words."""
    stages = cohort.program.stages
    moments: dict[tuple[str, str], When] = {
        ("recruit", "opens"): stages.recruit.opens,
        ("recruit", "closes"): stages.recruit.closes,
        ("match", "runs"): stages.match.runs,
        ("orient", "opens"): stages.orient.opens,
        ("orient", "closes"): stages.orient.closes,
        ("check_in", "opens"): stages.check_in.first,
        ("evaluate", "opens"): stages.evaluate.opens,
        ("evaluate", "closes"): stages.evaluate.closes,
        ("close", "runs"): stages.close.runs,
    }
    if stages.check_in.first_meeting:
        moments["check_in", "first_meeting"] = stages.check_in.first_meeting.ask
    return moments
