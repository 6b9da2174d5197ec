"""Commands on an installation: tick, status, approve, hold and resume, and what they say when they cannot."""

import json
import sqlite3

import pytest
from scene_files import COHORT
from scenes import cohort_awaiting_approval, cohort_declared, cohort_recruiting, open_scene, utc

from schemas.settings import Settings

OWNER, APPROVER = "mentoring@acme.example", "dana.reyes@acme.example"


def test_a_tick_says_in_one_line_what_it_did(run, at_home, tmp_path):
    scene = cohort_declared(tmp_path)
    scene.now = scene.occasion("recruit.invite#1")["due_at"]
    at_home(scene)

    shown = run("tick")

    assert shown.exit_code == 0
    assert shown.stdout.startswith("2 occasions done; mails: ")
    assert "accepted" in shown.stdout
    assert len(shown.stdout.splitlines()) == 1


def test_a_broken_program_is_named_by_the_tick(run, at_home, tmp_path):
    scene = at_home(cohort_declared(tmp_path))
    (scene.home / "program_configs" / "small-circle.yaml").write_text("version: 1\n")

    shown = run("tick")

    assert shown.exit_code == 0
    assert "small-circle: " in shown.stderr
    assert "stays on what was accepted" in shown.stderr


def test_the_status_shows_states_and_what_is_next(run, at_home, tmp_path):
    at_home(cohort_recruiting(tmp_path))

    shown = run("status").stdout

    assert f"{COHORT}  running" in shown
    assert "10 invited" in shown
    assert "recruit.reminder#1" in shown
    assert "workers-2027-01-24.csv of 2027-01-24, 12 people" in shown


def test_the_status_of_one_cohort_lists_its_occasions(run, at_home, tmp_path):
    at_home(cohort_recruiting(tmp_path))

    told = json.loads(run("status", COHORT, "--json").stdout)

    states = {each["key"]: each["state"] for each in told["occasions"]}
    assert states["recruit.invite#1"] == "done"
    assert states["match.runs"] == "pending"
    assert told["cohorts"][0]["mails"] == {"accepted": 10}


def test_an_unknown_cohort_names_the_nearest(run, at_home, tmp_path):
    at_home(cohort_declared(tmp_path))

    shown = run("status", "small-circle/2027-sprin")

    assert shown.exit_code == 1
    assert f"did you mean {COHORT}?" in shown.stderr


def test_an_empty_installation_says_what_to_do(run, monkeypatch, tmp_path):
    monkeypatch.setenv("COHORTFLOW_HOME", str(tmp_path))

    for asked in (["status"], ["quarantine"], ["mail", "status"], ["approve", COHORT, "--by", APPROVER]):
        shown = run(*asked)
        assert (shown.exit_code, shown.stdout) == (1, "")
        assert f"no database at {tmp_path / 'var' / 'cohortflow.db'} yet; run `cohortflow tick` once" in shown.stderr
    assert list(tmp_path.iterdir()) == [], "whoever mistyped a folder does not find a new installation in it"


def test_an_approval_is_counted_and_harmless_twice(run, at_home, tmp_path):
    scene = at_home(cohort_awaiting_approval(tmp_path))
    proposed = len(scene.matches("proposed"))

    first = run("approve", COHORT, "--by", APPROVER, "--note", "looks good")
    second = run("approve", COHORT, "--by", APPROVER)

    assert f"{proposed} matches approved" in first.stdout
    assert "nothing is waiting for approval" in second.stdout
    assert len(scene.matches("approved")) == proposed
    (noted,) = scene.rows("events", kind="approval.noted")
    assert noted["counts"] == {"note": "looks good"}


def test_a_stranger_may_not_approve(run, at_home, tmp_path):
    scene = at_home(cohort_awaiting_approval(tmp_path))

    shown = run("approve", COHORT, "--by", "somebody@acme.example")

    assert shown.exit_code == 1
    assert "not one of its approvers" in shown.stderr
    assert not scene.matches("approved")


def test_a_held_cohort_waits_until_it_is_resumed(run, at_home, tmp_path):
    scene = at_home(cohort_recruiting(tmp_path))

    held = run("hold", COHORT, "--by", OWNER, "--reason", "budget")
    again = run("hold", COHORT, "--by", OWNER)
    stands = run("status", COHORT).stdout
    resumed = run("resume", COHORT, "--by", APPROVER)

    assert (held.exit_code, again.exit_code, resumed.exit_code) == (0, 1, 0)
    assert "held already: budget" in again.stderr
    assert "budget" in stands
    assert [(row["kind"], row["actor"]) for row in scene.rows("events", chain=COHORT)][-2:] == [
        ("cohort.held", "role:owner"),
        ("cohort.resumed", "role:approver#1"),
    ]
    assert "is not held; it is running" in run("resume", COHORT, "--by", OWNER).stderr


