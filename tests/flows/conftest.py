"""The recorded life of a cohort, and places on either database where its steps are tried again."""

import gc
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from grounds import Ground, ground
from recorded_life import Life, Recorder, live
from throwaway_postgres import Cluster

from cohortflow.store.database import open_database
from cohortflow.store.schema import migrate

Grounds = Callable[[int], Ground]  # each of several workers has its own


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A whole life, lived once undisturbed."""
    home = tmp_path_factory.mktemp("life") / "home"
    home.mkdir()
    recorder = Recorder(home)
    steps = live(recorder)
    recorder.scene.close()
    gc.collect()
    gc.freeze()  # children then share more of the memory, and are made faster
    yield Life(steps, recorder.scene)
    gc.unfreeze()


@pytest.fixture(scope="session")
def sqlite_grounds(life: Life, tmp_path_factory: pytest.TempPathFactory) -> Grounds:
    """Houses on SQLite, by number."""
    folder = tmp_path_factory.mktemp("sqlite")
    return cache(lambda number: ground(life.scene.house, folder / str(number)))


@pytest.fixture(scope="session")
def postgres_grounds(life: Life, postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Grounds:
    """Houses on PostgreSQL, by number."""
    folder = tmp_path_factory.mktemp("postgres")

    @cache
    def made(number: int) -> Ground:
        url = postgres_cluster.url(postgres_cluster.create())
        database = open_database(url)
        migrate(database)
        database.close()
        return ground(life.scene.house, folder / str(number), url)

    return made
