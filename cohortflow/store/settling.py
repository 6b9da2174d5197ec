"""What becomes of a mail whose fate is unknown when no evidence comes: a verdict, by a rule or by a person."""

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.cohort_notes import append_note
from cohortflow.store.tables import message_attempts, messages
from schemas.changes import Note
from schemas.errors import DataError

Verdict = Literal["sent", "resend"]
BY_RULE = "rule:on_unknown"


def give_verdict(db: Connection, message_id: str, verdict: Verdict, now: datetime, *, actor: str) -> str:
    """Say of an unknown mail that it was sent, or that it is to be sent again: a numbered attempt with its actor.

    What was refused surely has not left, and may be sent again once its cause is mended.

    Returns:
        The state it is in now.

    Raises:
        DataError: there is no such mail, or nothing about it is to be said.
    """
    row = db.execute(_HELD, {"message_id": message_id}).mappings().first()
    if row is None:
        raise DataError(f"there is no mail {message_id}; `cohortflow mail status` names every unknown one")
    if row["state"] != "unknown" and (row["state"], verdict) != ("refused", "resend"):
        raise DataError(f"the mail {message_id} is {row['state']}, not unknown; there is nothing to settle")
    state = "accepted" if verdict == "sent" else "queued"
    number = row["attempts"] + 1
    told = {"message_id": message_id, "attempt": number, "actor": actor, "started_at": now, "ended_at": now}
    db.execute(message_attempts.insert().values(**told, outcome=verdict, code="settled"))
    sent_at = row["claimed_at"] or now if verdict == "sent" else None
    fenced = {"attempts": number, "fence": row["fence"] + 1, "failures": 0, "retry_at": None, "unknown_at": None}
    mine = messages.c.message_id == message_id
    db.execute(messages.update().where(mine).values(state=state, reason=None, sent_at=sent_at, **fenced))
    note = Note("mail.settled", row["occasion"], row["about"], {state: 1})
    append_note(db, row["cohort_id"], note, now, actor)
    return state


_LAST = sa.select(message_attempts).where(message_attempts.c.message_id == messages.c.message_id)
_CLAIMED_AT = _LAST.with_only_columns(sa.func.max(message_attempts.c.started_at)).correlate(messages).scalar_subquery()
_HELD = (
    sa.select(messages, _CLAIMED_AT.label("claimed_at"))
    .where(messages.c.message_id == sa.bindparam("message_id"))
    .with_for_update(of=messages)
)


def ids_in(db: Connection, cohort_id: str, state: str) -> list[str]:
    """The mails of a cohort that are unknown, or refused."""
    mine = sa.and_(messages.c.cohort_id == cohort_id, messages.c.state == state)
    return list(db.execute(sa.select(messages.c.message_id).where(mine).order_by(messages.c.message_id)).scalars())


def obstacles(db: Connection) -> list[dict[str, Any]]:
    """What was refused or came back, and what waits for more than its hour: how many mails of a cohort, and why."""
    return [dict(row) for row in db.execute(_OBSTACLES).mappings()]


_OBSTACLES = (
    sa.select(
        messages.c.state,
        messages.c.cohort_id,
        messages.c.reason,
        sa.func.count().label("mails"),
        sa.func.min(messages.c.message_id).label("one_of_them"),
    )
    .where(
        sa.or_(
            messages.c.state.in_(("refused", "bounced")),
            sa.and_(messages.c.state == "queued", messages.c.reason.is_not(None)),
        )
    )
    .group_by(messages.c.state, messages.c.cohort_id, messages.c.reason)
    .order_by(messages.c.cohort_id, messages.c.state, messages.c.reason)
)


def unknown_mails(db: Connection) -> list[dict[str, Any]]:
    """Every mail whose fate is unknown, the oldest first, with what is known of it: ids and instants only."""
    return [dict(row) for row in db.execute(_UNKNOWN).mappings()]


_TRIES = message_attempts.alias("tries")
_UNKNOWN = (
    sa.select(
        *(messages.c[name] for name in ("message_id", "cohort_id", "occasion", "stage", "template", "about")),
        *(messages.c[name] for name in ("texts_hash", "attempts", "unknown_at", "reason")),
        _TRIES.c.started_at.label("tried_at"),
        _TRIES.c.actor.label("tried_by"),
    )
    .select_from(
        sa.outerjoin(
            messages,
            _TRIES,
            sa.and_(_TRIES.c.message_id == messages.c.message_id, _TRIES.c.attempt == messages.c.attempts),
        )
    )
    .where(sa.text("messages.state in ('sending', 'unknown')"), messages.c.state == "unknown")
    .order_by(messages.c.unknown_at, messages.c.message_id)
)


def given_up_by_rule(db: Connection, before: datetime) -> list[dict[str, Any]]:
    """Unknown mails that a rule may settle: unknown since before that instant, and never settled by rule yet."""
    rows = db.execute(_OVERDUE, {"before": before, "rule": BY_RULE}).mappings()
    return [dict(row) for row in rows]


_RULED = sa.exists().where(
    message_attempts.c.message_id == messages.c.message_id, message_attempts.c.actor == sa.bindparam("rule")
)
_OVERDUE = _UNKNOWN.where(
    messages.c.unknown_at <= sa.bindparam("before", type_=messages.c.unknown_at.type),
    ~_RULED,
)
