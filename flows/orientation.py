"""Orient: welcome the pairs, prepare both sides, and start."""

from datetime import datetime

from cohortflow.engine import flow
from flows.carry import Turn, carry, mails_of
from schemas.changes import Changes
from tasks.matches import begin_matches


@flow("orient", run_name="{cohort_id} · {moment}")
def orient(cohort_id: str, moment: str, now: datetime) -> int:
    """Carry a cohort through its orientation as far as it is ready."""
    return carry(cohort_id, "orient", now, decide)


def decide(turn: Turn) -> Changes:
    """What one ready occasion of the orientation asks for."""
    match turn.action:
        case "open":
            return Changes()
        case "start":
            accept = turn.cohort.program.stages.match.accept
            held_back = accept is not None and accept.if_silent == "remind_then_hold"
            return begin_matches(turn.standing.matches, held_back, turn.now)
        case _:
            return mails_of(turn)
