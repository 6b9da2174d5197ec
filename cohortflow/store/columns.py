"""What the tables are made of: instants in UTC, plain columns, the names of constraints; and what many are asked by."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, on SQLite too (which knows no zones)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """How an instant goes in; a naive one is refused."""
        return _as_told if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """How an instant comes out, aware whatever the database keeps."""
        return _as_read if dialect.name == "sqlite" else _in_utc


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a naive datetime has no place in the store; pass an aware one")
    return value.astimezone(UTC)


def _as_told(value: datetime | None) -> str | None:
    """The text that SQLite keeps: no zone, and so written that texts sort as instants do."""
    told = _in_utc(value)
    return told.isoformat(" ", "microseconds")[:-6] if told else None


def _as_read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(f"{text}+00:00") if text else None


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


class Texts(TypeDecorator[list[str]]):
    """Any number of texts as one value, in JSON: a driver takes longer over an array of them."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str:
        """The texts on their way in."""
        return orjson.dumps(list(value or ())).decode()


class Rows(TypeDecorator[list[tuple[Any, ...]]]):
    """Any number of short rows as one value, in JSON."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[Sequence[Any]] | None, dialect: Dialect) -> str:
        """The rows on their way in."""
        return orjson.dumps(list(value or ())).decode()


class EachRow(FunctionElement[Any]):
    """Short rows that are given under a name, as a table: many of them are inserted by a statement of one wording."""

    inherit_cache = True


def each_row(name: str = "rows") -> tuple[sa.TableValuedAlias, Callable[[int], sa.ColumnElement[Any]]]:
    """The rows that are given under a name, and how one asks for the n-th text of each."""
    given = EachRow(sa.bindparam(name, type_=Rows)).table_valued("value", name="given")
    return given, lambda n: given.c.value.op("->>")(sa.literal_column(str(n)))


@compiles(EachRow, "postgresql")
def _of_json_array(asked: EachRow, compiler: SQLCompiler, **more: Any) -> str:
    (rows,) = (compiler.process(each, **more) for each in asked.clauses)
    return f"json_array_elements(CAST({rows} AS JSON))"


@compiles(EachRow, "sqlite")
def _of_json_each(asked: EachRow, compiler: SQLCompiler, **more: Any) -> str:
    (rows,) = (compiler.process(each, **more) for each in asked.clauses)
    return f"json_each({rows})"


class Among(FunctionElement[bool]):
    """Whether a column holds one of many texts: a statement of one wording, however many there are.

    `IN` with a place for each text is put together anew each time, which takes longer than the database does.
    """

    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> "Among":
        """Itself, as a condition: SQLite would be asked whether it equals 1, and then looks through the whole table."""
        return self


def among(column: sa.Column[str], name: str = "ids") -> Among:
    """Whether a column holds one of the texts that are given under a name."""
    return Among(column, sa.bindparam(name, type_=Texts))


@compiles(Among, "postgresql")
def _in_array(asked: Among, compiler: SQLCompiler, **more: Any) -> str:
    column, texts = (compiler.process(each, **more) for each in asked.clauses)
    return f"{column} = ANY(ARRAY(SELECT json_array_elements_text(CAST({texts} AS JSON))))"


@compiles(Among, "sqlite")
def _in_json(asked: Among, compiler: SQLCompiler, **more: Any) -> str:
    column, texts = (compiler.process(each, **more) for each in asked.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - our own words, compiled


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
