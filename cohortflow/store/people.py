"""The roster: persons by employee id, and what became of each file they came from."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.database import as_dicts
from cohortflow.store.shelf import shelf_of
from cohortflow.store.tables import events, intakes, participants, people, programs, quarantine, sources

PERSON_COLUMNS = [
    "person_id", "email", "name", "manager_id", "department", "title",
    "level", "site", "joined_on", "languages", "status",
]  # fmt: skip

# No row of a file has this hash, so whoever comes back is written anew.
GONE = {"row_hash": ""}
LEFT = "left"
SILENT = timedelta(days=7)


def read_source(db: Connection, source: str) -> dict[str, Any] | None:
    """What is known of a roster folder; None before its first file."""
    row = db.execute(sa.select(sources).where(sources.c.source == source)).mappings().first()
    return dict(row) if row else None


def note_source(db: Connection, source: str, now: datetime, **columns: Any) -> None:
    """Remember the newest file of a folder and whether it may be trusted."""
    values = {**columns, "checked_at": now}
    if db.execute(sources.update().where(sources.c.source == source).values(**values)).rowcount == 0:
        db.execute(sources.insert().values(source=source, **{"rows": 0, "state": "ok", **values}))


def was_taken(db: Connection, source: str, sha256: str, file_on: date) -> bool:
    """Whether a folder's file with this content was taken in for that day or later; what it said may come again."""
    taken = sa.and_(intakes.c.sha256 == sha256, intakes.c.source == source, intakes.c.file_on >= file_on)
    return db.execute(sa.select(intakes.c.sha256).where(taken)).first() is not None


def merge(db: Connection, source: str, rows: Sequence[dict[str, Any]], file_on: date) -> tuple[int, int]:
    """Write the persons that are new or changed; a newer row is never overwritten by an older file.

    Whoever stands in the files of two folders belongs to the one that named them first, until that one is silent: its
    newest file lacks them, is a week older, or no program reads it any more.

    Returns:
        How many rows were accepted (written) and how many were unchanged.
    """
    kept_by = other_folders(db, source, file_on - SILENT)
    known = {row.person_id: row for row in db.execute(_KNOWN).all()}
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    unchanged = 0
    for row in rows:
        row_hash, before = _hash(row), known.get(row["person_id"])
        if before is not None and (_stays(before, row_hash, source, kept_by) or before.updated_on > file_on):
            unchanged += 1
            continue
        sealed = {**row, "row_hash": row_hash, "source": source, "updated_on": file_on, "missing_since": None}
        (new if before is None else changed).append(sealed)
    if new:
        db.execute(people.insert(), new)
    if changed:
        columns: dict[str, Any] = {name: sa.bindparam(name) for name in changed[0]}
        mine = people.c.person_id == sa.bindparam("the_id")
        db.execute(
            people.update().where(mine).values(columns), [{**row, "the_id": row["person_id"]} for row in changed]
        )
    return len(new) + len(changed), unchanged


_KNOWN = sa.select(
    people.c.person_id,
    people.c.row_hash,
    people.c.updated_on,
    people.c.source,
    sa.or_(people.c.missing_since.is_not(None), people.c.status == LEFT).label("is_missing"),
)


def _stays(before: Any, row_hash: str, source: str, kept_by: set[str]) -> bool:
    """Whether a person's row stays as it is: it says the same already, or another folder still speaks for it."""
    if before.source == source:
        return bool(before.row_hash == row_hash)
    return before.source in kept_by and not before.is_missing


def other_folders(db: Connection, source: str, since: date | None = None) -> set[str]:
    """The other folders that accepted programs read; those alone whose newest file is not older than a day."""
    query = sa.select(programs.c.source).where(programs.c.source != source)
    if since is not None:
        query = query.join(sources, sources.c.source == programs.c.source).where(sources.c.file_on >= since)
    return set(db.execute(query).scalars())


def _of(db: Connection, source: str) -> sa.ColumnElement[bool]:
    """Whom a folder speaks for: its own, and where it is the only one there is, those of one nobody reads any more."""
    return people.c.source == source if other_folders(db, source) else sa.true()


def _hash(row: dict[str, Any]) -> str:
    try:
        told = orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # half a surrogate pair, which no file can hold
        told = json.dumps(row, sort_keys=True, default=str).encode()
    return hashlib.sha256(told).hexdigest()


def note_absent(db: Connection, source: str, present: set[str], file_on: date, left: str) -> list[str]:
    """Absence from one complete file is a question; absence from two in a row is leaving.

    Returns:
        The ids of those who now count as having left.
    """
    rows = db.execute(
        sa.select(people.c.person_id, people.c.missing_since).where(_of(db, source), people.c.status != left)
    ).all()
    gone = [row.person_id for row in rows if row.person_id not in present and row.missing_since is not None]
    asked = [row.person_id for row in rows if row.person_id not in present and row.missing_since is None]
    back = [row.person_id for row in rows if row.person_id in present and row.missing_since is not None]
    marks: list[tuple[list[str], dict[str, Any]]] = [
        (gone, {**GONE, "status": left, "updated_on": file_on}),
        (asked, {"missing_since": file_on}),
        (back, {"missing_since": None}),
    ]
    for ids, values in marks:
        for start in range(0, len(ids), 500):
            db.execute(people.update().where(people.c.person_id.in_(ids[start : start + 500])).values(**values))
    return gone


