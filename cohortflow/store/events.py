"""The history: append-only, one chain per cohort, each line sealed with the hash of the one before."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.database import as_dicts
from cohortflow.store.tables import events
from schemas.changes import Note

FIRST = "0" * 64


def append(db: Connection, chain: str, notes: Iterable[Note], *, at: datetime, actor: str, bundle: str = "-") -> int:
    """Add notes to a chain; the caller holds the cohort's row, so no other transaction can take the same number.

    Returns:
        How many lines the chain has now.
    """
    last = db.execute(_LAST, {"chain": chain}).first()
    seq, previous = (last.seq, last.hash) if last else (0, FIRST)
    rows = []
    for note in notes:
        seq += 1
        row = {
            "chain": chain,
            "seq": seq,
            "at": at,
            "kind": note.kind,
            "actor": actor,
            "occasion": note.occasion,
            "about": note.about,
            "counts": dict(note.counts),
            "bundle": bundle,
            "previous": previous,
        }
        previous = seal(row)
        rows.append({**row, "hash": previous})
    if rows:
        db.execute(events.insert(), rows)
    return seq


_LAST = (
    sa.select(events.c.seq, events.c.hash)
    .where(events.c.chain == sa.bindparam("chain"))
    .order_by(events.c.seq.desc())
    .limit(1)
)


def count(db: Connection, chain: str, kind: str) -> int:
    """How many lines of one kind a chain has."""
    query = sa.select(sa.func.count()).where(events.c.chain == chain, events.c.kind == kind)
    return int(db.execute(query).scalar_one())


def seal(row: dict[str, object]) -> str:
    """The hash of one line and, through `previous`, of all lines before it."""
    at = row["at"]
    assert isinstance(at, datetime)
    told = [row["chain"], row["seq"], at.isoformat(), row["kind"], row["actor"], row["occasion"], row["about"]]
    text = json.dumps([*told, row["counts"], row["bundle"], row["previous"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def first_broken_line(db: Connection, chain: str) -> int | None:
    """The number of the first line that was altered, removed or put in later; None when the chain is whole."""
    previous, expected = FIRST, 1
    for row in as_dicts(db.execute(sa.select(events).where(events.c.chain == chain).order_by(events.c.seq))):
        if row["seq"] != expected or row["previous"] != previous or seal(row) != row["hash"]:
            return int(row["seq"])
        previous, expected = row["hash"], expected + 1
    return None
