"""Confirm an edit, as a form: an approver's yes to the change of a running cohort that waits for it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from cohortflow.engine import flow
from flows.acting import CohortId, acting_on
from flows.approval import Approver
from flows.edits import confirm_edit as confirm
from schemas.errors import CohortflowError

Mark = Annotated[str, Field(pattern=r"^[0-9a-f]{0,12}$")]
TOLD = {
    "applied": "confirmed; the next tick goes by it",
    "nothing_waits": "no edit is waiting for confirmation",
    "other_edit": "another edit waits by now; nothing was confirmed. See `cohortflow plan --difference`",
    "shown_anew": "the edit has come to mean something else since it was shown; nothing was confirmed. See "
    "`cohortflow plan --difference`, then run this again",
    "refused": "the edit can no longer be followed; nothing was changed, and the owner is told",
}


@flow("confirm-edit", run_name="confirm · {cohort_id}")
def confirm_edit(cohort_id: CohortId, by: Approver, mark: Mark, now: datetime | None = None) -> str:
    """Say yes to exactly the edit that was shown to you; `cohortflow plan --difference` shows it with its mark.

    Args:
        cohort_id: such as emerging-leaders/2027-spring.
        by: role:approver#1 is the first address under `approvers:`.
        mark: of the edit that is meant, as the mail and the plan name it.
        now: leave it at None.

    Returns:
        What was done, in one line.
    """
    with acting_on(cohort_id, now) as (house, at):
        answer = confirm(house, cohort_id, by, at, mark=mark, folder=house.settings.programs.name)
        told = f"{cohort_id}: {TOLD[answer.outcome]}"
        if answer.outcome not in ("applied", "nothing_waits"):
            raise CohortflowError(told)
    return told
