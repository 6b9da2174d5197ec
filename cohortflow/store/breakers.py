"""Breakers: a transport that the provider turned away as a whole stops for every worker."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.tables import mail_breakers

_ITS = sa.and_(
    mail_breakers.c.transport == sa.bindparam("the_transport"), mail_breakers.c.mark == sa.bindparam("the_mark")
)


def trip(db: Connection, transport: str, mark: str, code: str, now: datetime, *, actor: str) -> None:
    """Stop a transport with the key that bears this mark; a second time changes nothing."""
    told = {"code": code, "tripped_at": now, "tripped_by": actor, "closed_at": None, "closed_by": None}
    given = {"the_transport": transport, "the_mark": mark}
    closed = sa.and_(_ITS, mail_breakers.c.closed_at.is_not(None))
    if db.execute(mail_breakers.update().where(closed).values(**told), given).rowcount:
        return
    if db.execute(sa.select(mail_breakers.c.transport).where(_ITS), given).first() is None:
        # Two workers may be turned away at once; the first to say so is enough.
        with db.begin_nested() as point:
            try:
                db.execute(mail_breakers.insert().values(transport=transport, mark=mark, **told))
            except sa.exc.IntegrityError:
                point.rollback()


def tripped(db: Connection, transport: str, mark: str) -> str | None:
    """Why a transport with this key stands still, or None when it may send."""
    found: str | None = db.execute(_WHY, {"the_transport": transport, "the_mark": mark}).scalar()
    return found


_WHY = sa.select(mail_breakers.c.code).where(_ITS, mail_breakers.c.closed_at.is_(None))


def open_breakers(db: Connection) -> list[dict[str, Any]]:
    """Every transport that stands still, and why."""
    query = sa.select(mail_breakers).where(mail_breakers.c.closed_at.is_(None))
    return [dict(row) for row in db.execute(query.order_by(mail_breakers.c.tripped_at)).mappings()]


def close_others(db: Connection, transport: str, mark: str, now: datetime, *, actor: str) -> None:
    """Mail has left with this key: what was said of another one is of no interest any more."""
    others = sa.and_(
        mail_breakers.c.transport == transport, mail_breakers.c.mark != mark, mail_breakers.c.closed_at.is_(None)
    )
    db.execute(mail_breakers.update().where(others).values(closed_at=now, closed_by=actor))


def close(db: Connection, now: datetime, *, actor: str) -> int:
    """Let every transport that stands still send again; returns how many there were."""
    still = mail_breakers.c.closed_at.is_(None)
    return db.execute(mail_breakers.update().where(still).values(closed_at=now, closed_by=actor)).rowcount
