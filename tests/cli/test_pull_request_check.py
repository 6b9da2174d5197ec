"""The pull-request check that docs/ shows: its commands are taken from the page and run, on a copy of a database."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from edited_lines import ANOTHER_START, LATER, SOUND, THREE_SEATS, file_of, save
from scene_files import MENTEES
from scenes import cohort_recruiting
from story import with_change

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pull-request-check.md").read_text(encoding="utf-8")
SHELL, GITHUB, GITLAB = (re.search(rf"```{kind}\n({start}.*?)```", PAGE, re.DOTALL)[1] for kind, start in (
    ("sh", "cohortflow check"), ("yaml", "name: programs"), ("yaml", "programs:"),
))  # fmt: skip
STEPS = yaml.safe_load(GITHUB)["jobs"]["check"]["steps"]
GITHUB_SCRIPT = next(step["run"] for step in STEPS if step.get("name") == "check and plan")
GITLAB_JOB = yaml.safe_load(GITLAB)["programs"]


@pytest.fixture
def pull_request(tmp_path):
    """A checkout with an edit in it, and a copy of the database that is running."""
    scene = cohort_recruiting(tmp_path / "house", program=SOUND)
    scene.everybody_applies(MENTEES)
    scene.tick()
    scene.close()
    shutil.copy(scene.home / "var" / "cohortflow.db", tmp_path / "copy.db")
    return scene


def run(scene, script, **more):
    """A script as a runner runs it: in the checkout, ended by the first command that fails."""
    copy = scene.home.parent / "copy.db"
    where = {"COHORTFLOW_HOME": str(scene.home), "COHORTFLOW_DATABASE_URL": f"sqlite:///{copy}"}
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    given = {**os.environ, **where, "PATH": path, **more}
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=ROOT, env=given, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("line", "code"), [(LATER, 0), (THREE_SEATS, 2), (ANOTHER_START, 1)])
def test_the_check_answers_by_its_exit_code(pull_request, line, code):
    save(pull_request, line)

    done = run(pull_request, SHELL)

    assert done.returncode == code, done.stdout + done.stderr


def test_a_file_with_faults_ends_the_check(pull_request):
    save(pull_request, "{ starts: 2027-03-01, ends: soon, seats: 6 }")

    done = run(pull_request, SHELL)

    assert done.returncode == 1
    assert "small-circle.yaml:9:44" in done.stdout + done.stderr


def test_a_running_cohort_missing_from_its_file_is_refused(pull_request):
    before, after = (
        "2027-spring: { starts: 2027-03-01, ends: 2027-05-28",
        "2027-autumn: { starts: 2027-09-06, ends: 2027-12-10",
    )
    elsewhere = with_change(SOUND, before, after)
    file_of(pull_request).write_text(elsewhere, encoding="utf-8")

    done = run(pull_request, SHELL)

    assert done.returncode == 1
    assert "cohorts.2027-spring: is not in the file any more" in done.stdout


@pytest.mark.parametrize(("known", "code"), [("true", 0), ("false", 2)])
def test_on_github_a_label_lets_an_answer_of_two_pass(pull_request, known, code):
    save(pull_request, THREE_SEATS)

    assert run(pull_request, GITHUB_SCRIPT, KNOWN=known).returncode == code


def test_on_gitlab_an_answer_of_two_is_a_warning(pull_request):
    save(pull_request, THREE_SEATS)
    commands = [each for each in GITLAB_JOB["script"] if not each.startswith("make ")]

    assert run(pull_request, "\n".join(commands)).returncode == GITLAB_JOB["allow_failure"]["exit_codes"]


def test_the_check_leaves_the_copy_as_it_was(pull_request):
    save(pull_request, THREE_SEATS)
    copy = pull_request.home.parent / "copy.db"
    before = copy.read_bytes()

    run(pull_request, SHELL)

    assert copy.read_bytes() == before
