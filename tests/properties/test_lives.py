"""Random lives of a small cohort: whatever happens in whatever order, everything that must hold holds after each act.

Each life begins at one of the moments of `tests/scenes.py`; then come some thirty events. They are drawn by a seed, so
that every run has the same ones; LIVES=1000 draws more of them, and LIVES_SEED=2 others.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from properties.random_lives import Events
from throwaway_postgres import Cluster

from cohortflow.store.database import open_database
from cohortflow.store.schema import migrate
from schemas.settings import CHECKOUT

LIVES, SEED = int(os.environ.get("LIVES", "0")), int(os.environ.get("LIVES_SEED", "43"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900 + LIVES * 30)]
Live = Callable[[int, list[str]], None]


@pytest.fixture
def live(tmp_path: Path) -> Live:
    """Live some random lives, in a house for each database that is named; "" is SQLite."""
    texts = shutil.copytree(CHECKOUT / "templates", tmp_path / "templates")

    def run(lives: int, where: list[str]) -> None:
        @seed(SEED)
        class Lives(Events):
            urls, templates, folder = where, Path(texts), tmp_path

        how = settings(
            max_examples=LIVES or lives,
            stateful_step_count=30,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(Lives, settings=how)

    return run


@pytest.fixture
def postgres_url(postgres_cluster: Cluster, postgres_database: str) -> str:
    """A PostgreSQL with every table."""
    database = open_database(postgres_database)
    migrate(database, secret="a scene")
    database.close()
    return postgres_database


def test_whatever_happens_every_invariant_holds(live: Live) -> None:
    live(8, [""])


@pytest.mark.postgres
def test_whatever_happens_every_invariant_holds_on_postgres(live: Live, postgres_url: str) -> None:
    live(3, [postgres_url])


@pytest.mark.postgres
def test_the_same_life_ends_the_same_in_both_databases(live: Live, postgres_url: str) -> None:
    live(3, ["", postgres_url])
