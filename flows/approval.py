"""Approve matches: the one act that is left to a person."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from cohortflow.engine import flow, show_table
from cohortflow.programs.parts import part_of
from cohortflow.store import frames
from cohortflow.store.decisions import record_decision
from cohortflow.store.record import Overtaken
from flows.acting import CohortId, acting_on, why_held
from flows.house import House
from flows.matching import approval_of
from schemas.errors import CohortflowError

TRIES = 8
# What Prefect is given it keeps and shows to every operator, so an approver is named by part and never by address.
Approver = Annotated[str, Field(pattern=r"^role:(approver#[1-9][0-9]?|owner)$", examples=["role:approver#1"])]


@flow("approve-matches", run_name="approve · {cohort_id}")
def approve_matches(cohort_id: CohortId, by: Approver, now: datetime | None = None) -> int:
    """Approve every match that is proposed in a cohort; a second approval finds nothing to approve.

    Args:
        cohort_id: such as emerging-leaders/2027-spring.
        by: role:approver#1 is the first address under `approvers:`; role:owner the owner, where nobody is named there.
        now: leave it at None; the instant to decide by, where it is not the present one.

    Returns:
        How many matches were approved.
    """
    with acting_on(cohort_id, now) as (house, at):
        approved = approve(house, cohort_id, by, at)
        rows = [{"cohort": cohort_id, "matches approved": approved}]
        show_table("approved", rows, f"What was approved in {cohort_id}")
    return approved


def approve(house: House, cohort_id: str, by: str, now: datetime) -> int:
    """Approve every match that is proposed, and count them.

    Raises:
        CohortflowError: nothing is proposed yet, the cohort is held, or somebody else asks.
    """
    for _ in range(TRIES):
        standing = frames.read_standing(house.database, cohort_id)
        part = part_of(by, standing.cohort)
        if part is None:
            raise CohortflowError(
                f"{cohort_id}: that is not one of its approvers; see `approvers:` in the program's file"
            )
        if standing.row.state == "held":
            raise CohortflowError(f"{cohort_id} is held ({why_held(standing.row)}); resume it first")
        first = standing.occasions.get(("match.approval", "-")) == "pending"
        if first and standing.occasions.get(("match.runs", "-")) not in ("done", "skipped"):
            raise CohortflowError(f"{cohort_id}: nothing is proposed yet; `cohortflow plan {cohort_id}` shows when")
        if not first and not (standing.matches["state"] == "proposed").any():
            return 0
        changes = approval_of(standing.cohort, standing, now, part)
        if first:
            changes.close_occasions[("match.approval", "-")] = "done"
        try:
            record_decision(standing, changes, now=now, actor=part)
        except Overtaken:
            continue
        return len(changes.matches)
    raise CohortflowError(f"{cohort_id}: the cohort kept changing; nothing was approved, run it again")
