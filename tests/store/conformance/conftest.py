"""A migrated database of each kind, with one running cohort in it and nothing ready."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from scene_files import COHORT, write_configuration
from store_rows import MONDAY, person
from throwaway_postgres import Cluster

from cohortflow.programs.cohorts import cohort_line
from cohortflow.programs.documents import read_config
from cohortflow.store import bundles, cohorts, people
from cohortflow.store.database import Database, open_database
from cohortflow.store.schema import migrate


@pytest.fixture(scope="session")
def migrated(postgres_cluster: Cluster) -> str:
    """The name of a PostgreSQL database that has every table; new ones are copies of it."""
    name = postgres_cluster.create()
    database = open_database(postgres_cluster.url(name))
    migrate(database, secret="a test")
    database.close()
    return name


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database that has every table, closed; new ones are copies of it."""
    file = tmp_path_factory.mktemp("migrated") / "cohortflow.db"
    database = open_database(f"sqlite:///{file}", durable=False)
    migrate(database, secret="a test")
    database.close()
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty, migrated database of each kind in turn."""
    if request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "cohortflow.db")
        opened = open_database(f"sqlite:///{file}", durable=False)
        yield opened
        opened.close()
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create(request.getfixturevalue("migrated"))
    opened = open_database(cluster.url(name))
    yield opened
    opened.close()
    cluster.drop(name)


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A real program, as the tick would have accepted it."""
    home = tmp_path_factory.mktemp("configuration")
    write_configuration(home)
    return read_config(home / "program_configs" / "small-circle.yaml")


@pytest.fixture
def running(database: Database, texts: dict[str, str]) -> Database:
    """The database with a cohort under way and three people on the roster."""
    program_id, key = COHORT.split("/")
    with database.write() as db:
        config_hash = bundles.keep_bundle(db, "config", texts, MONDAY)
        cohorts.insert(db, COHORT, config_hash, cohort_line(texts, program_id, key), MONDAY)
        cohorts.change(db, COHORT, state="running", begun_at=MONDAY)
        people.merge(db, "inbox", [person("T01"), person("T02"), person("M01")], MONDAY.date())
    return database
