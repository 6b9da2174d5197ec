"""Insert what is not there yet, on either database."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection


def insert_into(db: Connection, table: sa.Table) -> Any:
    """An insert that can say what happens on a conflict, in the words of this database."""
    return sqlite.insert(table) if db.engine.dialect.name == "sqlite" else postgresql.insert(table)
