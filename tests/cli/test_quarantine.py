"""`cohortflow quarantine`: what of the files could not be used, where a spreadsheet shows it."""

import csv
import json
from datetime import timedelta

from scene_files import COHORT, roster_csv
from scenes import cohort_recruiting

SLIPS = (
    "Z01,no.address,Zoe Slip,,Sales,Seller,P4,Berlin,2026-01-01,en,Active\n"
    'Z02,zed@acme.example,"=Zed",,Sales,Seller,P4,Berlin,2026-02-31,en,Active\n'
)


def with_slips(at_home, tmp_path):
    scene = at_home(cohort_recruiting(tmp_path))
    scene.now += timedelta(days=1)
    (file,) = (scene.home / "inbox" / "workers").glob("*.csv")
    file.with_name(f"workers-{scene.now:%Y-%m-%d}.csv").write_text(roster_csv() + SLIPS, encoding="utf-8")
    scene.tick()
    return scene


def test_each_cell_is_named_with_its_row_and_cure(run, at_home, tmp_path):
    scene = with_slips(at_home, tmp_path)
    last = len((roster_csv() + SLIPS).splitlines())

    shown = run("quarantine").stdout.splitlines()
    status = run("status").stdout

    assert shown[0] == f"workers-{scene.now:%Y-%m-%d}.csv:"
    assert shown[1].startswith(f"  row {last - 1}, Work Email: ")
    assert shown[2].startswith(f"  row {last}, Hire Date: ")
    assert "no.address" not in "".join(shown) and "Zoe" not in "".join(shown)
    assert "2 cells in quarantine: see `cohortflow quarantine`" in status


def test_a_mended_file_empties_it_and_all_keeps_what_was(run, at_home, tmp_path):
    scene = with_slips(at_home, tmp_path)
    scene.now += timedelta(days=1)
    (scene.home / "inbox" / "workers" / f"workers-{scene.now:%Y-%m-%d}.csv").write_text(roster_csv(), encoding="utf-8")
    scene.tick()

    assert "Nothing is in quarantine" in run("quarantine").stdout
    assert "in quarantine" not in run("status").stdout
    assert len(json.loads(run("quarantine", "--all", "--json").stdout)) == 2


def test_rows_of_answers_stand_there_too_and_go_to_a_spreadsheet(run, at_home, tmp_path):
    with_slips(at_home, tmp_path)
    answers = tmp_path / "answers.csv"
    answers.write_text("Employee ID,consent\nX99,yes\n", encoding="utf-8")
    run("answer", "--csv", answers, "--cohort", COHORT, "--form", "apply")

    assert run("quarantine", "--out", tmp_path / "new" / "quarantine.csv").exit_code == 0

    with (tmp_path / "new" / "quarantine.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows].count("answers.csv") >= 1
    assert {"file", "row", "column", "reason"} == set(rows[0])
    assert len(rows) == 2 + [row["file"] for row in rows].count("answers.csv")
