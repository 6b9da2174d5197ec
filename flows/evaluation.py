"""Evaluate: ask everybody what it was worth."""

from datetime import datetime

from cohortflow.engine import flow
from flows.carry import Turn, carry, mails_of
from schemas.changes import Changes


@flow("evaluate", run_name="{cohort_id} · {moment}")
def evaluate(cohort_id: str, moment: str, now: datetime) -> int:
    """Carry a cohort through its evaluation as far as it is ready."""
    return carry(cohort_id, "evaluate", now, decide)


def decide(turn: Turn) -> Changes:
    """What one ready occasion of the evaluation asks for."""
    return Changes() if turn.action in ("open", "close") else mails_of(turn)
