"""The mail ledger: claim durably before the first byte, mark after the last, lose track of nothing that may have left.

queued -> sending -> accepted | refused | unknown        a lease that runs out moves sending to unknown, never back
queued -> expired | suppressed | cancelled               decided inside the claim, with the reason
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store import events, instances
from cohortflow.store.reader_hours import not_now
from cohortflow.store.tables import answers, cohorts, message_attempts, messages, participants, people, suppressions
from schemas.changes import Note

RETRY_WAITS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))


@dataclass(frozen=True)
class Message:
    """A claimed mail, with what is needed to write it; `fence` proves that it is still ours."""

    message_id: str
    cohort_id: str
    occasion: str
    stage: str
    template: str
    person_id: str
    about: str
    role: str
    language: str
    match_ids: list[str]
    asks: dict[str, Any]
    deadline_on: Any
    attach: dict[str, Any] | None
    n: int
    due_at: datetime
    config_hash: str
    texts_hash: str
    fence: int
    attempts: int


def _deliverable(now: datetime) -> sa.ColumnElement[bool]:
    held = sa.and_(cohorts.c.state != "held", cohorts.c.roster_hold.is_(None))
    return sa.and_(
        messages.c.state == "queued",
        messages.c.not_before <= now,
        sa.or_(messages.c.retry_at.is_(None), messages.c.retry_at <= now),
        sa.or_(messages.c.urgent, held),
    )


def waiting(db: Connection, now: datetime) -> int:
    """How many mails could go now."""
    query = sa.select(sa.func.count()).select_from(messages).join(cohorts, messages.c.cohort_id == cohorts.c.cohort_id)
    return int(db.execute(query.where(_deliverable(now))).scalar_one())


def next_instant(db: Connection) -> datetime | None:
    """When the next queued mail may go."""
    held = sa.and_(cohorts.c.state != "held", cohorts.c.roster_hold.is_(None))
    moment = sa.case((messages.c.retry_at > messages.c.not_before, messages.c.retry_at), else_=messages.c.not_before)
    query = (
        sa.select(sa.func.min(moment))
        .join_from(messages, cohorts, messages.c.cohort_id == cohorts.c.cohort_id)
        .where(messages.c.state == "queued", sa.or_(messages.c.urgent, held))
    )
    return db.execute(sa.select(sa.type_coerce(query.scalar_subquery(), messages.c.not_before.type))).scalar()


def claim_batch(
    db: Connection, now: datetime, *, owner: str, lease_seconds: int, size: int = 200
) -> tuple[list[Message], dict[str, int]]:
    """Take mails to send, asking once more whether each may go; the caller commits before the first byte.

    Returns:
        The mails to send, and how many were stopped in which state ("postponed": queued on, for the reader's morning).
    """
    query = (
        sa.select(messages)
        .join_from(messages, cohorts, messages.c.cohort_id == cohorts.c.cohort_id)
        .where(_deliverable(now))
        .order_by(messages.c.not_before, messages.c.message_id)
        .limit(size)
        .with_for_update(of=messages, skip_locked=True)
    )
    rows = [dict(row) for row in db.execute(query).mappings()]
    persons = _persons(db, rows)
    stopped = _reasons_to_stop(db, rows, persons, now)
    going = [row for row in rows if row["message_id"] not in stopped]
    later = not_now(db, going, {person_id: person.site for person_id, person in persons.items()}, now)
    ready = [row for row in going if row["message_id"] not in later]
    for message_id, (state, reason) in stopped.items():
        db.execute(messages.update().where(messages.c.message_id == message_id).values(state=state, reason=reason))
    for message_id, at in later.items():
        db.execute(messages.update().where(messages.c.message_id == message_id).values(not_before=at, retry_at=None))
    if ready:
        ids = [row["message_id"] for row in ready]
        values = {"state": "sending", "lease_owner": owner, "lease_until": time.time() + lease_seconds}
        raised = {"fence": messages.c.fence + 1, "attempts": messages.c.attempts + 1}
        db.execute(messages.update().where(messages.c.message_id.in_(ids)).values(**values, **raised))
        started = {"actor": owner, "started_at": now}
        tries = [{"message_id": row["message_id"], "attempt": row["attempts"] + 1, **started} for row in ready]
        db.execute(message_attempts.insert(), tries)
    outcomes = {message_id: state for message_id, (state, _) in stopped.items()} | dict.fromkeys(later, "postponed")
    _note_claimed(db, rows, outcomes, now, owner)
    names = Message.__dataclass_fields__
    claimed = [
        Message(**{**{n: row[n] for n in names}, "fence": row["fence"] + 1, "attempts": row["attempts"] + 1})
        for row in ready
    ]
    counted: dict[str, int] = {}
    for state in outcomes.values():
        counted[state] = counted.get(state, 0) + 1
    return claimed, counted


def _persons(db: Connection, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The readers of some mails as the roster has them now, by person."""
    ids = sorted({row["person_id"] for row in rows})
    columns = (people.c.person_id, people.c.status, people.c.email, people.c.site)
    return {row.person_id: row for row in db.execute(sa.select(*columns).where(people.c.person_id.in_(ids)))}


def _reasons_to_stop(
    db: Connection, rows: list[dict[str, Any]], persons: dict[str, Any], now: datetime
) -> dict[str, tuple[str, str]]:
    """Why a mail may not go after all: (state, reason) by message id. Asked at the last read before it leaves."""
    if not rows:
        return {}
    ids = sorted({row["person_id"] for row in rows})
    status = {person_id: row.status for person_id, row in persons.items()}
    part = sa.select(participants.c.cohort_id, participants.c.person_id, participants.c.state)
    taking = {(r.cohort_id, r.person_id): r.state for r in db.execute(part.where(participants.c.person_id.in_(ids)))}
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


def address_hash(secret: str, address: str) -> str:
    """How a suppressed address is remembered: nobody can read it back, yet it is known again."""
    return instances.opaque_id(secret, "address", address.strip().lower())


def _barred(db: Connection, addresses: dict[str, str]) -> dict[str, str]:
    """Why a person's address may not be written to, by person."""
    secret = instances.read_secret(db)
    hashes = {address_hash(secret, address): person_id for person_id, address in addresses.items()}
    query = sa.select(suppressions.c.address_hash, suppressions.c.reason)
    found = db.execute(query.where(suppressions.c.address_hash.in_(list(hashes))))
    return {hashes[row.address_hash]: row.reason for row in found}


def _answered(db: Connection, ids: list[str]) -> set[tuple[str, str, str, str, str]]:
    query = sa.select(
        answers.c.cohort_id, answers.c.occasion, answers.c.form, answers.c.person_id, answers.c.about
    ).where(answers.c.person_id.in_(ids), answers.c.is_current)
    return {tuple(row) for row in db.execute(query)}


def _outstanding(row: dict[str, Any], answered: set[tuple[str, str, str, str, str]]) -> bool:
    asks = row["asks"]
    return any(
        (row["cohort_id"], asks["occasion"], form, row["person_id"], about) not in answered
        for form in asks.get("forms", [])
        for about in asks.get("abouts", ["-"])
    )


def _note_claimed(
    db: Connection, rows: list[dict[str, Any]], outcomes: dict[str, str], now: datetime, owner: str
) -> None:
    by_cohort: dict[str, dict[str, int]] = {}
    for row in rows:
        state = outcomes.get(row["message_id"], "sending")
        counts = by_cohort.setdefault(row["cohort_id"], {})
        counts[state] = counts.get(state, 0) + 1
    for cohort_id in sorted(by_cohort):
        _append(db, cohort_id, Note("mail.claimed", counts=by_cohort[cohort_id]), now, owner)


def _append(db: Connection, cohort_id: str, note: Note, now: datetime, actor: str) -> None:
    # Hold the cohort's row: two deliveries may not take the same number of its chain.
    db.execute(sa.select(cohorts.c.cohort_id).where(cohorts.c.cohort_id == cohort_id).with_for_update())
    events.append(db, cohort_id, [note], at=now, actor=actor)


def mark(db: Connection, outcomes: Sequence[tuple[Message, str, str]], now: datetime, *, owner: str) -> int:
    """Write what became of sent mails: (message, accepted|refused|unknown|retry, code).

    Returns:
        How many rows were still ours; a row that another worker has taken over is left alone.
    """
    ids = [message.message_id for message, _, _ in outcomes]
    query = sa.select(messages.c.message_id, messages.c.fence).where(
        messages.c.message_id.in_(ids), messages.c.state.in_(("sending", "unknown"))
    )
    # Locked, so that what is ours now is ours until the commit.
    ours = set(db.execute(query.with_for_update()).tuples())
    rows, tries, by_cohort = [], [], dict[str, dict[str, int]]()
    for message, outcome, code in outcomes:
        if (message.message_id, message.fence) not in ours:
            continue
        marked = _marked(message, outcome, code, now)
        rows.append({"the_id": message.message_id, **marked})
        tries.append({"the_id": message.message_id, "the_attempt": message.attempts, "outcome": outcome, "code": code})
        counts = by_cohort.setdefault(message.cohort_id, {})
        counts[marked["state"]] = counts.get(marked["state"], 0) + 1
    if rows:
        mine = messages.c.message_id == sa.bindparam("the_id")
        columns: dict[str, Any] = {name: sa.bindparam(name) for name in ("state", "reason", "sent_at", "retry_at")}
        db.execute(messages.update().where(mine).values(lease_owner=None, lease_until=None, **columns), rows)
        attempt = sa.and_(
            message_attempts.c.message_id == sa.bindparam("the_id"),
            message_attempts.c.attempt == sa.bindparam("the_attempt"),
        )
        told: dict[str, Any] = {"outcome": sa.bindparam("outcome"), "code": sa.bindparam("code")}
        db.execute(message_attempts.update().where(attempt).values(ended_at=now, **told), tries)
    for cohort_id in sorted(by_cohort):
        _append(db, cohort_id, Note("mail.sent", counts=by_cohort[cohort_id]), now, owner)
    return len(rows)


def _marked(message: Message, outcome: str, code: str, now: datetime) -> dict[str, Any]:
    marked: dict[str, Any] = {"reason": code or None, "sent_at": None, "retry_at": None}
    if outcome == "accepted":
        return marked | {"state": "accepted", "reason": None, "sent_at": now}
    if outcome == "retry" and message.attempts <= len(RETRY_WAITS):
        return marked | {"state": "queued", "retry_at": now + RETRY_WAITS[message.attempts - 1]}
    return marked | {"state": "unknown" if outcome == "unknown" else "refused"}


def any_in_doubt(db: Connection) -> bool:
    """Whether any mail is unknown, or was claimed by a sender whose lease has run out."""
    lapsed = sa.or_(messages.c.state == "unknown", messages.c.lease_until < time.time())
    doubtful = sa.and_(messages.c.state.in_(("sending", "unknown")), lapsed)
    return db.execute(sa.select(messages.c.message_id).where(doubtful).limit(1)).first() is not None


def lapse(db: Connection, now: datetime) -> list[Message]:
    """Move mails whose sender vanished from sending to unknown: they may have left.

    Returns:
        Every mail that is unknown now, for a transport that can tell what it holds.
    """
    vanished = sa.and_(messages.c.state == "sending", messages.c.lease_until < time.time())
    rows = db.execute(sa.select(messages.c.message_id, messages.c.cohort_id).where(vanished)).all()
    by_cohort: dict[str, int] = {}
    for row in rows:
        still = sa.and_(messages.c.message_id == row.message_id, vanished)
        fenced = {
            "fence": messages.c.fence + 1,
            "state": "unknown",
            "reason": "the sender stopped before it could tell",
            "lease_owner": None,
            "lease_until": None,
        }
        if db.execute(messages.update().where(still).values(**fenced)).rowcount:
            by_cohort[row.cohort_id] = by_cohort.get(row.cohort_id, 0) + 1
    for cohort_id in sorted(by_cohort):
        _append(db, cohort_id, Note("mail.lapsed", counts={"unknown": by_cohort[cohort_id]}), now, "recovery")
    unknown = db.execute(sa.select(messages).where(messages.c.state == "unknown").order_by(messages.c.message_id))
    names = Message.__dataclass_fields__
    return [Message(**{name: row[name] for name in names}) for row in unknown.mappings()]


def settle(db: Connection, message: Message, *, accepted: bool, now: datetime, actor: str) -> bool:
    """Settle an unknown mail by evidence: it had left, or it surely had not and may be sent."""
    mine = sa.and_(
        messages.c.message_id == message.message_id,
        messages.c.state == "unknown",
        messages.c.fence == message.fence,
    )
    values = {"state": "accepted", "sent_at": now} if accepted else {"state": "queued", "sent_at": None}
    if not db.execute(messages.update().where(mine).values(**values, reason=None)).rowcount:
        return False
    _append(db, message.cohort_id, Note("mail.settled", counts={str(values["state"]): 1}), now, actor)
    return True


def rows_of(db: Connection, cohort_id: str) -> list[dict[str, Any]]:
    """Every mail of a cohort, in the order it was due."""
    query = sa.select(messages).where(messages.c.cohort_id == cohort_id)
    order = query.order_by(messages.c.due_at, messages.c.occasion, messages.c.person_id, messages.c.about)
    return [dict(row) for row in db.execute(order).mappings()]


def rows_by_id(db: Connection, message_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of some mails, in no order."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(message_ids), 500):
        query = sa.select(messages).where(messages.c.message_id.in_(message_ids[start : start + 500]))
        found += [dict(row) for row in db.execute(query).mappings()]
    return found


def counts(db: Connection, cohort_id: str | None = None) -> dict[str, int]:
    """How many mails are in which state."""
    query = sa.select(messages.c.state, sa.func.count()).group_by(messages.c.state).order_by(messages.c.state)
    if cohort_id is not None:
        query = query.where(messages.c.cohort_id == cohort_id)
    return {state: int(count) for state, count in db.execute(query).tuples()}
