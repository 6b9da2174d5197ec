"""Rows for tests of the store; say only what matters."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from scene_files import COHORT

from cohortflow.store import claiming, messages, occasions
from cohortflow.store.cohorts import read_row
from cohortflow.store.database import Database
from cohortflow.store.messages import Message
from cohortflow.store.occasions import Claim
from cohortflow.store.record import queue, record
from cohortflow.store.tables import metadata
from schemas.changes import Ask, Changes, Intent
from schemas.occasions import Occasion

MONDAY = datetime(2027, 2, 1, 10, tzinfo=UTC)  # eleven in Berlin, a working day
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def occasion(key: str = "recruit.opens", due_at: datetime = MONDAY, **other: Any) -> Occasion:
    """An occasion of the recruitment."""
    given: dict[str, Any] = {"stage": "recruit", "action": "open", "due_on": due_at.date(), "due_at": due_at}
    return Occasion(key, **{**given, **other})


def person(person_id: str, **other: Any) -> dict[str, Any]:
    """A roster row."""
    row: dict[str, Any] = dict.fromkeys(("manager_id", "department", "title", "level", "languages"), "")
    row |= {"person_id": person_id, "email": f"{person_id.lower()}@acme.example", "name": f"Person {person_id}"}
    row |= {"site": "Berlin", "joined_on": date(2020, 1, 1), "status": "active", "more": {}, "sensitive": {}}
    return {**row, **other}


def intent(person_id: str = "T01", **other: Any) -> Intent:
    """An invitation to be queued."""
    given: dict[str, Any] = {
        "occasion": "recruit.invite#1", "stage": "recruit", "template": "invite", "person_id": person_id,
        "role": "mentee", "language": "en", "mail_class": "service", "due_at": MONDAY, "not_before": MONDAY,
    }  # fmt: skip
    return Intent(**{**given, **other})


def asking(person_id: str = "T01", **other: Any) -> Intent:
    """A reminder that is of no use to who has answered."""
    ask = Ask("recruit", ("apply",))
    return intent(person_id, **{"template": "reminder", "ask": ask, "unless_answered": True, **other})


def add(database: Database, *items: Occasion, now: datetime = MONDAY) -> int:
    """Insert occasions of the cohort."""
    with database.write() as db:
        return occasions.insert(db, COHORT, items, "hash", now)


def claim(database: Database, now: datetime = MONDAY, *, owner: str = "one", lease_seconds: int = 60) -> Claim | None:
    """Claim the next occasion of the recruitment."""
    with database.write() as db:
        return occasions.claim_next(db, COHORT, "recruit", now, owner=owner, lease_seconds=lease_seconds)


def finish(database: Database, held: Claim, now: datetime = MONDAY) -> bool:
    """Close a claimed occasion as done."""
    with database.write() as db:
        return occasions.finish(db, held, "done", now=now, reason=None, config_hash="hash")


def write_down(database: Database, changes: Changes, *, version: int | None = None, held: Claim | None = None) -> None:
    """Record changes on the cohort's present version, or on another one."""
    with database.write() as db:
        row = read_row(db, COHORT)
        assert row is not None
        version = row.version if version is None else version
        record(db, COHORT, version, changes, now=MONDAY, actor="test", config_hash=row.config_hash, claim=held)


def put_in_queue(database: Database, *intents: Intent) -> int:
    """Queue mails."""
    with database.write() as db:
        row = read_row(db, COHORT)
        assert row is not None
        return queue(db, COHORT, list(intents), row.config_hash, MONDAY)


def claim_mails(
    database: Database, now: datetime = MONDAY, *, owner: str = "one", lease_seconds: int = 60, size: int = 200
) -> tuple[list[Message], dict[str, int]]:
    """Claim what may be sent."""
    with database.write() as db:
        return claiming.claim_batch(db, now, owner=owner, lease_seconds=lease_seconds, size=size)


def mark(database: Database, held: Message, outcome: str = "accepted", now: datetime = MONDAY) -> int:
    """Say what became of one claimed mail."""
    with database.write() as db:
        return len(messages.mark(db, [(held, outcome, "")], now, owner="one"))


def rows(database: Database, table: str) -> list[dict[str, Any]]:
    """All rows of a table, by its key."""
    it = metadata.tables[table]
    with database.read() as db:
        return [dict(row) for row in db.execute(sa.select(it).order_by(*it.primary_key.columns)).mappings()]


def only(database: Database, table: str) -> dict[str, Any]:
    """The one row of a table."""
    (row,) = rows(database, table)
    return row


def change(database: Database, table: str, **values: Any) -> None:
    """Change every row of a table, as no code of ours would."""
    with database.write() as db:
        db.execute(metadata.tables[table].update().values(**values))
