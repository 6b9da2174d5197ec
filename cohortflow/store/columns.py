"""What the tables are made of: instants in UTC, plain columns, and the names of constraints."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, on SQLite too (which knows no zones)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """An instant on its way in; a naive one is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the store; pass an aware one")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """An instant on its way out, aware whatever the database keeps."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Statements that are the same but for the instant are built once, with this in its place.
NOW = sa.bindparam("now", type_=Instant)


class RealNow(FunctionElement[float]):
    """The real time in seconds, as the database's own machine shows it.

    Leases run on it, whatever the instance clock shows: workers whose machines disagree still agree on it.
    """

    type = sa.Float()
    inherit_cache = True


@compiles(RealNow, "postgresql")
def _of_postgresql(*_: Any, **__: Any) -> str:
    return "extract(epoch from statement_timestamp())"


@compiles(RealNow, "sqlite")
def _of_sqlite(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


REAL_NOW = RealNow()

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(column_0_N_label)s",
    }
)


def text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    """A column of text, not null unless said."""
    return sa.Column(name, sa.Text, nullable=null, server_default=default)


def at(name: str, *, null: bool = True) -> sa.Column[datetime]:
    """A column of instants in UTC."""
    return sa.Column(name, Instant, nullable=null)


def integer(name: str, default: int = 0) -> sa.Column[int]:
    """A column of whole numbers, never null."""
    return sa.Column(name, sa.Integer, nullable=False, server_default=str(default))