def confirm_absence(db: Connection, source: str, file_on: date, left: str) -> list[str]:
    """The newest file says word for word what the one before said: who was absent from that is absent twice.

    Returns:
        The ids of those who now count as having left.
    """
    asked = sa.and_(_of(db, source), people.c.status != left, people.c.missing_since < file_on)
    gone = list(db.execute(sa.select(people.c.person_id).where(asked).order_by(people.c.person_id)).scalars())
    if gone:
        db.execute(people.update().where(asked).values(**GONE, status=left, updated_on=file_on))
    return gone


def note_intake(db: Connection, row: dict[str, Any], refused: Iterable[dict[str, Any]]) -> None:
    """Remember a file: how many rows came, how many were taken, which cells stand in quarantine and why."""
    if db.execute(intakes.update().where(intakes.c.sha256 == row["sha256"]).values(**row)).rowcount:
        return  # the same words on a later day: their cells are in quarantine already
    db.execute(intakes.insert().values(**row))
    refused = list(refused)
    if refused:
        db.execute(quarantine.insert(), [{"sha256": row["sha256"], "file": row["file"], **cell} for cell in refused])


def put_in_quarantine(db: Connection, sha256: str, file: str, cells: Iterable[Mapping[str, Any]]) -> int:
    """Set cells of a file aside in place of what the same file set aside before; the first reason for each stands.

    Returns:
        How many cells stand in quarantine now.
    """
    db.execute(quarantine.delete().where(quarantine.c.sha256 == sha256))
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for cell in cells:
        rows.setdefault((cell["row"], cell["column"]), {"sha256": sha256, "file": file, **cell})
    if rows:
        db.execute(quarantine.insert(), list(rows.values()))
    return len(rows)


def roster(db: Connection, ids: Iterable[str] | None = None) -> pd.DataFrame:
    """The roster, one row per person by id, with every mapped column but the sensitive ones."""
    shelf, mark = shelf_of(db), _roster_mark(db)
    everybody = shelf.table("company", "roster", mark, lambda: _read_roster(db))
    if ids is None:
        return everybody
    # Found by their places: going through thousands for the few of a cohort took longer than all else about a mail.
    places = shelf.table("company", "places", mark, lambda: pd.DataFrame(index=pd.Index(everybody["person_id"])))
    found = places.index.get_indexer(pd.Index(list(set(ids)), dtype=object))
    return everybody.take(np.sort(found[found >= 0])).reset_index(drop=True)


def _roster_mark(db: Connection) -> int:
    """The length of the company's history, in which every change of the roster is a line."""
    return db.execute(_LENGTH_OF_HISTORY).scalar() or 0


_LENGTH_OF_HISTORY = sa.select(sa.func.max(events.c.seq)).where(events.c.chain == "company")


def _read_roster(db: Connection) -> pd.DataFrame:
    query = sa.select(*[people.c[name] for name in PERSON_COLUMNS], people.c.more).order_by(people.c.person_id)
    rows = db.execute(query).all()
    columns: dict[str, list[Any]] = {name: [row[at] for row in rows] for at, name in enumerate(PERSON_COLUMNS)}
    more = [row[-1] for row in rows]
    for name in dict.fromkeys(name for cells in more for name in cells):
        columns[name] = [cells.get(name, np.nan) for cells in more]
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    frame["joined_on"] = pd.to_datetime(frame["joined_on"])
    return frame


def participating_statuses(db: Connection, cohort_id: str) -> dict[str, str]:
    """The roster status of everybody who takes part in a cohort."""
    rows = db.execute(
        sa.select(people.c.person_id, people.c.status)
        .join_from(participants, people, participants.c.person_id == people.c.person_id)
        .where(participants.c.cohort_id == cohort_id)
    )
    return {row.person_id: row.status for row in rows}


def id_by_email(db: Connection, addresses: Iterable[str]) -> dict[str, str]:
    """Person ids by exact work address (lower case)."""
    wanted = sorted({address.lower() for address in addresses})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 500):
        query = sa.select(people.c.email, people.c.person_id).where(people.c.email.in_(wanted[start : start + 500]))
        found |= {row.email: row.person_id for row in db.execute(query)}
    return found


def quarantined(db: Connection, newest_only: bool = False) -> list[dict[str, Any]]:
    """Every cell in quarantine, by file and row.

    Args:
        newest_only: of rosters only the newest of each folder; files of answers all count.
    """
    query = sa.select(quarantine.c.file, quarantine.c.row, quarantine.c.column, quarantine.c.reason)
    if newest_only:
        newest = sa.select(sources.c.sha256).where(sources.c.sha256.is_not(None))
        earlier = sa.select(intakes.c.sha256).where(intakes.c.sha256.not_in(newest))
        query = query.where(quarantine.c.sha256.not_in(earlier))
    return as_dicts(db.execute(query.order_by(quarantine.c.file, quarantine.c.row, quarantine.c.column)))
