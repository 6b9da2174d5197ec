"""Recruit: find who is eligible, invite them, remind who is silent, and give out the seats."""

from datetime import datetime
from typing import Any

from cohortflow.engine import flow
from flows.carry import Turn, carry, mails_of
from schemas.changes import Changes
from schemas.rows import each_row
from tasks.recruitment import WHY_WAITING, choose_applicants, eligible_people


@flow("recruit", run_name="{cohort_id} · {moment}")
def recruit(cohort_id: str, moment: str, now: datetime) -> int:
    """Carry a cohort through its recruitment as far as it is ready."""
    return carry(cohort_id, "recruit", now, decide)


def decide(turn: Turn) -> Changes:
    """What one ready occasion of the recruitment asks for."""
    match turn.action:
        case "open":
            return open_recruitment(turn)
        case "close":
            return give_out_seats(turn)
        case _:
            return mails_of(turn)


def open_recruitment(turn: Turn) -> Changes:
    """Invite everybody who may join; say how many may not, and for which reason the coordinator can look up."""
    program = turn.cohort.program
    rows = eligible_people(turn.roster, program.who, program.people.levels, turn.cohort.starts)
    invited = rows[rows["reason"].isna()]
    changes = Changes(cohort={"state": "running", "begun_at": turn.now})
    for row in each_row(invited):
        changes.participants[row.person_id] = {"role": row.role, "may_be": row.may_be, "state": "invited"}
    roles = invited["role"].value_counts()
    counts: dict[str, Any] = {f"{role}s": int(count) for role, count in sorted(roles.items())}
    changes.note("cohort.begun", turn.claim.key, invited=len(invited), refused=len(rows) - len(invited), **counts)
    return changes


def give_out_seats(turn: Turn) -> Changes:
    """End the applications: who gets a seat, and who waits for one."""
    cohort = turn.cohort
    applied = turn.standing.participants
    applied = applied[applied["state"] == "applied"][["person_id", "role", "applied_at"]]
    chosen = choose_applicants(applied, cohort.seats, cohort.program.if_more_apply, cohort.id)
    changes = Changes()
    for row in each_row(chosen):
        told = {"reason": WHY_WAITING[cohort.program.if_more_apply]} if row.state == "waitlisted" else {}
        changes.participants[row.person_id] = {"state": row.state, "place": int(row.place), **told}
    waiting = int((chosen["state"] == "waitlisted").sum())
    mentees = int((applied["role"] == "mentee").sum())
    counts: dict[str, Any] = {"applied": len(applied), "mentees": mentees, "mentors": len(applied) - mentees}
    changes.note("recruit.closed", turn.claim.key, waitlisted=waiting, **counts)
    return changes
