"""`plan` beside a database, and `confirm`: what a coordinator and an approver see of an edit of a running cohort."""

import json
import sqlite3

import pytest
from edited_lines import ANOTHER_START, LATER, SOUND, THREE_SEATS, file_of, save
from scene_files import COHORT, MENTEES
from scenes import cohort_declared, cohort_recruiting

pytestmark = pytest.mark.slow

APPROVER = "dana.reyes@acme.example"


@pytest.fixture
def recruiting(at_home, tmp_path):
    """Six mentees have applied, and the clock shows that moment."""
    scene = at_home(cohort_recruiting(tmp_path, program=SOUND))
    scene.everybody_applies(MENTEES)
    return scene


def content_of(scene):
    database = sqlite3.connect(f"file:{scene.home / 'var' / 'cohortflow.db'}?mode=ro", uri=True)
    told = "\n".join(database.iterdump())
    database.close()
    return told


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        (LATER, 0, "Followed by the next tick:"),
        (THREE_SEATS, 2, "Waits for an approver's confirmation"),
        (ANOTHER_START, 1, "Refused; nothing of this edit is done:"),
    ],
)
def test_a_plan_tells_what_becomes_of_an_edit(run, recruiting, line, code, told):
    save(recruiting, line)
    before = content_of(recruiting)

    shown = run("plan", f"{file_of(recruiting)}/2027-spring")

    assert shown.exit_code == code
    assert told in shown.stdout
    assert content_of(recruiting) == before, "plan writes nothing"


def test_a_plan_shows_dates_people_and_what_has_gone(run, recruiting):
    save(recruiting, LATER)

    shown = run("plan", COHORT, "--difference").stdout

    assert "small-circle.yaml:9:87: cohorts.2027-spring.stages.recruit.closes: 2 weeks after opens becomes" in shown
    assert "moved    2027-02-08 -> 2027-02-10  recruit.closes" in shown
    assert "Gone already and not to be recalled: recruit.invite#1 (10 mails)" in shown


def test_a_difference_as_json_is_an_object(run, recruiting):
    save(recruiting, THREE_SEATS)

    shown = run("plan", COHORT, "--json", "--difference")
    rows = run("plan", COHORT, "--json")

    told = json.loads(shown.stdout)
    assert (shown.exit_code, told["verdict"], told["standing"]) == (2, "needs_confirmation", "running")
    assert isinstance(json.loads(rows.stdout), list)


def test_a_cohort_not_begun_shows_who_is_gained_and_lost(run, at_home, tmp_path):
    scene = at_home(cohort_declared(tmp_path, program=SOUND))
    changed = SOUND.replace("mentees: { level: P3 to P5 }", "mentees: { level: P4 to P5 }")
    file_of(scene).write_text(changed.replace("seats: 6", "seats: 5"), encoding="utf-8")

    shown = run("plan", COHORT, "--difference")

    assert shown.exit_code == 0
    assert "small-circle.yaml:12:14: who.mentees.level: P3 to P5 becomes P4 to P5" in shown.stdout
    assert "mentees who may join: 6 -> 4 (0 gained, 2 lost)" in shown.stdout


