"""Occasions that an edit moves, takes out or brings back; never one that is done or in somebody's hands."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.programs.findings import TAKEN_OUT
from cohortflow.store.occasions import new_row
from cohortflow.store.tables import REAL_NOW, occasions
from schemas.occasions import Occasion

CHANGING = ("kind", "action", "due_on", "due_at", "ends_at", "waits_for", "details", "ready_at")


def move(db: Connection, cohort_id: str, item: Occasion, now: datetime) -> bool:
    """Give a pending occasion what is declared now; False when it is over, claimed or unknown."""
    return _change(db, _free(cohort_id, item.key), _declared(db, cohort_id, item, now))


def bring_back(db: Connection, cohort_id: str, item: Occasion, now: datetime) -> bool:
    """Let an occasion that an edit took out be pending again; False when there is none."""
    there = sa.and_(
        occasions.c.cohort_id == cohort_id,
        occasions.c.key == item.key,
        occasions.c.about == "-",
        occasions.c.state == "cancelled",
        occasions.c.reason == TAKEN_OUT,
    )
    values = {**_declared(db, cohort_id, item, now), "state": "pending", "reason": None, "done_at": None}
    return _change(db, there, values)


def take_out(db: Connection, cohort_id: str, key: str, now: datetime) -> bool:
    """Cancel a pending occasion; its row stays, so that its key is never given to another."""
    values = {"state": "cancelled", "reason": TAKEN_OUT, "done_at": now, "ready_at": None}
    return _change(db, _free(cohort_id, key), values)


def _change(db: Connection, where: sa.ColumnElement[bool], values: dict[str, Any]) -> bool:
    return db.execute(occasions.update().where(where).values(**values, retry_at=None)).rowcount == 1


def _free(cohort_id: str, key: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        occasions.c.cohort_id == cohort_id,
        occasions.c.key == key,
        occasions.c.about == "-",
        occasions.c.state == "pending",
        sa.or_(occasions.c.lease_until.is_(None), occasions.c.lease_until < REAL_NOW),
    )


def _declared(db: Connection, cohort_id: str, item: Occasion, now: datetime) -> dict[str, Any]:
    """The columns an edit may change; what waits for something that is done already waits no more."""
    query = sa.select(occasions.c.done_at).where(
        occasions.c.cohort_id == cohort_id,
        occasions.c.key == (item.waits_for or ""),
        occasions.c.about == "-",
        occasions.c.state.in_(("done", "skipped")),
    )
    over = db.execute(query).first()
    free, done_at = item.waits_for is None or over is not None, over.done_at if over else None
    row = new_row(cohort_id, item, 0, "", now, free=free, done_at=done_at)
    return {name: row[name] for name in CHANGING}


def hold_pending(db: Connection, cohort_id: str) -> None:
    """Keep workers from claiming an occasion of a cohort until this transaction ends; on SQLite they wait anyway."""
    mine = sa.and_(occasions.c.cohort_id == cohort_id, occasions.c.state == "pending")
    db.execute(sa.select(occasions.c.occasion_id).where(mine).order_by(occasions.c.occasion_id).with_for_update())
