"""What all actions of a person share: who acts, why, which cohort is meant, and what is shown of it afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy.engine import Connection

from cohortflow.engine import bear_tags, is_plain
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.parts import part_of
from cohortflow.store import cohorts
from cohortflow.store.cohorts import CohortRow
from flows.house import House, current_house
from flows.standing import show_standings
from schemas.errors import CohortflowError
from schemas.nearest import nearest

# What Prefect is given it keeps and shows to every operator: ids, parts and words from a list, never an address.
CohortId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", max_length=120, examples=["emerging-leaders/2027-spring"])
]
By = Annotated[str, Field(pattern=r"^role:(approver#[1-9][0-9]?|owner)$", examples=["role:approver#1", "role:owner"])]
Why = Literal[
    "not said", "the program asked for it", "wrong data", "wrong text", "wrong date", "people are away",
    "technical trouble", "a trial",
]  # fmt: skip


@contextmanager
def acting_on(cohort_id: str, now: datetime | None) -> Iterator[tuple[House, datetime]]:
    """The house and the instant of an action on a cohort.

    The action's run is found by program and cohort from then on, and the cohort's table shows what came of it.
    """
    house = current_house()
    now = now or house.now()
    with house.database.read() as db:
        row = known_row(db, cohort_id)
    bear_tags(row.program_id, cohort_id)
    yield house, now
    show_standings(house, [cohort_id], now)


def known_row(db: Connection, cohort_id: str) -> CohortRow:
    """The cohort of that id.

    Raises:
        CohortflowError: the store does not know it; the nearest names are told.
    """
    row = cohorts.read_row(db, cohort_id)
    if row is None:
        known = [each.cohort_id for each in cohorts.read_rows(db)]
        cure = nearest(cohort_id, known) if known else "run `cohortflow tick` once, which takes the programs in"
        raise CohortflowError(f"there is no cohort {cohort_id!r}; {cure}")
    return row


def why_held(row: CohortRow) -> str:
    """Why a cohort is held; in Prefect's pages not in the words of who held it, for they may name somebody."""
    return str(row.held_reason) if is_plain() else "`cohortflow status` says why"


def acting_part(cohort: Cohort, by: str) -> str:
    """The part an address (or a part itself) plays in a program, which is what the history names.

    Raises:
        CohortflowError: it plays none.
    """
    given = by.strip().lower()
    part = "role:owner" if given in ("role:owner", cohort.program.owner.lower()) else part_of(given, cohort)
    if part is None:
        raise CohortflowError(
            f"{cohort.id}: that address is neither its owner nor an approver; see `owner:` and `approvers:` in the "
            "program's file"
        )
    return part
