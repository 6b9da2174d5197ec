"""Watchers get the truth over HTTP: whether ticks end well, and figures that Prometheus can read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from scenes import Scene, cohort_recruiting, open_scene
from store_rows import change

from cohortflow.operations.watching import watching_app
from cohortflow.store import instances


def watch(scene: Scene) -> TestClient:
    """The pages for watchers of a house."""
    return TestClient(watching_app(lambda: scene.house.database))


def let_it_be(scene: Scene, at: datetime) -> None:
    """Set the instance clock so that it shows an instant now."""
    with scene.house.database.write() as db:
        instances.set_clock(db, base=at, started=datetime.now(UTC))


def test_a_tick_of_just_now_is_fresh_and_one_of_an_hour_ago_is_not(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    with scene.house.database.read() as db:
        last = instances.last_tick(db)
    assert last is not None
    let_it_be(scene, last + timedelta(minutes=2))
    assert watch(scene).get("/health/tick").status_code == 200

    let_it_be(scene, last + timedelta(hours=1))
    stale = watch(scene).get("/health/tick")
    assert stale.status_code == 503
    assert 3600 <= stale.json()["seconds"] < 3700
    assert watch(scene).get("/health/tick", params={"minutes": 90}).status_code == 200


def test_the_figures_are_those_of_the_store(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    due = scene.occasion("recruit.reminder#1")["due_at"]
    let_it_be(scene, due + timedelta(minutes=5))
    change(scene.house.database, "messages", state="unknown")
    with scene.house.database.read() as db:
        ticks = instances.ticks(db)

    text = watch(scene).get("/metrics").text

    told = {
        (sample.name, sample.labels.get("state", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert told["cohortflow_ticks_total", ""] == ticks > 0
    assert told["cohortflow_occasions_done_total", ""] == told["cohortflow_occasions", "done"] > 0
    assert told["cohortflow_occasions_skipped_total", ""] == 0
    assert told["cohortflow_mails", "unknown"] == 10
    assert told["cohortflow_mails", "queued"] == 0
    assert told["cohortflow_due", ""] == 1
    assert 300 <= told["cohortflow_oldest_due_age_seconds", ""] < 400
    assert told["cohortflow_oldest_unknown_mail_age_seconds", ""] > 86_400
    assert told["cohortflow_cohorts", "running"] == 1
    assert (told["cohortflow_sending_held", ""], told["cohortflow_transports_turned_away", ""]) == (0, 0)
    assert "@" not in text


def test_a_database_that_waits_to_be_confirmed_is_seen_from_outside(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    change(scene.house.database, "instance", sending_hold="restored")

    assert "\ncohortflow_sending_held 1.0\n" in watch(scene).get("/metrics").text


def test_ticks_of_all_workers_are_counted_together(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    with scene.house.database.read() as db:
        before = instances.ticks(db)

    other = open_scene(tmp_path, scene.now)
    for each in (scene, other, scene):
        each.tick()

    with other.house.database.read() as db:
        assert instances.ticks(db) == before + 3
    assert f"cohortflow_ticks_total {before + 3}.0" in watch(scene).get("/metrics").text
    other.close()
