"""Killed at any instant, run again: the same end. Every step of a cohort's life, whatever the worker was just doing.

For each step the test first looks, from another connection, what a kill would leave before every single SQL statement,
before every COMMIT, and before each link and removal of a file in the outbox. Many of those leave the same, and what is
the same has the same future. For every distinct thing they leave, on SQLite and on PostgreSQL, the worker is really
killed (SIGKILL), at the last of its points, which is when most is at stake; what is found must be what was seen; and a
second run must end as if nothing had happened. `KILL_AT=every` kills before each single statement instead (some minutes).
"""

import itertools
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from grounds import Ground, Step
from killing import Toll, kill_everywhere, was_killed
from recorded_life import Life
from side_by_side import side_by_side

from cohortflow.store.database import Database, open_database
from cohortflow.store.schema import migrate
from cohortflow.store.tables import metadata

EVERY_POINT = os.environ.get("KILL_AT") == "every"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if EVERY_POINT else 900)]
STEPS = (
    "first tick", "recruit opens", "invitations", "applications", "recruit closes", "match runs", "approval asked",
    "approval", "announced", "acceptances", "orientation", "start", "check-in opens", "pulse", "check-in closes",
    "a leaver", "rematch approved", "rematch told", "evaluation", "close", "thanks", "report",
)  # fmt: skip


@pytest.fixture(scope="module")
def tolls_on_sqlite(life: Life, sqlite_grounds: Callable[[int], Ground]) -> dict[str, Toll]:
    return _all_of(life.steps, sqlite_grounds)


@pytest.fixture(scope="module")
def tolls_on_postgres(life: Life, postgres_grounds: Callable[[int], Ground]) -> dict[str, Toll]:
    return _all_of(life.steps, postgres_grounds)


def _all_of(steps: list[Step], grounds: Callable[[int], Ground]) -> dict[str, Toll]:
    def kill(step: Step, worker: int) -> Toll:
        return kill_everywhere(step, grounds(worker), at_every_point=EVERY_POINT)

    longest_first = sorted(steps, key=lambda step: -len(step.letters))
    found = side_by_side([partial(kill, step) for step in longest_first])
    return dict(zip([step.name for step in longest_first], found, strict=True))


def test_the_life_that_is_interrupted_is_a_whole_one(life: Life) -> None:
    assert tuple(step.name for step in life.steps) == STEPS
    assert {row["template"] for row in life.scene.mails() if row["state"] != "accepted"} == {"report_ready"}
    assert not [row for row in life.scene.rows("occasions") if row["last_error"]]
    assert [match["round"] for match in life.scene.matches() if match["replaces"]] == [2]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_killed_anywhere_ends_the_same(step: str, tolls_on_sqlite: dict[str, Toll]) -> None:
    _check(tolls_on_sqlite[step])


@pytest.mark.postgres
@pytest.mark.parametrize("step", STEPS)
def test_a_step_killed_on_postgres_ends_the_same(step: str, tolls_on_postgres: dict[str, Toll]) -> None:
    _check(tolls_on_postgres[step])


def test_an_installation_killed_anywhere_is_made_by_the_next_start(tmp_path: Path) -> None:
    def installed(home: Path) -> Database:
        database = open_database(f"sqlite:///{home / 'cohortflow.db'}", durable=False)
        migrate(database, secret="a test")
        return database

    for point in itertools.count(1, 7):
        home = tmp_path / str(point)
        database = open_database(f"sqlite:///{home / 'cohortflow.db'}", durable=False)
        if not was_killed(point, database, home, partial(migrate, database)):
            break
        assert set(sa.inspect(installed(home).engine).get_table_names()) >= set(metadata.tables)
    assert point > 40


def _check(toll: Toll | AssertionError) -> None:
    if isinstance(toll, AssertionError):
        raise toll
    print(f"{toll.step}: {toll.points} points, {toll.states} states, {toll.kills} kills, {toll.seconds:.1f} s")
    assert toll.points > 10
    assert toll.kills >= (toll.points if EVERY_POINT else toll.states)
