"""Advance one program: a subflow for each of its cohorts and stages that has something ready."""

import logging
from datetime import datetime

from cohortflow.engine import flow, in_deployment, show_table, start_deployment, tell
from cohortflow.store import messages, occasions
from flows.check_ins import check_in
from flows.closing import close
from flows.evaluation import evaluate
from flows.house import current_house
from flows.matching import match
from flows.orientation import orient
from flows.program import program
from flows.recruitment import recruit
from schemas.errors import CohortflowError

logger = logging.getLogger("cohortflow.flows")

STAGE_FLOWS = {
    "recruit": recruit,
    "match": match,
    "orient": orient,
    "check_in": check_in,
    "evaluate": evaluate,
    "close": close,
    "program": program,
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
            done[cohort_id] = done.get(cohort_id, 0) + STAGE_FLOWS[stage](cohort_id, moment, now)
        except Exception as error:
            # One broken cohort must not stop the others; the run still fails at the end.
            failed[cohort_id] = what_failed(cohort_id, moment, error)
            logger.error("%s", failed[cohort_id])
            tell("occasion.failed", cohort_id, occasion=moment)
    rows = [{"cohort": each, "occasions": count, "failed": each in failed} for each, count in sorted(done.items())]
    show_table("advanced", rows, f"What was done in {program_id}")
    if in_deployment() and mails_wait(now):
        start_deployment("deliver-mail/deliver-mail", {}, f"{program_id} {now.isoformat()}")
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
