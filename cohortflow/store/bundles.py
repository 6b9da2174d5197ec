"""Accepted configuration and texts, by hash; and what the tick knows of each program file."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.tables import bundles, programs

TEXTS_PROGRAM = "-templates"


def hash_of(texts: Mapping[str, str]) -> str:
    """The name of a bundle: sha256 over its files."""
    return hashlib.sha256(json.dumps(dict(texts), sort_keys=True).encode()).hexdigest()


def keep_bundle(db: Connection, kind: str, texts: Mapping[str, str], now: datetime) -> str:
    """Store a bundle unless it is there; returns its hash."""
    name = hash_of(texts)
    if db.execute(sa.select(bundles.c.hash).where(bundles.c.hash == name)).first() is None:
        db.execute(bundles.insert().values(hash=name, kind=kind, texts=dict(texts), accepted_at=now))
    return name


def read_bundle(db: Connection, name: str) -> dict[str, str]:
    """The files of a bundle."""
    return dict(db.execute(sa.select(bundles.c.texts).where(bundles.c.hash == name)).scalar_one())


def seen_programs(db: Connection) -> dict[str, dict[str, Any]]:
    """What is known of each program file, by program id."""
    return {row["program_id"]: dict(row) for row in db.execute(sa.select(programs)).mappings()}


def note_program(db: Connection, program_id: str, now: datetime, **columns: Any) -> None:
    """Remember what was seen of a program file (accepted_hash, seen_hash, faults, told_hash)."""
    columns["seen_at"] = now
    changed = db.execute(programs.update().where(programs.c.program_id == program_id).values(**columns))
    if changed.rowcount == 0:
        db.execute(programs.insert().values(program_id=program_id, **{"faults": [], **columns}))


def accepted_texts(db: Connection) -> str:
    """The hash of the mail texts in force; "-" before the first were accepted."""
    found = db.execute(_ACCEPTED, {"program_id": TEXTS_PROGRAM}).scalar()
    return str(found) if found else "-"


_ACCEPTED = sa.select(programs.c.accepted_hash).where(programs.c.program_id == sa.bindparam("program_id"))


def accepted_hash(db: Connection, program_id: str) -> str:
    """The name of the bundle that is in force for a program."""
    return str(db.execute(_ACCEPTED, {"program_id": program_id}).scalar_one())