def test_a_plan_makes_no_database(run, recruiting, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("COHORTFLOW_HOME", str(elsewhere))
    named = f"{file_of(recruiting)}/2027-spring"

    assert run("plan", named).exit_code == 0
    assert json.loads(run("plan", named, "--json", "--difference").stdout) is None
    assert list(elsewhere.iterdir()) == []


def test_the_plan_of_a_running_cohort_is_by_its_own_version(run, recruiting):
    text = SOUND.replace("closes: 2 weeks after opens", "closes: 16 days after opens")
    file_of(recruiting).write_text(text, encoding="utf-8")

    rows = json.loads(run("plan", COHORT, "--json").stdout)

    (closes,) = [row for row in rows if row["occasion"] == "recruit.closes"]
    assert closes["due_on"] == "2027-02-08", "what the program says since it began does not reach it"


def test_an_approver_confirms_what_waits(run, recruiting):
    save(recruiting, THREE_SEATS)
    recruiting.tick()

    shown = run("confirm", COHORT, "--by", APPROVER, "--note", "agreed by phone")

    assert shown.exit_code == 0
    assert f"{COHORT}: confirmed; 1 change made." in shown.stdout
    (event,) = recruiting.rows("events", kind="line.changed")
    assert event["actor"] == "role:approver#1"
    assert event["counts"]["note"] == "agreed by phone"
    assert "no edit is waiting" in run("confirm", COHORT, "--by", APPROVER).stdout


def test_a_stranger_confirms_nothing(run, recruiting):
    save(recruiting, THREE_SEATS)
    recruiting.tick()

    shown = run("confirm", COHORT, "--by", "somebody@acme.example")

    assert shown.exit_code == 1
    assert "not one of its approvers" in shown.stderr
    assert recruiting.rows("waiting_edits")


def test_a_file_changed_since_is_shown_and_not_confirmed(run, recruiting):
    save(recruiting, THREE_SEATS)
    recruiting.tick()
    save(recruiting, THREE_SEATS.replace("seats: 3", "seats: 2"))

    shown = run("confirm", COHORT, "--by", APPROVER)

    assert shown.exit_code == 2
    assert "the file has changed since" in shown.stderr
    assert "6 becomes 2" in shown.stdout
    assert recruiting.rows("cohorts")[0]["line"]["seats"] == "6"


def test_another_mark_shows_the_edit_that_waits(run, recruiting):
    save(recruiting, THREE_SEATS)
    recruiting.tick()

    shown = run("confirm", COHORT, "--by", APPROVER, "--edit", "123456789abc")

    assert shown.exit_code == 2
    assert "another edit waits by now" in shown.stderr
    assert "6 becomes 3" in shown.stdout


def test_the_status_shows_the_edit_that_waits_and_how_to_confirm_it(run, recruiting):
    save(recruiting, THREE_SEATS)
    recruiting.tick()

    shown, told = run("status").stdout, json.loads(run("status", "--json").stdout)["cohorts"][0]["waiting_edit"]

    assert "edit waits" in shown and "3 of them are too many" in " ".join(shown.split())
    assert told["confirm"] == f"cohortflow confirm {COHORT} --edit {told['mark']} --by ADDRESS" and told[
        "confirm"
    ] in " ".join(shown.split())
    assert len(told["consequences"]) == 1 and told["since"]
    run("confirm", COHORT, "--by", APPROVER)
    assert json.loads(run("status", "--json").stdout)["cohorts"][0]["waiting_edit"] is None


def test_a_cohort_not_begun_whose_line_is_gone_is_shown_as_withdrawn(run, at_home, tmp_path):
    scene = at_home(cohort_declared(tmp_path, program=SOUND))
    other = SOUND.replace(
        "2027-spring: { starts: 2027-03-01, ends: 2027-05-28", "2027-autumn: { starts: 2027-09-06, ends: 2027-12-10"
    )
    file_of(scene).write_text(other, encoding="utf-8")

    shown = run("plan", str(file_of(scene)), "--difference")

    assert shown.exit_code == 0
    assert "cohorts.2027-spring: is not in the file any more; it has not begun" in shown.stdout
    assert "dropped  2027-01-25  recruit.opens" in shown.stdout


def test_what_a_running_cohort_does_not_follow_is_said(run, recruiting):
    text = SOUND.replace("2 weeks after opens }", "3 weeks after opens }", 1)
    file_of(recruiting).write_text(text, encoding="utf-8")

    shown = run("plan", COHORT, "--difference")

    assert shown.exit_code == 0
    assert "Not followed, for a running cohort follows only its own line" in shown.stdout
    assert "stages.recruit.closes: 2 weeks after opens becomes 3 weeks after opens" in shown.stdout
    told = json.loads(run("plan", COHORT, "--difference", "--json").stdout)
    assert told["kept"] == ["stages.recruit.closes: 2 weeks after opens becomes 3 weeks after opens"]


def test_a_move_within_a_day_shows_its_hours(run, recruiting):
    save(recruiting, LATER.replace("stages:", 'email: { hours: "10:00-17:00" }, stages:'))

    shown = run("plan", COHORT, "--difference").stdout

    assert "2027-05-14 09:00 -> 10:00  evaluate.final_survey#1" in shown


def test_of_what_is_refused_nothing_is_said_to_move(run, recruiting):
    save(recruiting, ANOTHER_START)

    shown = run("plan", COHORT, "--difference")

    assert shown.exit_code == 1
    assert "moved" not in shown.stdout


def test_a_running_cohort_whose_file_has_another_name_is_refused(run, recruiting):
    file = file_of(recruiting)
    file.rename(file.with_name("small-circle-two.yaml"))

    shown = run("plan", "--difference")

    assert shown.exit_code == 1
    assert "small-circle/2027-spring" in shown.stdout
    assert "cohorts.2027-spring: is not in the file any more" in shown.stdout
