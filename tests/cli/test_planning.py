"""`plan` shows dates and mails, reads files only, and says which program or cohort was probably meant."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_a_plan_is_a_table_with_notes(run):
    shown = run("plan", "emerging-leaders/2027-spring")

    assert shown.exit_code == 0
    assert "recruit.invite#1" in shown.output
    assert "With 60 seats" in shown.output
    assert "escalate" in shown.output  # what a later version carries out


def test_a_plan_as_json_has_offsets(run):
    rows = json.loads(run("plan", "program_configs/emerging-leaders.yaml/2027-spring", "--json").stdout)

    (invite,) = [row for row in rows if row["occasion"] == "recruit.invite#1"]
    assert invite["due"] == "2027-01-04T09:00:00+01:00"
    assert {"stage", "sends", "to", "moved_from", "moved_because"} <= set(invite)


def test_defaults_print_a_file_that_parses(run, tmp_path):
    folder = Path(shutil.copytree(ROOT / "program_configs", tmp_path / "program_configs"))
    (folder / "first-steps.yaml").write_text(run("plan", "first-steps", "--defaults").stdout, encoding="utf-8")

    assert run("check", folder / "first-steps.yaml").exit_code == 0


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("emerging-leader/2027-spring", "did you mean emerging-leaders?"),
        ("emerging-leaders/2027-sprin", "did you mean 2027-spring"),
        ("emerging-leaders", "name a cohort"),
        ("program_configs/none.yaml/2027-spring", "does not exist"),
    ],
)
def test_what_was_not_found_names_the_nearest(run, named, told):
    shown = run("plan", named)

    assert shown.exit_code == 1
    assert told in shown.stderr
    assert shown.stdout == ""


def test_faults_keep_a_plan_from_being_shown(run, tmp_path):
    folder = Path(shutil.copytree(ROOT / "program_configs", tmp_path / "program_configs"))
    file = folder / "first-steps.yaml"
    file.write_text(file.read_text().replace("seats: 30", "seats: many"))

    shown = run("plan", f"{file}/2027-summer")

    assert shown.exit_code == 1
    assert "first-steps.yaml:12:" in shown.stderr
    assert f"cohortflow check {file}" in shown.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", [["--help"], ["check"], ["plan", "emerging-leaders/2027-spring"]])
def test_quick_commands_import_nothing_slow(command, tmp_path):
    told = (
        "import sys; from typer.testing import CliRunner; from cohortflow.cli.main import app; "
        f"assert CliRunner().invoke(app, {command!r}).exit_code == 0; "
        "print([name for name in ('prefect', 'pandas', 'sqlalchemy', 'ortools') if name in sys.modules])"
    )
    where = {**os.environ, "COHORTFLOW_HOME": str(tmp_path), "COHORTFLOW_PROGRAM_DIR": str(ROOT / "program_configs")}
    python = [sys.executable, "-c", told]
    done = subprocess.run(python, cwd=ROOT, env=where, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
