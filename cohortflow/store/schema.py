"""Bring a database to this version's schema, and refuse one that a newer version has written.

Alembic is loaded only where there is something to migrate: a command that finds everything in place has no use for it.
"""

import secrets
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.database import Database
from cohortflow.store.tables import instance, metadata
from schemas.errors import CohortflowError

MIGRATIONS = Path(__file__).parent / "migrations"
# Alembic's own table, as Alembic makes it.
_VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def migrate(database: Database, *, secret: str | None = None) -> None:
    """Create or upgrade the tables; a second call finds nothing to do.

    Args:
        secret: what message ids are derived from; a simulation passes one made of its seed, so that ids repeat.
    """
    if _is_current(database):
        return
    with database.engine.connect() as connection:
        # On SQLite this takes the write lock with the first statement, so that two processes that start together
        # migrate one after the other, and a process that dies leaves nothing by halves.
        db = connection.execution_options(cohortflow_write=True)
        if not database.is_sqlite:
            # Two workers that start together must not migrate together.
            db.execute(sa.text("select pg_advisory_lock(727001)"))
            db.commit()
        try:
            _upgrade(db)
            _found_instance(db, secret)
            db.commit()
        finally:
            if not database.is_sqlite:
                db.rollback()
                db.execute(sa.text("select pg_advisory_unlock(727001)"))
                db.commit()


def make_at_once(database: Database) -> None:
    """Give an empty database the newest tables without going through every version: for one that a simulation leaves.

    `migrate` finds it current.
    """
    with database.write() as db:
        if not sa.inspect(db).has_table(_VERSION.name):
            metadata.create_all(db)
            _VERSION.create(db)
            db.execute(_VERSION.insert().values(version_num=newest_schema()))


def schema_of(database: Database) -> tuple[str | None, str]:
    """The schema a database has, and the one this version wants."""
    with database.read() as db:
        return _current(db), newest_schema()


def known_schemas() -> list[str]:
    """Every schema there has been, in their order: migrations are named by number, as in r0001_spine.py."""
    return sorted(path.name[1:5] for path in (MIGRATIONS / "versions").glob("r[0-9]*_*.py"))


def newest_schema() -> str:
    """The schema this version wants."""
    return known_schemas()[-1]


def _current(db: Connection) -> str | None:
    if not sa.inspect(db).has_table(_VERSION.name):
        return None
    return db.execute(sa.select(_VERSION.c.version_num)).scalar()


def _is_current(database: Database) -> bool:
    with database.read() as db:
        at_newest = _current(db) == newest_schema()
        return at_newest and db.execute(sa.select(instance.c.id)).first() is not None


def _upgrade(db: Connection) -> None:
    current = _current(db)
    if current == newest_schema():
        return
    if current is not None and current not in known_schemas():
        raise CohortflowError(
            f"the database was written by a newer version (schema {current}); update this checkout, then run again"
        )
    from cohortflow.store.migrating import upgrade

    upgrade(db)


def _found_instance(db: Connection, secret: str | None) -> None:
    if db.execute(sa.select(instance.c.id)).first() is None:
        key = secret or secrets.token_hex(32)
        db.execute(
            instance.insert().values(id=1, instance_id=secret or secrets.token_hex(8), secret=key, clock_rate=1.0)
        )