def test_a_late_cohort_goes_on_only_with_compressed_dates(run, at_home, tmp_path):
    scene = open_scene(tmp_path, utc(2027, 1, 29, 12))
    scene.drop_roster()
    scene.tick()
    at_home(scene)

    refused = run("resume", COHORT, "--by", OWNER)
    resumed = run("resume", COHORT, "--by", OWNER, "--compress")

    assert refused.exit_code == 1
    assert "--compress" in refused.stderr
    assert resumed.exit_code == 0
    scene.tick(utc(2027, 2, 1, 16))
    assert len(scene.mails("invite")) == 10


def test_a_cohort_declared_after_recruiting_needs_a_new_date(run, at_home, tmp_path):
    scene = open_scene(tmp_path, utc(2027, 3, 1, 12))
    scene.drop_roster()
    scene.tick()
    at_home(scene)

    shown = run("resume", COHORT, "--by", OWNER, "--compress")

    assert shown.exit_code == 1
    assert "give it a new `starts:`" in shown.stderr


def test_a_locked_database_is_told_in_one_line(run, at_home, tmp_path, monkeypatch):
    scene = at_home(cohort_declared(tmp_path))
    monkeypatch.setenv("COHORTFLOW_DATABASE_TIMEOUT", "1")
    blocking = sqlite3.connect(scene.home / "var" / "cohortflow.db", isolation_level=None)
    blocking.execute("BEGIN IMMEDIATE")

    shown = run("hold", COHORT, "--by", OWNER)
    blocking.close()

    assert shown.exit_code == 1
    assert "the database is locked" in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


def test_a_database_that_cannot_be_reached_is_told(run, monkeypatch, tmp_path):
    monkeypatch.setenv("COHORTFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("COHORTFLOW_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    shown = run("tick")

    assert shown.exit_code == 1
    assert "cannot be reached" in shown.stderr
    assert "Traceback" not in shown.output


def test_a_setting_that_makes_no_sense_is_named(run, monkeypatch):
    monkeypatch.setenv("COHORTFLOW_LEASE_SECONDS", "soon")

    shown = run("status")

    assert shown.exit_code == 1
    assert "COHORTFLOW_LEASE_SECONDS" in shown.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COHORTFLOW_PORTAL_URL", "mentoring.acme.example"),
        ("COHORTFLOW_PORTAL_URL", "javascript:alert(1)"),
        ("COHORTFLOW_PROGRAM_DIR", "/there/is/no/such/folder"),
        ("COHORTFLOW_DATABASE_URL", "garbage"),
        ("COHORTFLOW_DATABASE_URL", "mysql://root@localhost/db"),
    ],
)
def test_a_setting_that_would_do_harm_is_refused_at_the_start(run, monkeypatch, tmp_path, name, value):
    monkeypatch.setenv("COHORTFLOW_HOME", str(tmp_path))
    monkeypatch.setenv(name, value)

    shown = run("tick")

    assert shown.exit_code == 1
    assert shown.stderr.startswith(f"{name}: ") and len(shown.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "given", ["circle,small-circle", '["circle", "small-circle"]', "[circle, small-circle]", "circle, small-circle"]
)
def test_names_in_a_setting_need_no_quotes(monkeypatch, given):
    monkeypatch.setenv("COHORTFLOW_ONLY_PROGRAMS", given)
    monkeypatch.setenv("COHORTFLOW_PORTAL_URL", "https://mentoring.acme.example/")

    settings = Settings()

    assert settings.only_programs == ("circle", "small-circle")
    assert settings.portal_url == "https://mentoring.acme.example"


def test_a_program_that_is_not_named_is_not_carried_on(run, at_home, tmp_path, monkeypatch):
    scene = cohort_declared(tmp_path)
    scene.now = scene.occasion("recruit.invite#1")["due_at"]
    at_home(scene)
    monkeypatch.setenv("COHORTFLOW_ONLY_PROGRAMS", "another")
    assert run("tick").stdout.startswith("0 occasions done; mails: none")

    monkeypatch.setenv("COHORTFLOW_ONLY_PROGRAMS", "another,small-circle")
    assert run("tick").stdout.startswith("2 occasions done; mails: ")


def test_an_empty_match_is_not_everybody_who_waits(run, at_home, tmp_path):
    scene = at_home(cohort_awaiting_approval(tmp_path))

    shown = run("rematch", COHORT, "--by", OWNER, "--match", "")

    assert shown.exit_code == 1
    assert "--match: is empty" in shown.stderr
    assert not [row for row in scene.rows("events") if row["kind"] == "match.rematch_by_hand"]


def test_a_wrong_ending_is_named(run, tmp_path):
    (tmp_path / "first-circle.yml").write_text("version: 1\n")

    shown = run("check", str(tmp_path / "first-circle.yml"))

    assert shown.exit_code == 1
    assert "its name ends in .yml; rename it to first-circle.yaml" in shown.stderr + shown.stdout
