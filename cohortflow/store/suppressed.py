"""Addresses nobody may write to any more: kept as keyed hashes, whoever reported them and in whatever order."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.columns import among
from cohortflow.store.tables import provider_tallies, suppressions
from cohortflow.store.upserts import insert_into

# The graver reason stands, so that the order in which two arrive does not matter.
REASONS = (
    "the address bounced",
    "the provider holds the address to be invalid",
    "unsubscribed at the provider",
    "reported as spam",
)
BOUNCED, INVALID, UNSUBSCRIBED, SPAM = REASONS


def bar(db: Connection, found: Iterable[tuple[str, str, datetime]]) -> int:
    """Bar addresses: (hash, reason, since). One that is barred already keeps the graver reason and the earlier day.

    Returns:
        How many were not barred before.
    """
    merged: dict[str, tuple[str, datetime]] = {}
    for address_hash, reason, since in found:
        known, day = merged.get(address_hash, (reason, since))
        merged[address_hash] = (max(known, reason, key=_gravity), min(day, since))
    names = sorted(merged)
    before = sum(
        len(db.execute(_KNOWN, {"hashes": names[start : start + 500]}).all()) for start in range(0, len(names), 500)
    )
    if names:
        rows = [{"address_hash": name, "reason": merged[name][0], "since": merged[name][1]} for name in names]
        db.execute(_upsert(db), rows)
    return len(names) - before


_KNOWN = sa.select(suppressions.c.address_hash).where(among(suppressions.c.address_hash, "hashes"))


def free(db: Connection, address_hash: str) -> bool:
    """Let an address be written to again; False when it was not barred."""
    mine = suppressions.c.address_hash == address_hash
    return bool(db.execute(suppressions.delete().where(mine)).rowcount)


def reason_of(db: Connection, address_hash: str) -> str | None:
    """Why an address is barred; None when it is not."""
    found: str | None = db.execute(
        sa.select(suppressions.c.reason).where(suppressions.c.address_hash == address_hash)
    ).scalar()
    return found


PULL_TRIED, PULL_DONE = "pull tried", "pull done"


def begin_pull(db: Connection, now: datetime, every: timedelta) -> bool:
    """Whether the provider's lists are to be read now: by nobody else, and not tried for so long."""
    insert = insert_into(db, provider_tallies).values(what=PULL_TRIED, count=1, last_at=now)
    once = insert.on_conflict_do_update(
        index_elements=[provider_tallies.c.what],
        set_={"count": provider_tallies.c.count + 1, "last_at": now},
        where=provider_tallies.c.last_at <= now - every,
    )
    return db.execute(once.returning(provider_tallies.c.what)).first() is not None


def end_pull(db: Connection, now: datetime) -> None:
    """They were read to the end."""
    insert = insert_into(db, provider_tallies)
    changed = {"count": provider_tallies.c.count + 1, "last_at": now}
    rows = [{"what": what, "count": 1, "last_at": now} for what in (PULL_DONE, PULL_TRIED)]
    db.execute(insert.on_conflict_do_update(index_elements=[provider_tallies.c.what], set_=changed), rows)


def pulls(db: Connection) -> tuple[datetime | None, datetime | None]:
    """When the provider's lists were last tried, and last read to the end."""
    query = sa.select(provider_tallies.c.what, provider_tallies.c.last_at)
    found = dict(db.execute(query.where(provider_tallies.c.what.in_((PULL_TRIED, PULL_DONE)))).tuples().all())
    return found.get(PULL_TRIED), found.get(PULL_DONE)


def _gravity(reason: str) -> int:
    return REASONS.index(reason) if reason in REASONS else -1


def _upsert(db: Connection) -> sa.Insert:
    insert = insert_into(db, suppressions)
    new, old = insert.excluded, suppressions.c
    ranks: Mapping[str, int] = {reason: rank for rank, reason in enumerate(REASONS)}
    graver = sa.case(ranks, value=new.reason, else_=-1) > sa.case(ranks, value=old.reason, else_=-1)
    merged: sa.Insert = insert.on_conflict_do_update(
        index_elements=[old.address_hash],
        set_={
            "reason": sa.case((graver, new.reason), else_=old.reason),
            "since": sa.case((new.since < old.since, new.since), else_=old.since),
        },
    )
    return merged
