"""`cohortflow doctor` is content with what `up` has raised, and finds each planted fault and its cure."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from prefect_installation import free_port, wait_for
from raised_installation import Raised
from scenes import cohort_recruiting

from cohortflow.operations.doctor import Patient, examine, look_at_versions
from cohortflow.store.database import open_database
from cohortflow.store.schema import migrate
from schemas.health import Finding
from schemas.settings import Settings


def verdicts(settings: Settings, **environment: str) -> dict[str, Finding]:
    """What an examination found, by name, where Prefect is out of reach unless said otherwise."""
    given = {"PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"} | environment
    return {each.name: each for each in examine(Patient(settings, given))}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_raised_system_is_well(system: Raised) -> None:
    def findings() -> Any:
        told = system.typed("doctor", "--json")
        found = {each["name"]: each for each in json.loads(told.stdout)}
        bad = [each for each in found.values() if each["verdict"] == "fail"]
        return (told.returncode, found) if not bad else None

    code, found = wait_for("health", findings, seconds=240, every=2, told=system.told)

    assert code == 0
    assert found["doors"]["verdict"] == "ok"
    assert {"Prefect's server", "schedule", "worker", "last tick", "database", "disk", "doors"} <= set(found)


def test_without_a_database_and_a_server_it_says_what_to_start(tmp_path: Path) -> None:
    found = verdicts(Settings(home=tmp_path))

    assert (found["database"].verdict, found["Prefect's server"].verdict) == ("fail", "fail")
    assert "cohortflow up" in found["database"].cure
    assert "cohortflow up" in found["Prefect's server"].cure
    assert found["participants' pages"].verdict == "warn"


def test_a_database_of_another_version_is_named(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    database = open_database(settings.database)
    migrate(database)
    database.close()
    with sqlite3.connect(settings.var / "cohortflow.db") as db:
        db.execute("update alembic_version set version_num = '9999'")

    found = verdicts(settings)

    assert found["database"].verdict == "fail"
    assert "schema 9999" in found["database"].sentence


def test_ticks_that_stay_away_are_found(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)

    found = verdicts(scene.house.settings)

    assert found["last tick"].verdict in ("ok", "fail")
    with sqlite3.connect(scene.home / "var" / "cohortflow.db") as db:
        db.execute("update instance set last_tick_at = '2020-01-01 00:00:00.000000', clock_base = null")
    found = verdicts(scene.house.settings)
    assert found["last tick"].verdict == "fail"
    assert "schedule of advance-programs" in found["last tick"].cure


def test_a_database_that_waits_to_be_confirmed_is_told_with_the_command(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    assert "sending" not in verdicts(scene.house.settings)
    with sqlite3.connect(scene.home / "var" / "cohortflow.db") as db:
        db.execute("update instance set sending_hold = 'restored'")

    found = verdicts(scene.house.settings)["sending"]

    assert (found.verdict, found.sentence) == ("fail", "no mail leaves: restored")
    assert "cohortflow mail confirm-instance" in found.cure


def test_weak_secrets_and_open_files_are_found_and_never_printed(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    database = open_database(settings.database)
    migrate(database)
    database.close()
    (settings.var / "cohortflow.db").chmod(0o644)

    found = examine(Patient(settings, {"COHORTFLOW_SENDGRID_KEY": "hush", "PREFECT_API_URL": "http://127.0.0.1:1/api"}))

    told = [each.sentence for each in found if each.name == "secrets"]
    assert len(told) == 2
    assert "hush" not in str(found)


def test_pages_open_to_others_without_a_password_are_found(tmp_path: Path) -> None:
    found = verdicts(Settings(home=tmp_path), PREFECT_SERVER_API_HOST="0.0.0.0")
    assert found["doors"].verdict == "fail"

    found = verdicts(
        Settings(home=tmp_path),
        PREFECT_SERVER_API_HOST="0.0.0.0",
        PREFECT_SERVER_API_AUTH_STRING="admin:long-and-secret",
    )
    assert found["doors"].verdict == "ok"


def test_the_versions_of_this_checkout_are_the_good_ones(tmp_path: Path) -> None:
    patient = Patient(Settings(home=tmp_path), {})
    assert [each.verdict for each in look_at_versions(patient)] == ["ok"]


def test_a_further_examination_can_be_added(tmp_path: Path) -> None:
    mail = Finding("mail", "warn", "the domain of `from:` is not signed", "publish a DKIM record")

    found = examine(
        Patient(Settings(home=tmp_path), {"PREFECT_API_URL": "http://127.0.0.1:1/api"}), (lambda _: [mail],)
    )

    assert found[-1] == mail
