"""The live demonstration lives a cohort in a home of its own, by itself, and moves no real clock."""

import json
from pathlib import Path

import pytest

from cohortflow.engine import plainly
from cohortflow.operations.demo import COHORT, demo_environment, demo_settings, prepare_demo
from cohortflow.simulation.watched_life import MARK, move_on, open_stage
from cohortflow.store import cohorts, instances, messages, tallies
from flows.house import living_in, open_house
from flows.tick import look, one_pass
from schemas.errors import CohortflowError
from schemas.settings import Settings


@pytest.fixture
def real(tmp_path: Path) -> Settings:
    """The settings of a real installation."""
    return Settings(home=tmp_path / "real")


@pytest.mark.slow
def test_a_cohort_is_lived_from_invitation_to_matches_with_nobody_else(real: Settings) -> None:
    settings = demo_settings(real)
    cohort_id = prepare_demo(settings)
    house = open_house(settings)
    with plainly(), living_in(house):
        stage = open_stage(house)
        one_pass()
        for _ in range(1000):
            now = house.now()
            found = look(now, [], [])
            if found.programs or found.mails:
                one_pass(now)
            elif not move_on(stage, now):
                break
            with house.database.read() as db:
                if tallies.match_states(db, cohort_id).get("active"):
                    break
        with house.database.read() as db:
            row, mails = cohorts.read_row(db, cohort_id), messages.counts(db)
            assert tallies.match_states(db, cohort_id)["active"] >= 10
    assert row is not None and row.state == "running"
    assert mails["accepted"] > 200
    assert not (real.home / "program_configs").exists()
    house.database.close()


def test_a_real_home_is_left_alone(real: Settings) -> None:
    house = open_house(real)

    with pytest.raises(CohortflowError, match="is no demonstration"):
        open_stage(house)

    with house.database.read() as db:
        assert instances.read_clock(db).base is None
    house.database.close()


def test_it_begins_anew_and_takes_nothing_from_a_stranger(real: Settings) -> None:
    settings = demo_settings(real)
    prepare_demo(settings)
    (settings.outbox).mkdir(parents=True, exist_ok=True)
    (settings.outbox / "old.eml").write_text("old")

    assert prepare_demo(settings).endswith(f"/{COHORT}")

    assert not (settings.outbox / "old.eml").exists()
    (settings.home / MARK).unlink()
    with pytest.raises(CohortflowError, match="is there, and is no demonstration"):
        prepare_demo(settings)


def test_nothing_of_the_real_environment_reaches_it(real: Settings) -> None:
    given = {"COHORTFLOW_DATABASE_URL": "postgresql://x/y", "COHORTFLOW_SENDGRID_KEY": "k", "PREFECT_HOME": "/real",
             "PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg://x/y", "PATH": "/bin"}  # fmt: skip
    settings = demo_settings(real)

    kept = demo_environment(settings, given)

    assert kept == {
        "PATH": "/bin", "COHORTFLOW_HOME": str(settings.home), "COHORTFLOW_ONLY_COHORTS": json.dumps([COHORT]),
    }  # fmt: skip
