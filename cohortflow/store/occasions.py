"""Occasions: what is ready, who works on it, and what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.database import as_dicts
from cohortflow.store.tables import NOW, REAL_NOW, cohorts, occasions, participants
from schemas.occasions import Occasion

BACKOFF = (timedelta(0), timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))


@dataclass(frozen=True)
class Claim:
    """One occasion that this worker holds for the length of its lease; `fence` makes every write of it provable."""

    occasion_id: int
    cohort_id: str
    key: str
    about: str
    stage: str
    action: str
    due_on: date
    due_at: datetime
    ends_at: datetime | None
    ready_at: datetime
    details: dict[str, Any]
    fence: int
    attempts: int


def insert(db: Connection, cohort_id: str, items: Iterable[Occasion], config_hash: str, now: datetime) -> int:
    """Add occasions that are not there yet; one that waits for something already done is ready at once."""
    items = list(items)
    if not items:
        return 0
    known = {(row.key, row.about): row for row in db.execute(_KNOWN, {"cohort_id": cohort_id})}
    place = max((row.place for row in known.values()), default=0)
    rows = []
    for item in items:
        if (item.key, item.about) in known:
            continue
        place += 1
        before = known.get((item.waits_for, "-")) if item.waits_for else None
        over = before is not None and before.state in ("done", "skipped")
        done_at = before.done_at if before is not None and over else None
        rows.append(
            new_row(cohort_id, item, place, config_hash, now, free=item.waits_for is None or over, done_at=done_at)
        )
    if rows:
        db.execute(occasions.insert(), rows)
    return len(rows)


_KNOWN = sa.select(occasions.c.key, occasions.c.about, occasions.c.state, occasions.c.done_at, occasions.c.place).where(
    occasions.c.cohort_id == sa.bindparam("cohort_id")
)


def new_row(
    cohort_id: str, item: Occasion, place: int, config_hash: str, now: datetime, *, free: bool, done_at: datetime | None
) -> dict[str, Any]:
    """The columns of an occasion; `free` is whether it waits for nothing that is not done."""
    attach = str(item.attach) if item.attach else None
    by_site = {site: at.isoformat() for site, at in (item.due_by_site or {}).items()}
    ready = None
    if free and item.kind != "decision":
        ready = max(filter(None, (item.due_at, done_at)), default=now)
    return {
        "cohort_id": cohort_id,
        "key": item.key,
        "about": item.about,
        "stage": item.stage,
        "kind": item.kind,
        "action": item.action,
        "place": place,
        "due_on": item.due_on,
        "due_at": item.due_at,
        "ends_at": item.ends_at,
        "waits_for": item.waits_for,
        "details": {"send": item.send, "to": item.to, "attach": attach, "by_site": by_site, "n": item.n or 0},
        "ready_at": ready,
        "state": "pending",
        "config_hash": config_hash,
    }


_OF_A_COHORT = sa.join(occasions, cohorts, occasions.c.cohort_id == cohorts.c.cohort_id)
_READY = sa.and_(
    occasions.c.state == "pending",
    occasions.c.ready_at.is_not(None),
    occasions.c.ready_at <= NOW,
    sa.or_(occasions.c.retry_at.is_(None), occasions.c.retry_at <= NOW),
    sa.or_(occasions.c.lease_until.is_(None), occasions.c.lease_until < REAL_NOW),
    cohorts.c.state.in_(("declared", "running", "closed")),
    cohorts.c.roster_hold.is_(None),
)
_READY_WORK = (
    sa.select(cohorts.c.program_id, occasions.c.cohort_id, occasions.c.stage, occasions.c.key)
    .select_from(_OF_A_COHORT)
    .where(_READY)
    .order_by(occasions.c.ready_at, occasions.c.cohort_id, occasions.c.place)
)
_READY_WORK_OF_ONE = _READY_WORK.where(cohorts.c.program_id == sa.bindparam("program_id"))
_CLAIM = (
    sa.select(occasions)
    .select_from(_OF_A_COHORT)
    .where(occasions.c.cohort_id == sa.bindparam("cohort_id"), occasions.c.stage == sa.bindparam("stage"), _READY)
    .order_by(occasions.c.ready_at, occasions.c.place)
    .limit(1)
    .with_for_update(of=occasions, skip_locked=True)
)


def ready_work(db: Connection, now: datetime, program_id: str | None = None) -> dict[str, list[tuple[str, str, str]]]:
    """What is ready and not done: program -> (cohort, stage, moment), in the order it fell ready, each stage once."""
    moments: dict[str, object] = {"now": now}
    if program_id is None:
        rows = db.execute(_READY_WORK, moments)
    else:
        rows = db.execute(_READY_WORK_OF_ONE, {**moments, "program_id": program_id})
    found: dict[str, dict[tuple[str, str], str]] = {}
    for program, cohort_id, stage, key in rows.tuples():
        # The moment names the run: check_in#3, or the stage itself.
        moment = key.split(".")[0] if "#" in key.split(".")[0] else stage
        found.setdefault(program, {}).setdefault((cohort_id, stage), moment)
    return {program: [(*step, moment) for step, moment in steps.items()] for program, steps in found.items()}


def people_concerned(db: Connection, cohort_id: str) -> int:
    """How many people take part in a cohort."""
    query = sa.select(sa.func.count()).where(participants.c.cohort_id == cohort_id)
    return int(db.execute(query).scalar_one())


def claim_next(
    db: Connection, cohort_id: str, stage: str, now: datetime, *, owner: str, lease_seconds: int
) -> Claim | None:
    """Take the next ready occasion of a cohort's stage, for the length of a lease (real time); None when none is free.

    An occasion whose lease has run out is taken again with a higher fence: whatever its former owner still writes
    changes nothing.
    """
    asked = {"cohort_id": cohort_id, "stage": stage, "now": now}
    row = db.execute(_CLAIM, asked).mappings().first()
    if row is None:
        return None
    values = {"lease_owner": owner, "lease_until": REAL_NOW + lease_seconds, "fence": row["fence"] + 1}
    mine = sa.and_(occasions.c.occasion_id == row["occasion_id"], occasions.c.fence == row["fence"])
    db.execute(occasions.update().where(mine).values(**values, attempts=occasions.c.attempts + 1))
    names = Claim.__dataclass_fields__
    return Claim(**{**{name: row[name] for name in names}, "fence": row["fence"] + 1, "attempts": row["attempts"] + 1})


def overdue(db: Connection, cohort_id: str, now: datetime) -> list[Claim]:
    """What of a cohort is ready by now, whether or not it is held: to look at, claimed by nobody."""
    ready = sa.and_(occasions.c.state == "pending", occasions.c.ready_at <= now, occasions.c.cohort_id == cohort_id)
    query = sa.select(occasions).where(ready).order_by(occasions.c.ready_at, occasions.c.place)
    return [_looked_at(row) for row in as_dicts(db.execute(query))]


def kept_waiting(db: Connection, cohort_id: str, now: datetime) -> dict[str, list[Claim]]:
    """What would be ready by now if what it waits for were done, by what it waits for."""
    held_up = sa.and_(
        occasions.c.cohort_id == cohort_id,
        occasions.c.state == "pending",
        occasions.c.kind != "decision",
        occasions.c.ready_at.is_(None),
        occasions.c.waits_for.is_not(None),
        sa.or_(occasions.c.due_at.is_(None), occasions.c.due_at <= now),
    )
    found: dict[str, list[Claim]] = {}
    for row in as_dicts(db.execute(sa.select(occasions).where(held_up).order_by(occasions.c.place))):
        found.setdefault(row["waits_for"], []).append(_looked_at({**row, "ready_at": now}))
    return found


def ready_of(cohort_id: str, items: Iterable[Occasion], now: datetime) -> list[Claim]:
    """What of some occasions, which wait for nothing and are not stored, would be ready by now."""
    rows = [new_row(cohort_id, item, 0, "", now, free=True, done_at=None) for item in items]
    unclaimed = {"occasion_id": 0, "fence": 0, "attempts": 0}
    return [_looked_at({**unclaimed, **row}) for row in rows if row["ready_at"] is not None and row["ready_at"] <= now]


def _looked_at(row: dict[str, Any]) -> Claim:
    return Claim(**{name: row[name] for name in Claim.__dataclass_fields__})


def is_held(db: Connection, claim: Claim) -> bool:
    """Whether a claim still stands: nobody has taken the occasion over or closed it."""
    mine = sa.and_(
        occasions.c.occasion_id == claim.occasion_id,
        occasions.c.fence == claim.fence,
        occasions.c.state == "pending",
    )
    return db.execute(sa.select(occasions.c.occasion_id).where(mine)).first() is not None


def finish(db: Connection, claim: Claim, state: str, *, now: datetime, reason: str | None, config_hash: str) -> bool:
    """Close a claimed occasion and let go what waited for it; False when the claim is no longer ours."""
    mine = sa.and_(
        occasions.c.occasion_id == claim.occasion_id,
        occasions.c.fence == claim.fence,
        occasions.c.state == "pending",
    )
    values = {"state": state, "done_at": now, "reason": reason, "lease_owner": None, "lease_until": None}
    if not db.execute(
        occasions.update().where(mine).values(**values, last_error=None, config_hash=config_hash)
    ).rowcount:
        return False
    if claim.about == "-":
        let_go(db, claim.cohort_id, claim.key, now)
    return True


def let_go(db: Connection, cohort_id: str, key: str, now: datetime) -> None:
    """What waited for `key` is ready from now on, or from its own due instant if that is later."""
    waiting = sa.and_(
        occasions.c.cohort_id == cohort_id,
        occasions.c.waits_for == key,
        occasions.c.state == "pending",
        occasions.c.kind != "decision",
        occasions.c.ready_at.is_(None),
    )
    stamp = sa.case(
        (occasions.c.due_at > now, occasions.c.due_at), else_=sa.bindparam("now", now, occasions.c.due_at.type)
    )
    db.execute(occasions.update().where(waiting).values(ready_at=stamp))


def close(
    db: Connection, cohort_id: str, key: str, about: str, state: str, *, now: datetime, reason: str | None
) -> bool:
    """Close an occasion that nobody claimed: a person's decision, or one that has lost its purpose."""
    where = sa.and_(
        occasions.c.cohort_id == cohort_id,
        occasions.c.key == key,
        occasions.c.about == about,
        occasions.c.state == "pending",
    )
    if not db.execute(occasions.update().where(where).values(state=state, done_at=now, reason=reason)).rowcount:
        return False
    if about == "-":
        let_go(db, cohort_id, key, now)
    return True


