"""When a mail is too late: to have had to wait, because nobody may be written to, does not make it so.

`expires_at` is the end of what a mail asks for, or `too_late_after` counted from when it may go, whichever is sooner.
The second moves on with what keeps the mail from going, and never past the first. What corrects a calendar is of use
until the event begins, and not a moment longer.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.columns import among
from cohortflow.store.database import as_dicts
from cohortflow.store.tables import messages, occasions, people
from schemas.invitations import CORRECTIONS


def put_off(db: Connection, rows: Iterable[Mapping[str, Any]], later: Mapping[str, datetime], now: datetime) -> None:
    """Let mails that are claimed outside their readers' hours wait for them.

    Args:
        later: when each may go, by message id.
    """
    for row in rows:
        at = later.get(row["message_id"])
        if at is not None:
            ends = row["expires_at"]
            if ends is not None and ends <= at and row["template"] not in CORRECTIONS:
                ends = _not_past_the_end(db, row, ends + (at - now))
            db.execute(_PUT_OFF, {"id": row["message_id"], "at": at, "ends": ends})


def let_wait(db: Connection, cohort_id: str, now: datetime) -> None:
    """A hold is over: what it kept from going has as much time again as it had."""
    for row in as_dicts(db.execute(_KEPT, {"cohort_id": cohort_id, "at": now})):
        ends = _not_past_the_end(db, row, now + (row["expires_at"] - row["not_before"]))
        if ends > row["expires_at"]:
            db.execute(_EXTEND, {"id": row["message_id"], "ends": ends})


def kept_for_return(db: Connection, now: datetime) -> list[str]:
    """What corrects the calendars of people at work, and waits, maybe because they were on leave."""
    return list(db.execute(_KEPT_FOR_RETURN, {"at": now}).scalars())


def ask_again(db: Connection, message_ids: Sequence[str], now: datetime) -> None:
    """Let mails that wait be claimed now; where it is night for their readers, they are put off once more."""
    db.execute(_ASK_AGAIN, {"ids": message_ids, "at": now})


def _not_past_the_end(db: Connection, row: Mapping[str, Any], at: datetime) -> datetime:
    """An instant, or the end of what the mail asks for if that is sooner."""
    asked = {name: row[name] for name in ("cohort_id", "occasion")}
    found: dict[str, datetime | None] = {each.about: each.ends_at for each in db.execute(_ENDS, asked)}
    end = found.get(row["about"], found.get("-"))
    return min(at, end) if end else at


_INSTANT = messages.c.expires_at.type
_MINE: Any = messages.c.message_id == sa.bindparam("id")
_AT, _TO = sa.bindparam("at", type_=_INSTANT), sa.bindparam("ends", type_=_INSTANT)
_PUT_OFF = messages.update().where(_MINE).values(not_before=_AT, retry_at=None, expires_at=_TO)
_EXTEND = messages.update().where(_MINE).values(expires_at=_TO)
_KEPT = (
    sa.select(
        *(messages.c[name] for name in ("message_id", "cohort_id", "occasion", "about", "not_before", "expires_at"))
    )
    .where(
        messages.c.cohort_id == sa.bindparam("cohort_id"),
        messages.c.state == "queued",
        messages.c.not_before <= _AT,
        messages.c.expires_at > messages.c.not_before,
        messages.c.template.not_in(CORRECTIONS),
    )
    .with_for_update(skip_locked=True)  # what is being claimed is on its way, and whoever claims it wants our cohort
)
_KEPT_FOR_RETURN = (
    sa.select(messages.c.message_id)
    .join(people, people.c.person_id == messages.c.person_id)
    .where(
        messages.c.state == "queued",
        messages.c.template.in_(CORRECTIONS),
        messages.c.not_before > _AT,
        people.c.status == "active",
    )
    .order_by(messages.c.message_id)
)
_ASK_AGAIN: Any = (
    messages.update().where(among(messages.c.message_id), messages.c.state == "queued").values(not_before=_AT)
)
_ENDS = sa.select(occasions.c.about, occasions.c.ends_at).where(
    occasions.c.cohort_id == sa.bindparam("cohort_id"), occasions.c.key == sa.bindparam("occasion")
)
