"""Cohorts: their state, and the version number that every change of a cohort passes through."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store import events
from cohortflow.store.database import as_dicts
from cohortflow.store.lateness import let_wait
from cohortflow.store.tables import cohorts, occasions
from schemas.changes import Note


@dataclass(frozen=True)
class CohortRow:
    """What the store knows of a cohort; `config_hash` and `line` name the configuration it runs on."""

    cohort_id: str
    program_id: str
    key: str
    state: str
    held_reason: str | None
    roster_hold: str | None
    config_hash: str
    line: Mapping[str, Any]
    refused_line: str | None
    version: int
    first_seen_at: datetime
    begun_at: datetime | None
    closed_at: datetime | None


def read_row(db: Connection, cohort_id: str) -> CohortRow | None:
    """One cohort, or None."""
    row = db.execute(_ROW, {"cohort_id": cohort_id}).mappings().first()
    return CohortRow(**row) if row else None


_ROW = sa.select(cohorts).where(cohorts.c.cohort_id == sa.bindparam("cohort_id"))


def lock_row(db: Connection, cohort_id: str) -> CohortRow | None:
    """One cohort, held against every other change until this transaction ends, though nothing of it is changed."""
    query = sa.select(cohorts).where(cohorts.c.cohort_id == cohort_id).with_for_update()
    row = db.execute(query).mappings().first()
    return CohortRow(**row) if row else None


def read_rows(db: Connection, program_id: str | None = None) -> list[CohortRow]:
    """Every cohort, or those of one program, by id."""
    query = sa.select(cohorts).order_by(cohorts.c.cohort_id)
    if program_id is not None:
        query = query.where(cohorts.c.program_id == program_id)
    return [CohortRow(**row) for row in as_dicts(db.execute(query))]


def insert(db: Connection, cohort_id: str, config_hash: str, line: Mapping[str, Any], now: datetime) -> None:
    """A cohort seen for the first time."""
    program_id, key = cohort_id.split("/", 1)
    row = {"cohort_id": cohort_id, "program_id": program_id, "key": key, "state": "declared", "line": dict(line)}
    db.execute(cohorts.insert().values(**row, config_hash=config_hash, first_seen_at=now))


def change(db: Connection, cohort_id: str, *, version: int | None = None, **columns: Any) -> bool:
    """Change a cohort's row and move its version on, which also locks it for the rest of the transaction.

    Args:
        version: change only if nobody else has changed the cohort since this version was read.

    Returns:
        False when somebody had; then nothing was written.
    """
    where = cohorts.c.cohort_id == cohort_id
    if version is not None:
        where = sa.and_(where, cohorts.c.version == version)
    changed = db.execute(cohorts.update().where(where).values(version=cohorts.c.version + 1, **columns))
    return changed.rowcount == 1


def hold(db: Connection, cohort_id: str, reason: str, *, now: datetime, actor: str) -> None:
    """Stop a cohort until somebody resumes it: nothing falls ready, nothing is sent, answers are still taken."""
    change(db, cohort_id, state="held", held_reason=reason)
    events.append(db, cohort_id, [Note("cohort.held", counts={"reason": reason})], at=now, actor=actor)


def resume(db: Connection, row: CohortRow, *, now: datetime, actor: str) -> None:
    """Let a held cohort go on where it stopped."""
    # One that was held over its last mails had ended already.
    state = "closed" if row.closed_at else "running" if row.begun_at else "declared"
    change(db, row.cohort_id, state=state, held_reason=None)
    let_wait(db, row.cohort_id, now)
    events.append(db, row.cohort_id, [Note("cohort.resumed")], at=now, actor=actor)


def to_change_roster_hold(db: Connection, program_ids: list[str], reason: str | None) -> list[str]:
    """The cohorts under way whose roster hold is not what it should be."""
    query = sa.select(cohorts.c.cohort_id).where(
        cohorts.c.program_id.in_(program_ids),
        cohorts.c.state != "closed",
        cohorts.c.roster_hold.is_distinct_from(reason),
    )
    return [str(cohort_id) for cohort_id in db.execute(query.order_by(cohorts.c.cohort_id)).scalars()]


def programs_under_hold(db: Connection) -> set[str]:
    """The programs with a cohort that its roster holds."""
    query = sa.select(sa.distinct(cohorts.c.program_id))
    return set(db.execute(query.where(cohorts.c.roster_hold.is_not(None), cohorts.c.state != "closed")).scalars())


def set_roster_hold(db: Connection, cohort_ids: list[str], reason: str | None, *, now: datetime, actor: str) -> None:
    """Hold the sending of cohorts whose roster is stale or half, or let it go on; only where that changes anything."""
    for cohort_id in cohort_ids:
        where = sa.and_(cohorts.c.cohort_id == cohort_id, cohorts.c.roster_hold.is_distinct_from(reason))
        values = {"roster_hold": reason, "version": cohorts.c.version + 1}
        if db.execute(cohorts.update().where(where).values(**values)).rowcount:
            if not reason:
                let_wait(db, cohort_id, now)
            kind = "roster.held" if reason else "roster.fresh"
            events.append(db, cohort_id, [Note(kind)], at=now, actor=actor)


def under_roster_hold(db: Connection, program_ids: list[str]) -> list[CohortRow]:
    """The cohorts, running or still to begin, whose roster is not trusted."""
    query = sa.select(cohorts).where(
        cohorts.c.program_id.in_(program_ids),
        cohorts.c.state.in_(("declared", "running")),
        cohorts.c.roster_hold.is_not(None),
    )
    return [CohortRow(**row) for row in as_dicts(db.execute(query.order_by(cohorts.c.cohort_id)))]


def drop_undone(db: Connection, cohort_id: str) -> None:
    """Forget what was derived for a cohort that has not begun, before it is derived anew."""
    db.execute(occasions.delete().where(occasions.c.cohort_id == cohort_id, occasions.c.state == "pending"))
