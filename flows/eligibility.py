"""Who may join by two versions of a cohort: counts by role, for showing what an edit gains and loses."""

from typing import Any, cast

from sqlalchemy.engine import Connection

from cohortflow.programs.cohorts import Cohort
from cohortflow.store import people
from schemas.edits import People
from schemas.errors import DataError
from schemas.rows import each_row
from tasks.recruitment import eligible_people

ROLES = ("mentor", "mentee")


def eligible_counts(db: Connection, old: Cohort, new: Cohort) -> tuple[People, ...]:
    """Counts by role; nothing where there is no roster, or where it lacks a column that is asked for."""
    try:
        before, after = _who_may(db, old), _who_may(db, new)
    except DataError:
        return ()
    if before is None or after is None:
        return ()
    return tuple(
        People(
            f"{role}s", len(before[role]), len(after[role]), len(after[role] - before[role]),
            len(before[role] - after[role]),
        )
        for role in ROLES
    )  # fmt: skip


def _who_may(db: Connection, cohort: Cohort) -> dict[str, set[str]] | None:
    roster = people.roster(db)
    if roster.empty:
        return None
    program = cohort.program
    rows = eligible_people.fn(cast(Any, roster), program.who, program.people.levels, cohort.starts)
    found: dict[str, set[str]] = {role: set() for role in ROLES}
    for row in each_row(rows[rows["reason"].isna()]):
        for role in str(row.may_be).split(";"):
            found[role].add(row.person_id)
    return found
