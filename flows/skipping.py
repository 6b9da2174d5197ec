"""Skip one occasion of a cohort by hand: a mail that is not to go, said by somebody who may."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from cohortflow.engine import flow, tell
from cohortflow.store import cohorts, events, frames, occasions
from flows.acting import By, CohortId, Why, acting_on, acting_part, known_row
from flows.house import House
from schemas.changes import Note
from schemas.errors import CohortflowError
from schemas.nearest import nearest

Key = Annotated[
    str,
    Field(pattern=r"^[a-z0-9_.#-]+$", max_length=80, examples=["recruit.reminder#2", "check_in#3.pulse_reminder#1"]),
]


@flow("skip-occasion", run_name="skip · {cohort_id} · {occasion}")
def skip_occasion(
    cohort_id: CohortId, occasion: Key, by: By, why: Why = "not said", now: datetime | None = None
) -> str:
    """Let one mail of a cohort not go: everything else keeps its date. A step that others wait for cannot be skipped.

    Args:
        cohort_id: such as emerging-leaders/2027-spring.
        occasion: as the cohort's table or `cohortflow status` names it, such as recruit.reminder#2.
        by: role:approver#1 is the first address under `approvers:`; role:owner the owner.
        why: for the record.
        now: leave it at None.

    Returns:
        What was done, in one line.
    """
    with acting_on(cohort_id, now) as (house, at):
        if not skip(house, cohort_id, occasion, by, why, at):
            return f"{cohort_id} · {occasion} was over already; nothing was changed"
        tell("occasion.skipped", cohort_id, occasion=occasion)
    return f"{cohort_id} · {occasion} is skipped"


def skip(house: House, cohort_id: str, key: str, by: str, why: str, now: datetime) -> bool:
    """Close a pending mail occasion as skipped.

    Returns:
        Whether it was still pending.

    Raises:
        CohortflowError: there is no such occasion, it is no mail, or somebody else asks.
    """
    with house.database.write() as db:
        cohort_row = known_row(db, cohort_id)
        part = acting_part(frames.load_cohort(db, cohort_row), by)
        cohorts.change(db, cohort_id)  # holds the cohort, and whoever decides on it meanwhile decides again
        rows = {each["key"]: each for each in occasions.rows_of(db, cohort_id) if each["about"] == "-"}
        if key not in rows:
            mails = [name for name, each in rows.items() if each["kind"] == "mail"]
            raise CohortflowError(f"{cohort_id} has no occasion {key!r}; {nearest(key, mails)}")
        if rows[key]["kind"] != "mail":
            raise CohortflowError(f"{key} is a step that others wait for, and only mails can be skipped")
        reason = f"skipped by {part}: {why}"
        if not occasions.close(db, cohort_id, key, "-", "skipped", now=now, reason=reason):
            return False
        told = Note("occasion.skipped", key, counts={"by_hand": 1, "reason": why})
        events.append(db, cohort_id, [told], at=now, actor=part)
    return True
