"""What a database may answer instead of doing its work, in plain words: locked, full, closed, out of reach."""

import sqlite3
import sys

from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.event import listens_for

from schemas.errors import CohortflowError

UNDONE = "nothing was done by halves, and the next run goes on from here"
LOCKED = (
    f"the database is locked: another process has kept it for longer than the timeout; {UNDONE}. "
    "If it stays so, look for a process that hangs, or raise COHORTFLOW_DATABASE_TIMEOUT"
)
FULL = f"the database is full: there is no room for it on the disk; {UNDONE}. Free some space"
READ_ONLY = f"the database may not be written; {UNDONE}. Give its file and folder to the user who runs this"
OUT_OF_REACH = (
    f"the database cannot be reached; {UNDONE}. See whether it runs, and whether COHORTFLOW_DATABASE_URL names it"
)
ASLEEP = f"this process was away for so long that the database has given its work up; {UNDONE}"
NO_DATABASE = "the file is not a database, or it is damaged; put a backup in its place"
BY_SQLITE = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: OUT_OF_REACH,
    sqlite3.SQLITE_CORRUPT: NO_DATABASE,
    sqlite3.SQLITE_NOTADB: NO_DATABASE,
}
BY_POSTGRESQL = {
    "55P03": LOCKED,  # lock_timeout
    "57014": LOCKED,  # statement_timeout
    "40P01": LOCKED,  # deadlock
    "25P03": ASLEEP,  # idle_in_transaction_session_timeout
    "57P01": OUT_OF_REACH,  # the server is being stopped
    "57P02": OUT_OF_REACH,
    "57P03": OUT_OF_REACH,  # it is starting
    "53100": FULL,
    "25006": READ_ONLY,
    "42501": READ_ONLY,
}


def tell_plainly(engine: Engine) -> None:
    """Have an engine raise our own errors for such troubles; a fault of the code stays what it is."""

    @listens_for(engine, "handle_error")
    def tell(context: ExceptionContext) -> None:
        if context.is_pre_ping:
            return  # a connection that has gone stale: SQLAlchemy makes another
        if told := in_words(context.original_exception):
            raise CohortflowError(told) from None


def in_words(error: BaseException | None) -> str | None:
    """The trouble behind a driver's error, or None when it is none of the known ones."""
    if isinstance(error, sqlite3.Error):
        # The lower byte is the kind of trouble, the rest says more about it.
        return BY_SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    # Whoever has such an error has loaded its driver; where the database is SQLite, nobody should wait for it.
    psycopg = sys.modules.get("psycopg")
    if psycopg and isinstance(error, psycopg.Error):
        unreachable = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
        return OUT_OF_REACH if unreachable else BY_POSTGRESQL.get(error.sqlstate or "")
    return None
