"""Bring a database to this version's schema, and refuse one that a newer version has written."""

import secrets
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from cohortflow.store.database import Database
from cohortflow.store.tables import instance
from schemas.errors import CohortflowError

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database, *, secret: str | None = None) -> None:
    """Create or upgrade the tables; a second call finds nothing to do.

    Args:
        secret: what message ids are derived from; a simulation passes one made of its seed, so that ids repeat.
    """
    config = migration_config()
    if _is_current(database, config):
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
            _upgrade(db, config)
            _found_instance(db, secret)
            db.commit()
        finally:
            if not database.is_sqlite:
                db.rollback()
                db.execute(sa.text("select pg_advisory_unlock(727001)"))
                db.commit()


def migration_config() -> Config:
    """Where Alembic finds the migrations."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def schema_of(database: Database) -> tuple[str | None, str | None]:
    """The schema a database has, and the one this version wants."""
    with database.read() as db:
        current = MigrationContext.configure(db).get_current_revision()
    return current, ScriptDirectory.from_config(migration_config()).get_current_head()


def _is_current(database: Database, config: Config) -> bool:
    with database.read() as db:
        current = MigrationContext.configure(db).get_current_revision()
        at_head = current == ScriptDirectory.from_config(config).get_current_head()
        return at_head and db.execute(sa.select(instance.c.id)).first() is not None


def _upgrade(db: Connection, config: Config) -> None:
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(db).get_current_revision()
    if current == script.get_current_head():
        return
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise CohortflowError(
            f"the database was written by a newer version (schema {current}); update this checkout, then run again"
        )
    config.attributes["connection"] = db
    command.upgrade(config, "head")


def _found_instance(db: Connection, secret: str | None) -> None:
    if db.execute(sa.select(instance.c.id)).first() is None:
        key = secret or secrets.token_hex(32)
        db.execute(
            instance.insert().values(id=1, instance_id=secret or secrets.token_hex(8), secret=key, clock_rate=1.0)
        )
