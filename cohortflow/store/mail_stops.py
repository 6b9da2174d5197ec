"""Why a mail may not go after all: asked inside the claim, at the last read before it leaves."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store import instances
from cohortflow.store.tables import answers, participants, people, suppressions


def readers(db: Connection, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The readers of some mails as the roster has them now, by person."""
    ids = sorted({row["person_id"] for row in rows})
    return {row.person_id: row for row in db.execute(_PERSONS, {"ids": ids})}


_PERSONS = sa.select(people.c.person_id, people.c.status, people.c.email, people.c.site).where(
    people.c.person_id.in_(sa.bindparam("ids", expanding=True))
)


def reasons_to_stop(
    db: Connection, rows: list[dict[str, Any]], persons: dict[str, Any], now: datetime
) -> dict[str, tuple[str, str]]:
    """Why a mail may not go after all: (state, reason) by message id. Asked at the last read before it leaves."""
    if not rows:
        return {}
    ids = sorted({row["person_id"] for row in rows})
    status = {person_id: row.status for person_id, row in persons.items()}
    taking = {(r.cohort_id, r.person_id): r.state for r in db.execute(_TAKING_PART, {"ids": ids})}
    barred = _barred(db, {person_id: row.email for person_id, row in persons.items()})
    answered = _answered(db, ids)
    stopped: dict[str, tuple[str, str]] = {}
    for row in rows:
        key = (row["cohort_id"], row["person_id"])
        why = None
        if row["expires_at"] is not None and row["expires_at"] <= now:
            why = ("expired", "too late to be of use")
        elif status.get(row["person_id"]) == "left" or taking.get(key) in ("left", "withdrawn"):
            why = ("cancelled", "the reader has left")
        elif status.get(row["person_id"]) == "on_leave":
            why = ("cancelled", "the reader is on leave")
        elif row["person_id"] in barred:
            why = ("suppressed", barred[row["person_id"]])
        elif row["unless_answered"] and not _outstanding(row, answered):
            why = ("cancelled", "already answered")
        if why:
            stopped[row["message_id"]] = why
    return stopped


_TAKING_PART = sa.select(participants.c.cohort_id, participants.c.person_id, participants.c.state).where(
    participants.c.person_id.in_(sa.bindparam("ids", expanding=True))
)


def address_hash(secret: str, address: str) -> str:
    """How a suppressed address is remembered: nobody can read it back, yet it is known again."""
    return instances.opaque_id(secret, "address", address.strip().lower())


def _barred(db: Connection, addresses: dict[str, str]) -> dict[str, str]:
    """Why a person's address may not be written to, by person."""
    secret = instances.read_secret(db)
    hashes = {address_hash(secret, address): person_id for person_id, address in addresses.items()}
    return {hashes[row.address_hash]: row.reason for row in db.execute(_BARRED, {"hashes": list(hashes)})}


_BARRED = sa.select(suppressions.c.address_hash, suppressions.c.reason).where(
    suppressions.c.address_hash.in_(sa.bindparam("hashes", expanding=True))
)


def _answered(db: Connection, ids: list[str]) -> set[tuple[str, str, str, str, str]]:
    return {tuple(row) for row in db.execute(_ANSWERED, {"ids": ids})}


_ANSWERED = sa.select(
    answers.c.cohort_id, answers.c.occasion, answers.c.form, answers.c.person_id, answers.c.about
).where(answers.c.person_id.in_(sa.bindparam("ids", expanding=True)), answers.c.is_current)


def _outstanding(row: dict[str, Any], answered: set[tuple[str, str, str, str, str]]) -> bool:
    asks = row["asks"]
    return any(
        (row["cohort_id"], asks["occasion"], form, row["person_id"], about) not in answered
        for form in asks.get("forms", [])
        for about in asks.get("abouts", ["-"])
    )
