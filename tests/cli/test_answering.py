"""`answer` takes in what another form tool exported: joined by id or address, nothing guessed, nothing lost."""

import csv
import hashlib

import pytest
from scene_files import COHORT, application
from scenes import cohort_awaiting_approval, cohort_checking_in, cohort_declared, cohort_recruiting

pytestmark = pytest.mark.slow


@pytest.fixture
def export(tmp_path):
    """Write an export; rows are lists, the first holds the headers."""

    def write(*rows):
        file = tmp_path / "export.csv"
        with file.open("w", newline="", encoding="utf-8") as opened:
            csv.writer(opened).writerows(rows)
        return file

    return write


def applications(*people):
    """An export of the application form, headed by its questions' keys."""
    filled = [application(person) for person in people]
    keys = list(dict.fromkeys(key for each in filled for key in each))
    rows = [[person, *(_cell(each.get(key, "")) for key in keys)] for person, each in zip(people, filled, strict=True)]
    return [["Employee ID", *keys], *rows]


def _cell(value):
    return "; ".join(value) if isinstance(value, (list, tuple)) else str(value)


def test_applications_are_taken_in_and_confirmed(run, at_home, export, tmp_path):
    scene = at_home(cohort_recruiting(tmp_path))

    shown = run("answer", "--csv", export(*applications("M01", "T01", "T02")), "--cohort", COHORT, "--form", "apply")

    assert shown.exit_code == 0
    assert "3 answers taken in" in shown.stdout
    assert {scene.person(each)["state"] for each in ("M01", "T01", "T02")} == {"applied"}
    assert len(scene.mails("application_received")) == 3


def test_the_same_file_twice_changes_nothing(run, at_home, export, tmp_path):
    scene = at_home(cohort_recruiting(tmp_path))
    file = export(*applications("M01", "T01"))

    run("answer", "--csv", file, "--cohort", COHORT, "--form", "apply")
    before = scene.rows("answers"), scene.rows("events")
    shown = run("answer", "--csv", file, "--cohort", COHORT, "--form", "apply")

    assert "2 answers known already" in shown.stdout
    assert (scene.rows("answers"), scene.rows("events")) == before


def at_nine_and_eight():
    """Two exports of the application form: of nine in the morning, and of eight."""
    head, filled = applications("T01")
    goal = head.index("career_goal")
    for hour, said in (("09", "Lead a larger team"), ("08", "Lead a first team")):
        told = [*filled[:goal], said, *filled[goal + 1 :]]
        yield [[*head, "Timestamp"], [*told, f"2027-01-25 {hour}:00:00"]]


def test_an_older_export_changes_no_newer_answer(run, at_home, export, tmp_path):
    scene = at_home(cohort_recruiting(tmp_path))
    asked = ("--cohort", COHORT, "--form", "apply")

    for rows in at_nine_and_eight():
        shown = run("answer", "--csv", export(*rows), *asked)
    before = scene.rows("answers"), scene.rows("events")
    again = run("answer", "--csv", export(*rows), *asked)

    assert shown.exit_code == 0, shown.output
    assert "0 answers taken in" in shown.stdout
    assert "1 answer older than what is known" in shown.stdout
    kept = {row["body"]["career_goal"]: row["is_current"] for row in scene.rows("answers")}
    assert kept == {"Lead a larger team": True, "Lead a first team": False}
    assert "1 answer older than what is known" in again.stdout
    assert (scene.rows("answers"), scene.rows("events")) == before


