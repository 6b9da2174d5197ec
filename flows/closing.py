"""Close: end what is active, thank everybody, and say who completed the program."""

from datetime import datetime

from cohortflow.engine import flow
from flows.carry import Turn, carry, mails_of
from schemas.changes import Changes
from tasks.closing import end_of_the_cohort


@flow("close", run_name="{cohort_id} · {moment}")
def close(cohort_id: str, moment: str, now: datetime) -> int:
    """Carry a cohort through its end as far as it is ready."""
    return carry(cohort_id, "close", now, decide)


def decide(turn: Turn) -> Changes:
    """What one ready occasion of the end asks for."""
    if turn.action == "finish":
        return end_of_the_cohort(turn.standing.participants, turn.standing.matches, turn.now)
    return mails_of(turn)
