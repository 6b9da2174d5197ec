"""What belongs to no single stage: goals, the end of the trial, reports, and people who leave."""

from datetime import datetime

from cohortflow.engine import flow
from flows.carry import Turn, carry, mails_of
from flows.invitations import call_off, tell_invited
from schemas.changes import Changes
from tasks.intents import told_at_once


@flow("program", run_name="{cohort_id} · {moment}")
def program(cohort_id: str, moment: str, now: datetime) -> int:
    """Carry what a cohort has beside its stages as far as it is ready."""
    return carry(cohort_id, "program", now, decide)


def decide(turn: Turn) -> Changes:
    """What one ready occasion beside the stages asks for."""
    match turn.action:
        case "report":
            return announce_report(turn)
        case "tell_invited":
            return tell_invited(turn)
        case "call_off":
            return call_off(turn)
        case "trial_closes":
            return Changes()
        case _:
            return mails_of(turn)


def announce_report(turn: Turn) -> Changes:
    """Tell those who get the report that it is there; it is drawn when the mail is written."""
    changes = Changes()
    for to in turn.cohort.program.measure.report.to:
        changes.intents += told_at_once(
            turn.cohort, "report_ready", to, turn.claim.key, turn.now, turn.house.wording(), attach={"kind": "report"}
        )
    return changes