def test_rows_that_belong_to_nobody_go_to_quarantine(run, at_home, export, tmp_path):
    scene = at_home(cohort_recruiting(tmp_path))
    head, row = applications("T01")
    file = export(head, ["Z99", *row[1:]], ["J01", *row[1:]], row)

    shown = run("answer", "--csv", file, "--cohort", COHORT, "--form", "apply")

    assert "1 answer taken in" in shown.stdout
    assert "row 2: nobody in the roster" in shown.stdout
    found = {cell["row"]: cell["reason"] for cell in scene.rows("quarantine")}
    assert set(found) == {2, 3}
    assert "do not take part" in found[3]
    assert scene.rows("quarantine")[0]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_an_address_joins_where_there_is_no_id(run, at_home, export, tmp_path):
    scene = at_home(cohort_checking_in(tmp_path))
    file = export(
        ["Work Email", "Did it happen?", "meetings", "useful"],
        ["ADA.SOUZA@acme.example", "yes", "2", "5"],
    )

    shown = run("answer", "--csv", file, "--cohort", COHORT, "--form", "pulse", "--map", "Did it happen?=met")

    assert shown.exit_code == 0, shown.output
    assert "1 row about check_in#1" in shown.stdout
    (answer,) = [row for row in scene.rows("answers", form="pulse") if row["person_id"] == "T01"]
    assert answer["body"]["met"] is True
    assert answer["about"].startswith("m-")


def test_an_id_and_address_of_two_people_are_refused(run, at_home, export, tmp_path):
    at_home(cohort_checking_in(tmp_path))
    file = export(["Employee ID", "Work Email", "met"], ["T02", "ada.souza@acme.example", "yes"])

    shown = run("answer", "--csv", file, "--cohort", COHORT, "--form", "pulse")

    assert shown.exit_code == 1
    assert "belong to two people" in shown.stdout


def test_a_mentor_of_two_says_which_match(run, at_home, export, tmp_path):
    scene = at_home(cohort_checking_in(tmp_path))
    mentors = [match["mentor_id"] for match in scene.matches("active")]
    busy = next(each for each in mentors if mentors.count(each) == 2)
    match_id = next(match["match_id"] for match in scene.matches("active") if match["mentor_id"] == busy)

    refused = run("answer", "--csv", export(["Employee ID", "met", "meetings"], [busy, "yes", "2"]),
                  "--cohort", COHORT, "--form", "pulse")  # fmt: skip
    taken = run("answer", "--csv", export(["Employee ID", "Match", "met", "meetings"], [busy, match_id, "yes", "2"]),
                "--cohort", COHORT, "--form", "pulse")  # fmt: skip

    assert "add a column Match" in refused.stdout
    assert "1 answer taken in" in taken.stdout
    assert [row["about"] for row in scene.rows("answers", form="pulse", person_id=busy)] == [match_id]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--form", "aply"), "did you mean apply?"),
        (("--form", "apply", "--map", "Nope=consent"), "there is no column 'Nope'"),
        (("--form", "apply", "--map", "consent"), "write 'Header=question'"),
        (("--form", "pulse", "--map", "consent=met"), "no check-in is open"),
        (
            ("--form", "apply", "--occasion", "recruit.opens"),
            "--occasion 'recruit.opens' does not ask for the form 'apply'; write recruit",
        ),
        (("--form", "pulse", "--map", "consent=met", "--occasion", "check_in#9"), "did you mean check_in#"),
    ],
)
def test_what_cannot_be_told_is_asked(run, at_home, export, tmp_path, arguments, told):
    scene = at_home(cohort_recruiting(tmp_path))

    shown = run("answer", "--csv", export(*applications("T01")), "--cohort", COHORT, *arguments)

    assert shown.exit_code == 1
    assert told in shown.stderr
    assert scene.rows("answers") == []


def test_too_early_and_too_late_are_told_apart(run, at_home, export, tmp_path):
    file = export(*applications("T01"))

    at_home(cohort_declared(tmp_path / "early"))
    early = run("answer", "--csv", file, "--cohort", COHORT, "--form", "apply")
    at_home(cohort_awaiting_approval(tmp_path / "late"))
    late = run("answer", "--csv", export(*applications("T01", "M01")), "--cohort", COHORT, "--form", "after")

    assert "do not take part" in early.stdout or "not open yet" in early.stdout
    assert late.exit_code == 1


def test_a_missing_file_is_told_in_one_line(run, at_home, tmp_path):
    at_home(cohort_recruiting(tmp_path))

    shown = run("answer", "--csv", tmp_path / "none.csv", "--cohort", COHORT, "--form", "apply")

    assert shown.exit_code == 1
    assert "none.csv: no such file" in shown.stderr
