"""Addresses nobody may write to any more: kept as keyed hashes, whoever reported them and in whatever order."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.columns import among
from cohortflow.store.tables import suppressions
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
