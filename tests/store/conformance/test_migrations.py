"""The schema: what migrations make is what the tables say, and a newer database is refused in plain words."""

import stat
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from side_by_side import side_by_side
from store_rows import MONDAY, change, intent, only, put_in_queue

from cohortflow.store import instances
from cohortflow.store.database import Database, open_database
from cohortflow.store.migrating import migration_config
from cohortflow.store.schema import known_schemas, make_at_once, migrate
from cohortflow.store.tables import metadata
from schemas.errors import CohortflowError


def test_migrations_make_what_the_tables_say(database: Database) -> None:
    with database.engine.connect() as db:
        differences = compare_metadata(MigrationContext.configure(db, opts={"compare_type": True}), metadata)

    assert differences == []


def test_a_database_made_at_once_is_the_one_that_migrations_make(database: Database, database_url: str) -> None:
    made_by_migrations = told_of(database)
    with database.write() as db:
        everything = sa.MetaData()
        everything.reflect(db)
        everything.drop_all(db)

    make_at_once(database)
    migrate(database, secret="a test")

    assert told_of(database) == made_by_migrations


def told_of(database: Database) -> dict[str, object]:
    """What a database says of itself: tables, columns, checks and indexes, and the version it is at."""
    with database.read() as db:
        inspector = sa.inspect(db)
        tables = {
            name: (
                sorted(str({**each, "type": str(each["type"])}) for each in inspector.get_columns(name)),
                sorted(map(str, inspector.get_check_constraints(name))),
                sorted(str({**each, "dialect_options": told_plainly(each)}) for each in inspector.get_indexes(name)),
                inspector.get_pk_constraint(name),
                sorted(map(str, inspector.get_unique_constraints(name))),
                sorted(map(str, inspector.get_foreign_keys(name))),
            )
            for name in inspector.get_table_names()
        }
        return {**tables, "version": db.execute(sa.text("select version_num from alembic_version")).scalar()}


def told_plainly(index: Any) -> dict[str, str]:
    """What only one kind of database says of an index, such as the rows it is for."""
    return {name: str(value) for name, value in index.get("dialect_options", {}).items()}


def test_the_versions_by_name_are_those_that_alembic_knows() -> None:
    walked = ScriptDirectory.from_config(migration_config()).walk_revisions()

    assert known_schemas() == [each.revision for each in walked][::-1]


def test_checks_and_partial_indexes_are_made_too(database: Database) -> None:
    inspector = sa.inspect(database.engine)

    for table in metadata.sorted_tables:
        declared = {str(index.name) for index in table.indexes}
        assert declared <= {index["name"] for index in inspector.get_indexes(table.name)}
        checks = {str(c.name) for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        assert checks <= {check["name"] for check in inspector.get_check_constraints(table.name)}


def test_a_database_of_the_first_version_is_upgraded(database_url: str) -> None:
    database = open_database(database_url)
    with database.engine.connect() as connection:
        db = connection.execution_options(cohortflow_write=True)
        config = migration_config()
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
        row = {"cohort_id": "a/b", "program_id": "a", "key": "b", "state": "running", "config_hash": "-", "line": "{}"}
        columns = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        db.execute(
            sa.text(f"insert into cohorts ({columns}, first_seen_at) values ({values}, :at)"),
            {**row, "at": "2027-01-01 00:00:00"},
        )
        db.commit()

    migrate(database, secret="a test")

    with database.read() as db:
        assert db.execute(sa.text("select cohort_id, state from cohorts")).all() == [("a/b", "running")]
        assert db.execute(sa.select(metadata.tables["waiting_edits"])).all() == []
        differences = compare_metadata(MigrationContext.configure(db, opts={"compare_type": True}), metadata)
    assert differences == []
    database.close()


@pytest.mark.parametrize("version", ["0005", "0006"])
def test_a_mail_of_an_unknown_state_is_refused_before_and_after_the_check_was_reworded(
    running: Database, version: str
) -> None:
    put_in_queue(running, intent("T01"))
    config = migration_config()
    for wanted in ("0005", version):
        with running.write() as db:
            config.attributes["connection"] = db
            (command.downgrade if wanted == "0005" else command.upgrade)(config, wanted)

    for state in ("sending", "accepted", "unknown"):
        change(running, "messages", state=state)
    with pytest.raises(sa.exc.IntegrityError):
        change(running, "messages", state="lost")

    assert only(running, "messages")["state"] == "unknown"
    if running.is_sqlite:
        with running.read() as db:
            assert db.execute(sa.text("pragma integrity_check")).scalar() == "ok"


def test_a_downgrade_that_would_lose_an_edit_is_refused(running: Database) -> None:
    with running.write() as db:
        row = {"cohort_id": "small-circle/2027-spring", "mark": "-", "line": {}, "consequences": []}
        db.execute(metadata.tables["waiting_edits"].insert().values(**row, seen_at=MONDAY))
    config = migration_config()

    with running.write() as db:
        config.attributes["connection"] = db
        with pytest.raises(RuntimeError, match="settle them first"):
            command.downgrade(config, "0001")
        db.rollback()


def test_a_second_migration_changes_nothing(database: Database) -> None:
    with database.read() as db:
        secret = instances.read_secret(db)
    executed: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *told: executed.append(told[2]))

    migrate(database, secret="another secret")

    assert not [told for told in executed if told.split()[0] in ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE")]
    with database.read() as db:
        assert instances.read_secret(db) == secret


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.write() as db:
        db.execute(sa.text("update alembic_version set version_num = '9999'"))

    with pytest.raises(CohortflowError, match=r"newer version .*9999.*update this checkout"):
        migrate(database)


def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    def start(_: int) -> str:
        database = open_database(database_url)
        migrate(database)
        with database.read() as db:
            secret = instances.read_secret(db)
        database.close()
        return secret

    secrets = side_by_side([start] * 4, workers=4)

    assert len(set(map(str, secrets))) == 1 and isinstance(secrets[0], str)


def test_a_naive_datetime_is_refused(database: Database) -> None:
    with pytest.raises((ValueError, sa.exc.StatementError), match="naive datetime"), database.write() as db:
        instances.note_tick(db, datetime(2027, 1, 1))  # noqa: DTZ001


def test_the_sqlite_file_is_for_its_owner_only(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'deep' / 'cohortflow.db'}")
    migrate(database)
    with database.write() as db:
        instances.note_tick(db, datetime.now().astimezone())
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "deep").iterdir()}
    database.close()

    assert {"cohortflow.db", "cohortflow.db-wal"} <= modes.keys() and set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o700


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(CohortflowError, match=r"mysql.*sqlite:///.*postgresql://"):
        open_database("mysql://somewhere/else")
