"""The order of the stages: nothing opens before what it needs has ended, and the sum is shown when it does."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from cohortflow.programs.lints.views import Run
from cohortflow.programs.trees import Path
from schemas.errors import Fault
from schemas.occasions import PROGRAM

_STAGES = "stages"


@dataclass(frozen=True)
class Step:
    """Two moments that belong in this order; `cure` is what to write at the later one.

    `whole_day` says that the first lasts to the end of its day, so that the second cannot open on that day.
    """

    later: Path
    later_words: str
    earlier: Path
    earlier_words: str
    cure: str
    whole_day: bool = True


_STEPS = (
    Step((_STAGES, "recruit", "closes"), "the applications close", (_STAGES, "recruit", "opens"), "they open",
         "closes: 3 weeks after opens", whole_day=False),
    Step((_STAGES, "match", "runs"), "the match runs", (_STAGES, "recruit", "closes"), "the applications close",
         "runs: 3 working days after recruit closes"),
    Step((_STAGES, "orient", "closes"), "the orientation closes", (_STAGES, "orient", "opens"), "it opens",
         "closes: 2 weeks after opens", whole_day=False),
    Step((_STAGES, "check_in", "first"), "the first check-in opens", (_STAGES, "orient", "closes"),
         "the orientation closes", "first: 1 day after orient closes"),
    Step((_STAGES, "evaluate", "closes"), "the final survey closes", (_STAGES, "evaluate", "opens"), "it opens",
         "closes: 3 weeks after opens", whole_day=False),
    Step((_STAGES, "close", "runs"), "the cohort closes", (_STAGES, "evaluate", "closes"), "the final survey closes",
         "runs: 1 day after evaluate closes"),
    Step(("goals", "set_by"), "goals are due", ("goals", "ask"), "they are asked for", "set_by: 3 weeks after start",
         whole_day=False),
)  # fmt: skip


def order_faults(run: Run) -> Iterator[Fault]:
    """Every stage that opens before what it needs has ended."""
    for step in _STEPS:
        if step.later[0] == "goals" and run.cohort.program.goals is None:
            continue
        later, earlier = _day_of(run, step.later), _day_of(run, step.earlier)
        ended = f"{step.earlier_words} on {run.said(step.earlier, earlier)}"
        yield from _too_early(run, step.later, later, earlier, (step.later_words, ended, step.cure), step.whole_day)
    yield from _before_approval(run)
    yield from _last_check_in(run)


def _day_of(run: Run, path: Path) -> date:
    if path[0] == "goals":
        goals = run.cohort.program.goals
        assert goals is not None
        return run.dates.day(goals.set_by if path[1] == "set_by" else goals.ask, PROGRAM)
    anchor = "opens" if path[2] == "first" else str(path[2])
    return run.dates.anchor(str(path[1]), anchor)


def _too_early(
    run: Run, path: Path, later: date, earlier: date, words: tuple[str, str, str], whole_day: bool = True
) -> Iterator[Fault]:
    """An error when the days stand the wrong way round, a warning when they are one and the same."""
    what, ended, cure = words
    if later > earlier or (later == earlier and not whole_day):
        return
    if later == earlier:
        gap = "the same day, which counts to its end, so it happens a day later than planned"
    else:
        gap = f"{_days(earlier - later)} too early"
    message = f"{what} on {run.said(path, later)} in {run.named}, but {ended}: {gap}; write {cure}"
    yield run.tell(path, message, "warning" if later == earlier else "error")


def _days(gap: timedelta) -> str:
    return "1 day" if gap.days == 1 else f"{gap.days} days"


def _before_approval(run: Run) -> Iterator[Fault]:
    """The orientation needs matches that are approved, and gives its best to matches that both accepted."""
    dates, match = run.dates, run.cohort.program.stages.match
    path: Path = (_STAGES, "orient", "opens")
    opens, runs_on, approved = dates.anchor("orient", "opens"), dates.anchor("match", "runs"), dates.approval_deadline()
    told = f"the match runs on {run.said((_STAGES, 'match', 'runs'), runs_on)}"
    if match.approve:
        told += f" and may be approved until {approved} ({match.approve.within} after it)"
    words = ("the orientation opens", told, "opens: 1 day after match closes")
    yield from _too_early(run, path, opens, approved, words, whole_day=match.approve is not None)


def _last_check_in(run: Run) -> Iterator[Fault]:
    """The final survey closes the series of check-ins; one after it asks people who have said their last word."""
    path: Path = (_STAGES, "check_in", "last")
    rounds, opens = run.dates.check_ins, run.dates.anchor("evaluate", "opens")
    if not rounds:
        first = run.dates.anchor("check_in", "opens")
        message = (
            f"no check-in takes place in {run.named}: the first would be on "
            f"{run.said((_STAGES, 'check_in', 'first'), first)}, after this day; write first: 1 week after start and "
            "last: 3 weeks before end, or let the cohort last longer"
        )
        yield run.tell(path, message)
        return
    last = rounds[-1]
    if last.closes_on < opens:
        return
    length = (last.closes_on - last.opens_on).days + 1
    gap = (
        f"{_days(last.opens_on - opens)} earlier"
        if last.opens_on > opens
        else f"and the check-in stays open until {last.closes_on}"
    )
    message = (
        f"the last check-in (no. {last.n}) opens on {last.opens_on} in {run.named}, and the final survey opens on "
        f"{run.said((_STAGES, 'evaluate', 'opens'), opens)}, {gap}; write last: {length} days before evaluate opens"
    )
    yield run.tell(path, message, "error" if last.opens_on > opens else "warning")