def fail(db: Connection, claim: Claim, *, now: datetime, error: str) -> None:
    """Give a failed occasion back, to be tried again later; later each time."""
    mine = sa.and_(occasions.c.occasion_id == claim.occasion_id, occasions.c.fence == claim.fence)
    wait = BACKOFF[min(claim.attempts - 1, len(BACKOFF) - 1)]
    values = {"lease_owner": None, "lease_until": None, "retry_at": now + wait, "last_error": error[:200]}
    db.execute(occasions.update().where(mine).values(**values))


def states(db: Connection, cohort_id: str) -> dict[tuple[str, str], str]:
    """The state of each occasion of a cohort, by (key, about)."""
    return {(key, about): state for key, about, state in db.execute(_STATES, {"cohort_id": cohort_id}).tuples()}


_STATES = sa.select(occasions.c.key, occasions.c.about, occasions.c.state).where(
    occasions.c.cohort_id == sa.bindparam("cohort_id")
)


def rows_of(db: Connection, cohort_id: str) -> list[dict[str, Any]]:
    """Every occasion of a cohort, in the order of its life."""
    query = sa.select(occasions).where(occasions.c.cohort_id == cohort_id).order_by(occasions.c.place)
    return as_dicts(db.execute(query))


def first_day(db: Connection, cohort_id: str) -> date | None:
    """The day of the first thing that falls due for a cohort."""
    query = sa.select(sa.func.min(occasions.c.due_on)).where(occasions.c.cohort_id == cohort_id)
    return db.execute(query).scalar_one()


def next_instant(db: Connection) -> datetime | None:
    """When the next occasion falls ready, past or future."""
    return db.execute(_NEXT).scalar()


_NEXT = (
    sa.select(
        sa.func.min(
            sa.case((occasions.c.retry_at > occasions.c.ready_at, occasions.c.retry_at), else_=occasions.c.ready_at),
            type_=occasions.c.ready_at.type,
        )
    )
    .select_from(_OF_A_COHORT)
    .where(
        occasions.c.state == "pending",
        occasions.c.ready_at.is_not(None),
        cohorts.c.state != "held",
        cohorts.c.roster_hold.is_(None),
    )
)
