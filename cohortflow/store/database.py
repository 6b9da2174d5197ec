"""The database: one engine for SQLite or PostgreSQL, and the transactions everything else runs in."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.engine.url import make_url

from cohortflow.store.troubles import tell_plainly
from schemas.errors import CohortflowError

TIMEOUT_SECONDS = 30
CACHE_KB = 16_000
PAGES_OF_THE_LOG = 4_000  # of 4 KB, until they are carried over to the file
PATIENCE = 4  # times the timeout, for one that thinks in the middle of a transaction


@dataclass(frozen=True)
class Database:
    """An open database. `write()` and `read()` give connections inside a transaction."""

    engine: Engine

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded default."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write. On SQLite it takes the write lock at once, so it can never deadlock."""
        with self.engine.connect() as connection:
            db = connection.execution_options(cohortflow_write=True)
            with db.begin():
                yield db

    @contextmanager
    def write_alone(self) -> Iterator[Connection]:
        """A writing transaction that no other of its kind runs beside, so that two ticks take a file in only once.

        SQLite lets only one write at a time anyway; PostgreSQL takes a lock that ends with the transaction.
        """
        with self.write() as db:
            if not self.is_sqlite:
                db.execute(sa.text("select pg_advisory_xact_lock(727002)"))
            yield db

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that sees a single moment and changes nothing."""
        with self.engine.connect() as connection:
            db = connection
            if not self.is_sqlite:
                db = connection.execution_options(isolation_level="REPEATABLE READ")
            with db.begin():
                yield db

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def read_json(told: str | bytes) -> Any:
    """What a JSON column holds, the fast way; half a surrogate pair or NaN only the standard library reads."""
    try:
        return orjson.loads(told)
    except orjson.JSONDecodeError:
        return json.loads(told)


_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS


def write_json(value: Any) -> str:
    """The JSON of a column, the fast way; what orjson does not take, the standard library writes or refuses."""
    try:
        return orjson.dumps(value, option=_STRICT).decode()
    except TypeError:
        return json.dumps(value)


def as_dicts(result: CursorResult[Any]) -> list[dict[str, Any]]:
    """All rows of an answer as dicts by column, fetched at once: SQLAlchemy's own mappings take many times longer."""
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result.all()]


def is_there(url: str) -> bool:
    """Whether a database at a URL was made before; of a server it is taken for granted, and told when it is asked."""
    parsed = _parsed(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()


def open_existing(url: str, *, timeout: int = TIMEOUT_SECONDS) -> Database | None:
    """The database at a URL, to look at; None where there is none yet, and none is made."""
    if not is_there(url):
        return None
    database = open_database(url, timeout=timeout)
    with database.read() as db:
        if sa.inspect(db).has_table("cohorts"):
            return database
    database.close()
    return None


def open_database(url: str, *, durable: bool = True, timeout: int = TIMEOUT_SECONDS) -> Database:
    """Open the database at a SQLAlchemy URL; a SQLite file is made, private to its owner, if it is not there.

    Args:
        durable: False skips fsync, for a simulation whose database nobody needs after a power cut.
        timeout: seconds to wait for what another process holds.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        engine = _open_sqlite(parsed.database or "", durable, timeout)
    elif parsed.get_backend_name() == "postgresql":
        engine = _open_postgresql(parsed.set(drivername="postgresql+psycopg"), durable, timeout)
    else:
        raise CohortflowError(f"COHORTFLOW_DATABASE_URL: {parsed.get_backend_name()!r} is not supported; {_URLS}")
    tell_plainly(engine)
    return Database(engine)


_URLS = "write sqlite:///path/to/file.db or postgresql://user@host/name"


def _parsed(url: str) -> sa.URL:
    try:
        return make_url(url)
    except sa.exc.ArgumentError:
        raise CohortflowError(f"COHORTFLOW_DATABASE_URL: is not the address of a database; {_URLS}") from None


def _open_sqlite(path: str, durable: bool, timeout: int) -> Engine:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(file)),
        connect_args={"timeout": timeout, "check_same_thread": False},
        hide_parameters=True,
        json_deserializer=read_json,
        json_serializer=write_json,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # SQLAlchemy opens the transaction itself (see `write`); the driver's own BEGIN would be a deferred one.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
        # A batch of mail touches a few hundred pages, many of them again with the next one.
        connection.execute(f"PRAGMA cache_size=-{CACHE_KB}")
        connection.execute(f"PRAGMA wal_autocheckpoint={PAGES_OF_THE_LOG}")

    @event.listens_for(engine, "begin")
    def begin(db: Connection) -> None:
        db.exec_driver_sql("BEGIN IMMEDIATE" if db.get_execution_options().get("cohortflow_write") else "BEGIN")

    return engine


def _open_postgresql(url: sa.URL, durable: bool, timeout: int) -> Engine:
    options = f"-c statement_timeout={timeout}s -c lock_timeout={timeout}s -c timezone=UTC"
    if durable:
        # A server may be set up to answer before the disk has: a claim lost in a crash would be a mail sent twice.
        options += " -c synchronous_commit=on"
    # What a worker that is asleep has locked must not keep the others from their work for ever.
    options += f" -c idle_in_transaction_session_timeout={PATIENCE * timeout}s"
    # A server whose machine has gone silently is given up after the timeout, too.
    silence = {"keepalives_idle": timeout, "tcp_user_timeout": 1000 * timeout}
    told = {"connect_timeout": 10, "options": options, **silence}
    return sa.create_engine(
        url,
        pool_pre_ping=True,
        connect_args=told,
        hide_parameters=True,
        json_deserializer=read_json,
        json_serializer=write_json,
    )
