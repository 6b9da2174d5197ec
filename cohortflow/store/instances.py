"""The one row about this installation: who it is, its secret, and the clock it lives by."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.tables import REAL_NOW, instance


@dataclass(frozen=True)
class Clock:
    """The instance clock: it showed `base` when the real time was `started`, and runs at `rate`."""

    base: datetime | None
    started: datetime | None
    rate: float

    def at(self, real_now: datetime) -> datetime:
        """What the instance clock shows at a real instant."""
        if self.base is None or self.started is None:
            return real_now
        return self.base + (real_now - self.started) * self.rate


def read_clock(db: Connection) -> Clock:
    """The clock in force; the real one unless somebody set another."""
    row = db.execute(sa.select(instance)).mappings().one()
    return Clock(row["clock_base"], row["clock_started"], row["clock_rate"])


def shown_now(db: Connection) -> datetime:
    """What the instance clock shows this moment, by the clock of the database's machine: one for all workers."""
    clock = read_clock(db)
    # SQLite is on this machine, and tells the time by the thousandth only.
    known = datetime.now(UTC) if db.dialect.name == "sqlite" else None
    return clock.at(known or datetime.fromtimestamp(db.execute(_REAL_NOW).scalar_one(), UTC))


_REAL_NOW = sa.select(REAL_NOW)


def set_clock(db: Connection, *, base: datetime | None, started: datetime | None, rate: float = 1.0) -> None:
    """Let the instance live at another time or pace; `base=None` gives the real time back."""
    db.execute(instance.update().values(clock_base=base, clock_started=started, clock_rate=rate))


def note_tick(db: Connection, now: datetime) -> None:
    """Count a tick, and remember that it ended; the mark never goes back, whatever the clock does."""
    last = instance.c.last_tick_at
    at = sa.bindparam("at", now, type_=last.type)
    newer = sa.case((sa.or_(last.is_(None), last < at), at), else_=last)
    db.execute(instance.update().values(last_tick_at=newer, ticks=instance.c.ticks + 1))


def ticks(db: Connection) -> int:
    """How many ticks have ended well, of all workers together."""
    return int(db.execute(sa.select(instance.c.ticks)).scalar_one())


def last_tick(db: Connection) -> datetime | None:
    """When the last tick ended, by the instance clock."""
    return db.execute(sa.select(instance.c.last_tick_at)).scalar_one()


def read_secret(db: Connection) -> str:
    """What ids that must not be guessed are derived from."""
    return str(db.execute(_SECRET).scalar_one())


_SECRET = sa.select(instance.c.secret)


def opaque_id(secret: str, *parts: str) -> str:
    """An id made of facts: the same facts always give the same id, and nobody without the secret can guess it."""
    told = "\x1f".join(parts).encode()
    return hmac.digest(secret.encode(), told, "sha256").hex()[:32]
