"""A locked or a full database: the run fails loudly in plain words, nothing is half planned, the next one goes on."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from grounds import State, run_again, state_of
from scenes import Scene, cohort_declared, cohort_recruiting, open_scene
from sqlalchemy import event

from cohortflow.store.database import open_database
from schemas.errors import CohortflowError


def invite(scene: Scene) -> dict[str, int]:
    """The tick that begins the cohort and sends every invitation."""
    return scene.tick(scene.occasion("recruit.invite#1")["due_at"].replace(hour=15))


@pytest.fixture
def undisturbed(tmp_path: Path) -> State:
    """How that tick ends when the database does its work."""
    scene = cohort_declared(tmp_path / "undisturbed")
    invite(scene)
    return state_of(scene.house.database)


@contextmanager
def locked(scene: Scene) -> Iterator[None]:
    """Somebody else holds the write lock."""
    other = open_database(scene.house.settings.database)
    with other.write():
        yield
    other.close()


def test_a_locked_database_fails_the_tick_and_plans_nothing(tmp_path: Path, undisturbed: State) -> None:
    scene = cohort_declared(tmp_path, database_timeout=1)
    before = state_of(scene.house.database)

    with locked(scene), pytest.raises(CohortflowError, match=r"database is locked.*COHORTFLOW_DATABASE_TIMEOUT"):
        invite(scene)

    assert state_of(scene.house.database) == before
    invite(scene)
    assert state_of(scene.house.database) == undisturbed


def test_a_database_locked_halfway_fails_and_the_next_tick_goes_on(
    tmp_path: Path, undisturbed: State, caplog: pytest.LogCaptureFixture
) -> None:
    scene = cohort_declared(tmp_path, database_timeout=1)
    holding = []

    def lock_after_the_claim(db: sa.engine.Connection, *told: object) -> None:
        if not holding and str(told[1]).startswith("SELECT people"):
            holding.append(locked(scene))
            holding[0].__enter__()

    event.listen(scene.house.database.engine, "before_cursor_execute", lock_after_the_claim)
    with caplog.at_level(logging.ERROR):
        assert invite(scene)["failed"] == 1

    assert "small-circle/2027-spring · recruit: the database is locked" in caplog.text
    assert scene.rows("participants") == [] and scene.occasion("recruit.opens")["state"] == "pending"
    holding[0].__exit__(None, None, None)
    run_again(scene, invite)
    assert state_of(scene.house.database) == undisturbed


@pytest.mark.parametrize("pages", range(2))
def test_a_full_database_fails_the_tick_and_the_next_one_goes_on(
    pages: int, tmp_path: Path, undisturbed: State, caplog: pytest.LogCaptureFixture
) -> None:
    scene = cohort_declared(tmp_path)
    with scene.house.database.read() as db:
        most = db.execute(sa.text("PRAGMA page_count")).scalar_one() + pages
    scene.close()
    event.listen(scene.house.database.engine, "connect", lambda db, _: db.execute(f"PRAGMA max_page_count = {most}"))

    with caplog.at_level(logging.ERROR):
        try:
            told = f"{invite(scene)['failed']} failed: {caplog.text}"
        except CohortflowError as error:
            told = f"1 failed: {error}"

    assert told.startswith("1 failed") and "the database is full" in told
    scene.close()
    with_room = open_scene(tmp_path, scene.now, transport=scene.house.transport)
    run_again(with_room, invite)
    assert state_of(with_room.house.database) == undisturbed


def test_a_damaged_file_is_told_plainly(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    scene.close()
    (tmp_path / "var" / "cohortflow.db").write_bytes(b"not a database" * 999)

    with pytest.raises(CohortflowError, match=r"not a database.*backup"):
        scene.tick()


def test_a_server_out_of_reach_is_told_plainly() -> None:
    nowhere = open_database("postgresql://nobody@127.0.0.1:1/none")

    with pytest.raises(CohortflowError, match=r"cannot be reached.*COHORTFLOW_DATABASE_URL"), nowhere.read():
        pass


def test_a_fault_of_the_code_stays_what_it_is(tmp_path: Path) -> None:
    scene = cohort_declared(tmp_path)

    with pytest.raises(sa.exc.OperationalError, match="no such table"), scene.house.database.read() as db:
        db.execute(sa.text("select * from nowhere"))
