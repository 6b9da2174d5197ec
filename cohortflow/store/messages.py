"""The mail ledger: claim durably before the first byte, mark after the last, lose track of nothing that may have left.

queued -> sending -> accepted | refused | unknown        a lease that runs out moves sending to unknown, never back
sending -> queued                                        only by who holds it, and only for what surely has not left
queued -> expired | suppressed | cancelled               decided inside the claim, with the reason
unknown -> accepted | queued                             by evidence or by a verdict, see `settling`
refused -> queued                                        by a person's verdict alone: it surely has not left
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.cohort_notes import Gathered, append_note, note_counts
from cohortflow.store.columns import among
from cohortflow.store.database import as_dicts
from cohortflow.store.places import sending_hold
from cohortflow.store.tables import NOW, REAL_NOW, cohorts, message_attempts, messages
from schemas.changes import Note

RETRY_WAITS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
VANISHED = "the sender stopped before it could tell"


class Message(NamedTuple):
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
    failures: int = 0


class Result(NamedTuple):
    """What became of a claimed mail: accepted, refused, unknown, retry (it failed) or later (the way was closed)."""

    message: Message
    outcome: str
    code: str = ""
    after: int = 0  # seconds until a mail that goes later may go


# Not a join: a planner that has to join all that waits sorts it anew for each batch, instead of reading it in order.
_HELD = sa.select(cohorts.c.cohort_id).where(sa.or_(cohorts.c.state == "held", cohorts.c.roster_hold.is_not(None)))
_NOT_HELD = sa.or_(messages.c.urgent, messages.c.cohort_id.not_in(_HELD))
DELIVERABLE = sa.and_(
    messages.c.state == "queued",
    messages.c.not_before <= NOW,
    sa.or_(messages.c.retry_at.is_(None), messages.c.retry_at <= NOW),
    _NOT_HELD,
)
_WAITING = sa.select(sa.func.count()).select_from(messages).where(DELIVERABLE)
_NEXT = (
    sa.select(
        sa.func.min(
            sa.case((messages.c.retry_at > messages.c.not_before, messages.c.retry_at), else_=messages.c.not_before),
            type_=messages.c.not_before.type,
        )
    )
    .select_from(messages)
    .where(messages.c.state == "queued", _NOT_HELD)
)


def waiting(db: Connection, now: datetime) -> int:
    """How many mails could go now."""
    return int(db.execute(_WAITING, {"now": now}).scalar_one())


def next_instant(db: Connection) -> datetime | None:
    """When the next queued mail may go; never while sending is held."""
    return None if sending_hold(db) else db.execute(_NEXT).scalar()


def mark(
    db: Connection, outcomes: Sequence[tuple[Any, ...]], now: datetime, *, owner: str, notes: Gathered | None = None
) -> list[Result]:
    """Write what became of claimed mails, each a `Result` or the beginning of one.

    Args:
        notes: gathers what is to be noted, for a caller who adds it at the end of the transaction.

    Returns:
        Those whose rows were still ours; a row that another worker has taken over is left alone.
    """
    told = [Result(*each) for each in outcomes]
    ours = _still_ours(db, [result.message for result in told])
    results = [result for result in told if (result.message.message_id, result.message.fence) in ours]
    # What ended alike is written together: most mails of a batch are simply accepted.
    alike: dict[tuple[Any, ...], list[Message]] = {}
    for result in results:
        message = result.message
        alike.setdefault((message.attempts, message.failures, *result[1:]), []).append(message)
    by_cohort: dict[str, dict[str, int]] = {}
    for (attempt, _, *how), mails in alike.items():
        result = Result(mails[0], *how)
        marked = _marked(result, now)
        these = {"ids": [message.message_id for message in mails]}
        db.execute(_MARK, {**these, **marked})
        ended = {"outcome": result.outcome, "code": result.code, "ended_at": now}
        db.execute(_END_ATTEMPT, {**these, "the_attempt": attempt, **ended})
        for message in mails:
            counts = by_cohort.setdefault(message.cohort_id, {})
            counts[marked["state"]] = counts.get(marked["state"], 0) + 1
    note_counts(db, "mail.sent", by_cohort, now, owner, notes)
    return results


def _still_ours(db: Connection, mails: Sequence[Message]) -> set[tuple[str, int]]:
    """Which of some claimed mails nobody has taken over, by id and fence."""
    ours = {(mail.message_id, mail.fence) for mail in mails}
    told: dict[str, Any] = {"ids": [mail.message_id for mail in mails]}
    # SQLite lets nobody else write meanwhile, and nearly always all are: counting them takes a quarter of the time.
    if db.dialect.name == "sqlite" and len({mail.fence for mail in mails}) == 1:
        count = db.execute(_HOW_MANY, {**told, "fence": mails[0].fence}).scalar_one()
        if count == len(ours):
            return ours
    # Locked, so that what is ours now is ours until the commit; in one order, so that two never wait for each other.
    return ours & {tuple(row) for row in db.execute(_IN_FLIGHT, told).all()}


_ON_ITS_WAY = sa.and_(among(messages.c.message_id), messages.c.state.in_(("sending", "unknown")))
_IN_FLIGHT = (
    sa.select(messages.c.message_id, messages.c.fence)
    .where(_ON_ITS_WAY)
    .order_by(messages.c.message_id)
    .with_for_update()
)
_HOW_MANY = (
    sa.select(sa.func.count()).select_from(messages).where(_ON_ITS_WAY, messages.c.fence == sa.bindparam("fence"))
)
_MARK: Any = (
    messages.update()
    .where(among(messages.c.message_id))
    .values(
        lease_owner=None,
        lease_until=None,
        **{name: sa.bindparam(name) for name in ("state", "reason", "sent_at", "retry_at", "failures", "unknown_at")},
    )
)
_END_ATTEMPT: Any = (
    message_attempts.update()
    .where(
        among(message_attempts.c.message_id),
        message_attempts.c.attempt == sa.bindparam("the_attempt"),
    )
    .values(**{name: sa.bindparam(name) for name in ("outcome", "code", "ended_at")})
)


def _marked(result: Result, now: datetime) -> dict[str, Any]:
    failures = result.message.failures
    marked: dict[str, Any] = {"reason": result.code or None, "sent_at": None, "retry_at": None}
    marked |= {"failures": failures, "unknown_at": None}
    if result.outcome == "accepted":
        return marked | {"state": "accepted", "reason": None, "sent_at": now}
    if result.outcome == "later":
        return marked | {"state": "queued", "retry_at": now + timedelta(seconds=max(result.after, 1))}
    if result.outcome == "retry" and failures < len(RETRY_WAITS):
        return marked | {"state": "queued", "retry_at": now + RETRY_WAITS[failures], "failures": failures + 1}
    if result.outcome == "unknown":
        return marked | {"state": "unknown", "unknown_at": now}
    return marked | {"state": "refused"}


def to_deliver(db: Connection, now: datetime) -> int:
    """How many mails a delivery would look at: those that could go now, or else 1 when any is in doubt."""
    waiting_now, in_doubt = db.execute(_TO_DELIVER, {"now": now}).one()
    return int(waiting_now) or int(in_doubt)


def any_in_doubt(db: Connection) -> bool:
    """Whether any mail is unknown, or was claimed by a sender whose lease has run out."""
    return db.execute(_DOUBTFUL).first() is not None


_DOUBTFUL = (
    sa.select(messages.c.message_id)
    .where(
        # In the words of the index, for SQLite takes a partial index only where it can see that it holds the rows.
        sa.text("messages.state in ('sending', 'unknown')"),
        sa.or_(messages.c.state == "unknown", messages.c.lease_until < REAL_NOW),
    )
    .limit(1)
)
_TO_DELIVER = sa.select(_WAITING.scalar_subquery(), sa.exists(_DOUBTFUL))


def lapse(db: Connection, now: datetime) -> list[Message]:
    """Move mails whose sender vanished from sending to unknown: they may have left.

    Returns:
        Every mail that is unknown now, for a transport that can tell what it holds.
    """
    vanished = sa.and_(messages.c.state == "sending", messages.c.lease_until < REAL_NOW)
    found = sa.select(messages.c.message_id, messages.c.cohort_id).where(vanished)
    rows = db.execute(found.order_by(messages.c.message_id)).all()  # two that recover lock in one order
    by_cohort: dict[str, int] = {}
    for row in rows:
        still = sa.and_(messages.c.message_id == row.message_id, vanished)
        fenced = {
            "fence": messages.c.fence + 1,
            "state": "unknown",
            "reason": VANISHED,
            "unknown_at": now,
            "lease_owner": None,
            "lease_until": None,
        }
        if db.execute(messages.update().where(still).values(**fenced)).rowcount:
            by_cohort[row.cohort_id] = by_cohort.get(row.cohort_id, 0) + 1
    lapsed = {cohort_id: {"unknown": count} for cohort_id, count in by_cohort.items()}
    note_counts(db, "mail.lapsed", lapsed, now, "recovery")
    return [Message._make(row) for row in db.execute(_UNKNOWN)]


_UNKNOWN = (
    sa.select(*(messages.c[name] for name in Message._fields))
    .where(messages.c.state == "unknown")
    .order_by(messages.c.message_id)
)


def ways_of(db: Connection, mails: Sequence[Message]) -> dict[str, str]:
    """By which way the last attempt of each of some mails was made; empty where that is not known."""
    found: dict[str, str] = {}
    for start in range(0, len(mails), 500):
        part = {"ids": [message.message_id for message in mails[start : start + 500]]}
        found |= {row.message_id: row.way or "" for row in db.execute(_WAYS, part)}
    return found


_WAYS = (
    sa.select(message_attempts.c.message_id, message_attempts.c.way)
    .where(among(message_attempts.c.message_id))
    .order_by(message_attempts.c.attempt)
)


def settle(db: Connection, message: Message, *, accepted: bool, now: datetime, actor: str) -> bool:
    """Settle an unknown mail by evidence: it had left, or it surely had not and may be sent."""
    mine = sa.and_(
        messages.c.message_id == message.message_id,
        messages.c.state == "unknown",
        messages.c.fence == message.fence,
    )
    values = {"state": "accepted", "sent_at": now} if accepted else {"state": "queued", "sent_at": None}
    if not db.execute(messages.update().where(mine).values(**values, reason=None, unknown_at=None)).rowcount:
        return False
    append_note(db, message.cohort_id, Note("mail.settled", counts={str(values["state"]): 1}), now, actor)
    return True


def rows_of(db: Connection, cohort_id: str) -> list[dict[str, Any]]:
    """Every mail of a cohort, in the order it was due."""
    query = sa.select(messages).where(messages.c.cohort_id == cohort_id)
    order = query.order_by(messages.c.due_at, messages.c.occasion, messages.c.person_id, messages.c.about)
    return as_dicts(db.execute(order))


def rows_by_id(db: Connection, message_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of some mails, in no order."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(message_ids), 500):
        part = {"ids": list(message_ids[start : start + 500])}
        found += as_dicts(db.execute(_BY_ID, part))
    return found


_BY_ID = sa.select(messages).where(among(messages.c.message_id))


def counts(db: Connection, cohort_id: str | None = None) -> dict[str, int]:
    """How many mails are in which state."""
    query = sa.select(messages.c.state, sa.func.count()).group_by(messages.c.state).order_by(messages.c.state)
    if cohort_id is not None:
        query = query.where(messages.c.cohort_id == cohort_id)
    return {state: int(count) for state, count in db.execute(query).tuples()}


def counts_by_cohort(db: Connection) -> dict[str, dict[str, int]]:
    """The same for each cohort that has mails."""
    query = sa.select(messages.c.cohort_id, messages.c.state, sa.func.count())
    query = query.group_by(messages.c.cohort_id, messages.c.state).order_by(messages.c.cohort_id, messages.c.state)
    found: dict[str, dict[str, int]] = {}
    for cohort_id, state, count in db.execute(query).tuples():
        found.setdefault(cohort_id, {})[state] = int(count)
    return found


def oldest_queued(db: Connection) -> dict[str, Any] | None:
    """The mail that has waited longest, and when it may go."""
    names = ("message_id", "cohort_id", "occasion", "template", "queued_at", "not_before", "retry_at", "attempts")
    query = sa.select(*(messages.c[name] for name in names)).where(messages.c.state == "queued")
    row = db.execute(query.order_by(messages.c.queued_at, messages.c.message_id).limit(1)).mappings().first()
    return dict(row) if row else None
