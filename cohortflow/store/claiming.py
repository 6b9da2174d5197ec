"""Claim mails in batches: durable before the first byte, and each asked once more whether it may go."""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.cohort_notes import Gathered, note_counts
from cohortflow.store.columns import among, each_row
from cohortflow.store.database import as_dicts
from cohortflow.store.lateness import put_off
from cohortflow.store.mail_stops import OF_THE_END, decide
from cohortflow.store.messages import DELIVERABLE, Message
from cohortflow.store.places import sending_hold
from cohortflow.store.tables import NOW, REAL_NOW, message_attempts, messages
from schemas.occasions import STAGE_ORDER

# What a message holds once it was claimed, and then what decides whether it may go.
_GROWN = {name: (messages.c[name] + 1).label(name) for name in ("fence", "attempts")}
TOLD = (
    *(_GROWN.get(name, messages.c[name]) for name in Message._fields),
    *(
        messages.c[name]
        for name in ("mail_class", "unless_answered", "not_before", "expires_at", "queued_at", "urgent")
    ),
)
_CLAIM = (
    sa.select(*TOLD)
    .select_from(messages)
    .where(DELIVERABLE)
    .order_by(messages.c.not_before)  # and nothing else: a whole queue would be sorted for each batch of it
    .limit(sa.bindparam("size", type_=sa.Integer))
    .with_for_update(of=messages, skip_locked=True)
)
_IN_ORDER_OF_THE_INDEX = sa.text("set local enable_sort = off")
_TAKE: Any = (
    messages.update()
    .where(among(messages.c.message_id))
    .values(
        state="sending",
        lease_owner=sa.bindparam("owner"),
        lease_until=REAL_NOW + sa.bindparam("lease_seconds", type_=sa.Float),
        fence=messages.c.fence + 1,
        attempts=messages.c.attempts + 1,
    )
)
_ATTEMPTS, _of_attempt = each_row()
_BEGIN_ATTEMPT = message_attempts.insert().from_select(
    ["message_id", "attempt", "address_hash", "actor", "started_at", "way"],
    sa.select(
        _of_attempt(0),
        sa.cast(_of_attempt(1), sa.Integer),
        _of_attempt(2),
        sa.bindparam("owner", type_=sa.Text),
        NOW,
        sa.bindparam("way", type_=sa.Text),
    ).select_from(_ATTEMPTS),
)


def claim_batch(
    db: Connection,
    now: datetime,
    *,
    owner: str,
    lease_seconds: int,
    size: int = 200,
    notes: Gathered | None = None,
    way: str = "",
) -> tuple[list[Message], dict[str, int]]:
    """Take mails to send, asking once more whether each may go; the caller commits before the first byte.

    Args:
        notes: gathers what is to be noted, for a caller who adds it at the end of the transaction.
        way: by which the mails will leave; only it can tell later what became of them.

    Returns:
        The mails to send, and how many were stopped in which state ("postponed": queued on, for the reader's morning).
    """
    if sending_hold(db):
        return [], {}
    if db.dialect.name != "sqlite":
        # Until it has counted anew, PostgreSQL takes a queue that was just filled for short, and would sort all of it.
        db.execute(_IN_ORDER_OF_THE_INDEX)
    rows = as_dicts(db.execute(_CLAIM, {"now": now, "size": size}))
    rows.sort(key=_in_turn)
    stopped, later, hashes = decide(db, rows, now)
    ready = [
        claimed_message(row) for row in rows if row["message_id"] not in stopped and row["message_id"] not in later
    ]
    for message_id, (state, reason) in stopped.items():
        db.execute(messages.update().where(messages.c.message_id == message_id).values(state=state, reason=reason))
    put_off(db, rows, later, now)
    if ready:
        ids = [message.message_id for message in ready]
        db.execute(_TAKE, {"ids": ids, "owner": owner, "lease_seconds": lease_seconds})
        # Where each goes: what is heard of it later is about this address, whatever the roster says by then.
        attempts = [(each.message_id, each.attempts, hashes.get((each.cohort_id, each.person_id))) for each in ready]
        db.execute(_BEGIN_ATTEMPT, {"rows": attempts, "owner": owner, "now": now, "way": way})
    outcomes = {message_id: state for message_id, (state, _) in stopped.items()} | dict.fromkeys(later, "postponed")
    note_counts(db, "mail.claimed", _counted(rows, outcomes), now, owner, notes)
    counted: dict[str, int] = {}
    for state in outcomes.values():
        counted[state] = counted.get(state, 0) + 1
    return ready, counted


def _in_turn(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What was queued first goes first; of one instant, what ended, then what begins, in the order of the stages."""
    at, queued_at, message_id = row["not_before"], row["queued_at"], row["message_id"]
    return at, queued_at, row["occasion"] not in OF_THE_END, STAGE_ORDER.get(row["stage"], 0), message_id


def claimed_message(row: Mapping[str, Any]) -> Message:
    """A row of what is told as it is once it was claimed."""
    return Message._make(islice(row.values(), len(Message._fields)))


def _counted(rows: list[dict[str, Any]], outcomes: dict[str, str]) -> dict[str, dict[str, int]]:
    by_cohort: dict[str, dict[str, int]] = {}
    for row in rows:
        state = outcomes.get(row["message_id"], "sending")
        counts = by_cohort.setdefault(row["cohort_id"], {})
        counts[state] = counts.get(state, 0) + 1
    return by_cohort
