"""Where a database lives. One that is found at another place, or older than the mail it sent, may be a copy.

A copy that sends would send everything a second time; so nothing is sent from it until a person has said that it is
the one. The answer stands in the database itself, and is asked inside every claim of mail.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store import events
from cohortflow.store.tables import instance, message_attempts
from schemas.changes import Note
from schemas.errors import CohortflowError

MOVED = "the database was copied, moved or restored: it belongs to another place"
FORGOT = "the database has forgotten mail that was on its way: it lost what it had confirmed to keep"
OLDER = "the database is older than the mail that was sent from here: it was restored from a copy"


@dataclass(frozen=True)
class Place:
    """What the database says of itself; `known` is where it belongs, None before it was first opened."""

    instance_id: str
    known: str | None
    hold: str | None


def read_place(db: Connection) -> Place:
    """Which instance this is, where it belongs, and why it sends nothing, if so."""
    row = db.execute(sa.select(instance.c.instance_id, instance.c.place, instance.c.sending_hold)).one()
    return Place(row.instance_id, row.place, row.sending_hold)


def sending_hold(db: Connection) -> str | None:
    """Why no mail is sent from this database; None when it is the one."""
    found: str | None = db.execute(_HOLD).scalar()
    return found


_HOLD = sa.select(instance.c.sending_hold)


def here(db: Connection, machine: str) -> str:
    """A mark of the place this database is at now: that of its own server, or of its file on this machine."""
    return hashlib.sha256("\x1f".join(_told(db, machine)).encode()).hexdigest()[:32]


def _told(db: Connection, machine: str) -> list[str]:
    url = db.engine.url
    if db.engine.dialect.name == "sqlite":
        return ["sqlite", machine, str(Path(url.database or "").resolve())]
    oid = str(db.execute(sa.text("select oid from pg_database where datname = current_database()")).scalar_one())
    try:
        with db.begin_nested():
            server = db.execute(sa.text("select system_identifier from pg_control_system()")).scalar_one()
    except (sa.exc.DBAPIError, CohortflowError):  # some hosts do not let everybody ask
        server = f"{url.host}:{url.port}"
    return ["postgresql", str(server), str(url.database), oid]


def mail_way(db: Connection) -> str:
    """By which way mail has left that nobody can call back, and who may be asked of it; empty for none."""
    return db.execute(sa.select(instance.c.mail_way)).scalar() or ""


def note_way(db: Connection, way: str) -> None:
    """Mail leaves by this way now."""
    db.execute(instance.update().values(mail_way=way))


def has_sent(db: Connection, message_id: str, attempt: int) -> bool:
    """Whether the database knows of an attempt to send a mail."""
    mine = sa.and_(message_attempts.c.message_id == message_id, message_attempts.c.attempt == attempt)
    return db.execute(sa.select(message_attempts.c.attempt).where(mine)).first() is not None


def settle_down(db: Connection, place: str) -> None:
    """This is where the database belongs, and it may send."""
    db.execute(instance.update().values(place=place, sending_hold=None))


def hold_sending(db: Connection, reason: str, now: datetime) -> None:
    """Let no mail go until somebody confirms that this is the one; the caller holds the history alone."""
    db.execute(instance.update().values(sending_hold=reason))
    events.append(db, "company", [Note("mail.instance_held", counts={"reason": reason})], at=now, actor="instance")


def confirm(db: Connection, place: str, now: datetime, by: str) -> None:
    """A person says that this is the one; the caller holds the history alone."""
    settle_down(db, place)
    events.append(db, "company", [Note("mail.instance_confirmed")], at=now, actor=by)
