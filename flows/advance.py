"""Advance one program: a subflow for each of its cohorts and stages that has something ready."""

import logging
from collections.abc import Callable
from datetime import datetime

from cohortflow.engine import flow, in_deployment, show_table, tagged, tell
from cohortflow.store import messages, occasions
from flows import check_ins, closing, evaluation, matching, orientation, program, recruitment
from flows.carry import Turn
from flows.delivery import start_delivery
from flows.house import current_house
from flows.standing import show_standings
from schemas.changes import Changes
from schemas.errors import CohortflowError

logger = logging.getLogger("cohortflow.flows")

STAGE_FLOWS = {
    "recruit": recruitment.recruit,
    "match": matching.match,
    "orient": orientation.orient,
    "check_in": check_ins.check_in,
    "evaluate": evaluation.evaluate,
    "close": closing.close,
    "program": program.program,
}

# What each stage decides about one ready occasion, for whoever wants to know without doing it.
DECISIONS: dict[str, Callable[[Turn], Changes]] = {
    "recruit": recruitment.decide,
    "match": matching.decide,
    "orient": orientation.decide,
    "check_in": check_ins.decide,
    "evaluate": evaluation.decide,
    "close": closing.decide,
    "program": program.decide,
}


@flow("advance-program", run_name="{program_id}")
def advance_program(program_id: str, now: datetime | None = None) -> int:
    """Do everything that is ready in the cohorts of a program; one that fails never stops another.

    Returns:
        How many occasions were done or skipped.

    Raises:
        CohortflowError: at the end, naming the cohorts that failed; the next tick tries them again.
    """
    house = current_house()
    now = now or house.now()
    done: dict[str, int] = {}
    failed: dict[str, str] = {}
    while step := next_step(program_id, now, set(failed)):
        cohort_id, stage, moment = step
        try:
            with tagged(program_id, cohort_id):
                done[cohort_id] = done.get(cohort_id, 0) + STAGE_FLOWS[stage](cohort_id, moment, now)
        except Exception as error:
            # One broken cohort must not stop the others; the run still fails at the end.
            failed[cohort_id] = what_failed(cohort_id, moment, error)
            logger.error("%s", failed[cohort_id])
            tell("occasion.failed", cohort_id, occasion=moment)
    touched = sorted({*done, *failed})
    rows = [{"cohort": each, "occasions": done.get(each, 0), "failed": each in failed} for each in touched]
    show_table("advanced", rows, f"What was done in {program_id}")
    show_standings(house, {*done, *failed}, now)
    if in_deployment() and mails_wait(now):
        start_delivery(f"{program_id} {now.isoformat()}")
    if failed:
        raise CohortflowError("; ".join(failed[each] for each in sorted(failed)))
    return sum(done.values())


def next_step(program_id: str, now: datetime, without: set[str]) -> tuple[str, str, str] | None:
    """The cohort and stage to do next, and the moment it is at, such as check_in#3."""
    with current_house().database.read() as db:
        ready = occasions.ready_work(db, now, program_id).get(program_id, [])
    return next((step for step in ready if step[0] not in without), None)


def mails_wait(now: datetime) -> bool:
    """Whether any mail may go now."""
    with current_house().database.read() as db:
        return messages.waiting(db, now) > 0


def what_failed(cohort_id: str, moment: str, error: Exception) -> str:
    """One line for the operator: what failed, for how many people, is retry safe, what happens otherwise."""
    house = current_house()
    try:
        with house.database.read() as db:
            people = occasions.people_concerned(db, cohort_id)
    except Exception:
        people = 0
    told = str(error) if isinstance(error, CohortflowError) else type(error).__name__
    return (
        f"{cohort_id} · {moment}: {told} (concerns {people or 'no'} people so far; nothing was half done, "
        "retry is safe, and if nobody does anything a later tick tries again)"
    )
