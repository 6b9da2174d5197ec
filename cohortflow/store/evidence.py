"""Where mails stand by all that their provider has told: the greatest of it, whatever came first or twice."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cohortflow.store.cohort_notes import append_note
from cohortflow.store.columns import among
from cohortflow.store.tables import message_attempts, messages, provider_events
from schemas.changes import Note

PROCESSED, DEFERRED, DELIVERED = 10, 20, 30
DROPPED, TURNED_AWAY, BARRED, BOUNCED = 40, 41, 42, 43
REASONS = {
    DROPPED: "the provider dropped it",
    TURNED_AWAY: "the receiving server turned it away",
    BARRED: "the provider dropped it, for the address is barred there",
    BOUNCED: "the address bounced",
}
IN_DOUBT = ("queued", "sending", "unknown")
SENT = ("accepted", "delivered", "bounced")
CHUNK = 500
Counts = Counter[tuple[str, str, str]]  # cohort, kind of note, what is counted


def stands_at(weight: int) -> tuple[str, str | None]:
    """The state and the reason of a mail whose weightiest event weighs so much."""
    if weight >= DROPPED:
        return "bounced", REASONS[weight]
    return ("delivered" if weight >= DELIVERED else "accepted"), None


def apply_evidence(db: Connection, processed: Mapping[str, int], now: datetime) -> None:
    """Move mails to where their events say they are.

    An event settles an unknown mail, and one that is still in flight or was queued again: it has left, and must
    never be handed over a second time. So it does one that was to go again and was stopped: its first attempt has left.
    What was refused, or stopped before it was ever handed over, stays what it is.

    Args:
        processed: the mails with new events, and how many of those say that the provider took it.
    """
    counts: Counts = Counter()
    ids = sorted(processed)  # two posts at once lock in one order
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        rows = db.execute(_LOCKED, {"ids": part}).all()
        facts = {row.message_id: row for row in db.execute(_FACTS, {"ids": part})}
        once = {*db.execute(_ONCE_IN_DOUBT, {"ids": part}).scalars()} if any(map(_is_stopped, rows)) else set()
        left = {row.message_id for row in rows if row.state in IN_DOUBT or row.message_id in once}
        _settle(db, [row for row in rows if row.message_id in left], counts)
        _move(db, rows, left, {name: stands_at(row.weight) for name, row in facts.items()}, counts)
        for row in rows:
            total = facts[row.message_id].processed
            if total > 1 and total - processed[row.message_id] <= 1:
                counts[row.cohort_id, "mail.repeated", "mails"] += 1
    _note(db, counts, now)


_LOCKED = (
    sa.select(messages.c.message_id, messages.c.cohort_id, messages.c.state, messages.c.reason)
    .where(among(messages.c.message_id))
    .order_by(messages.c.message_id)
    .with_for_update()
)
_FACTS = (
    sa.select(
        provider_events.c.message_id,
        sa.func.max(provider_events.c.weight).label("weight"),
        sa.func.sum(sa.case((provider_events.c.kind == "processed", 1), else_=0)).label("processed"),
    )
    .where(among(provider_events.c.message_id))
    .group_by(provider_events.c.message_id)
)


# An attempt of which nobody knew, or of which a person said that it was to be made again.
_ONCE_IN_DOUBT = sa.select(message_attempts.c.message_id).where(
    among(message_attempts.c.message_id), message_attempts.c.outcome.in_(("unknown", "resend"))
)


def _is_stopped(row: Row[Any]) -> bool:
    return row.state not in IN_DOUBT and row.state not in SENT


def _settle(db: Connection, rows: Sequence[Row[Any]], counts: Counts) -> None:
    """It has left: whoever holds it holds it no more, and it counts as sent when it was last claimed."""
    if not rows:
        return
    ids = {"ids": [row.message_id for row in rows]}
    db.execute(_END_ATTEMPT, ids)
    db.execute(_SETTLE, ids)
    for row in rows:
        counts[row.cohort_id, "mail.settled", "accepted"] += 1


_CLAIMED = (
    sa.select(sa.func.max(message_attempts.c.started_at))
    .where(message_attempts.c.message_id == messages.c.message_id)
    .correlate(messages)
    .scalar_subquery()
)
_SETTLE: Any = (
    messages.update()
    .where(among(messages.c.message_id))
    .values(
        state="accepted",
        reason=None,
        sent_at=sa.func.coalesce(_CLAIMED, messages.c.not_before),
        fence=messages.c.fence + 1,
        lease_owner=None,
        lease_until=None,
        retry_at=None,
        unknown_at=None,
    )
)
_LAST = (
    sa.select(messages.c.attempts)
    .where(messages.c.message_id == message_attempts.c.message_id)
    .correlate(message_attempts)
    .scalar_subquery()
)
_END_ATTEMPT: Any = (
    message_attempts.update()
    .where(among(message_attempts.c.message_id), message_attempts.c.attempt == _LAST)
    .values(
        outcome="accepted",
        code="provider event",
        ended_at=sa.func.coalesce(message_attempts.c.ended_at, message_attempts.c.started_at),
    )
)


def _move(
    db: Connection,
    rows: Sequence[Row[Any]],
    left: Collection[str],
    stands: Mapping[str, tuple[str, str | None]],
    counts: Counts,
) -> None:
    moved = []
    for row in rows:
        state, reason = stands[row.message_id]
        before = "accepted" if row.message_id in left else row.state
        if before not in SENT or (state, reason) == (before, row.reason if row.state == before else None):
            continue
        moved.append({"the_id": row.message_id, "state": state, "reason": reason})
        if state != before:
            counts[row.cohort_id, "mail.told", state] += 1
    if moved:
        db.execute(_MOVE, moved)


_MOVE: Any = (
    messages.update()
    .where(messages.c.message_id == sa.bindparam("the_id"))
    .values(state=sa.bindparam("state"), reason=sa.bindparam("reason"))
)


def _note(db: Connection, counts: Counts, now: datetime) -> None:
    """One line per cohort and kind; the cohorts are held in one order."""
    lines: dict[tuple[str, str], dict[str, int | str]] = {}
    for (cohort_id, kind, what), count in sorted(counts.items()):
        lines.setdefault((cohort_id, kind), {})[what] = count
    for (cohort_id, kind), told in lines.items():
        append_note(db, cohort_id, Note(kind, counts=told), now, "provider")
