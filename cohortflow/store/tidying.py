"""Keep the database quick and small: fresh statistics, and room given back once a good part of it is empty."""

import logging
import sqlite3
from contextlib import closing
from typing import Any

import sqlalchemy as sa

from cohortflow.store.database import Database

logger = logging.getLogger("cohortflow.store")

EMPTY_SHARE = 0.2


def tidy(database: Database) -> int:
    """Refresh statistics; on SQLite also shorten the journal, and rebuild the file when a fifth of it is empty.

    PostgreSQL cleans up after itself (autovacuum).

    Returns:
        How many pages were given back.
    """
    if not database.is_sqlite:
        with database.write() as db:
            db.execute(sa.text("analyze"))
        return 0
    # Not through a transaction of ours: SQLite rebuilds its file in none.
    with closing(database.engine.raw_connection()) as connection:
        try:
            return _tidy_file(connection.cursor())
        except sqlite3.OperationalError as error:
            logger.warning("the database was not tidied (%s); the next day will do", error)
            return 0


def _tidy_file(cursor: Any) -> int:
    cursor.execute("pragma optimize")
    (empty,) = cursor.execute("pragma freelist_count").fetchone()
    (pages,) = cursor.execute("pragma page_count").fetchone()
    freed = int(empty) if empty >= EMPTY_SHARE * pages else 0
    if freed:
        cursor.execute("vacuum")
    cursor.execute("pragma wal_checkpoint(truncate)").fetchall()
    return freed
