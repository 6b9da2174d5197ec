"""The table of a cohort says how it stands, what comes next and when, and nobody's words."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from scenes import Scene, cohort_recruiting

from cohortflow.store import cohorts, occasions
from flows.standing import key_of, standing_of

ZONE = ZoneInfo("Europe/Berlin")


def table(scene: Scene) -> dict[str, dict[str, str]]:
    """The rows by what they are about."""
    with scene.house.database.read() as db:
        row = cohorts.read_row(db, scene.cohort_id)
        things = occasions.rows_of(db, scene.cohort_id)
    assert row is not None
    return {each["what"]: each for each in standing_of(row, things, {"mails": {"accepted": 3}}, ZONE)}


def test_it_names_the_next_occasions_with_their_instants(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)

    told = table(scene)

    with scene.house.database.read() as db:
        things = occasions.rows_of(db, scene.cohort_id)
    waiting: list[Any] = [each for each in things if each["state"] == "pending" and each["ready_at"]]
    first = min(waiting, key=lambda each: (each["ready_at"], each["place"]))
    assert told["next 1"]["next"] == first["key"]
    assert told["next 1"]["due"] == first["ready_at"].astimezone(ZONE).strftime("%Y-%m-%d %H:%M %Z")
    assert " done" in told["stage recruit"]["stands"]
    assert told["mails"]["stands"] == "3 accepted"
    assert told["cohort"]["stands"] == "running"


def test_what_a_person_wrote_as_a_reason_is_not_shown(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    with scene.house.database.write() as db:
        cohorts.hold(db, scene.cohort_id, "Maya Cohen asked for it", now=scene.now, actor="role:owner")

    told = table(scene)

    assert told["cohort"]["stands"] == "held (`cohortflow status` says why)"
    assert "Maya" not in str(told)


def test_its_key_is_one_prefect_takes() -> None:
    assert key_of("emerging-leaders/2027-spring") == "cohort-emerging-leaders-2027-spring"
