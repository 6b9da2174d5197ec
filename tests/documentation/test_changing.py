"""Each change of docs/changing.md, made in a copy of the checkout: it touches as many files as it says, and it works."""

import csv
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from guide_pages import CHECKOUT, blocks, patched, typed

from cohortflow.simulation.driver import simulated
from cohortflow.store.frames import read_standing

PAGE = CHECKOUT / "docs" / "changing.md"
ROOMS = ("cohortflow", "schemas", "tasks", "flows", "program_configs", "templates")
COUNTS = {
    title.capitalize(): int(count)
    for title, count in re.findall(r"(?m)^\| (a new [\w ]+) \| (\d) \|", PAGE.read_text("utf-8"))
}
SPRING = "emerging-leaders/2027-spring"
LIVED = "simulate emerging-leaders --cohort 2027-spring --company 90 --seed 5 --out out"

Run = Callable[[str], str]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a stranger may change."""
    home = tmp_path / "checkout"
    for room in ROOMS:
        shutil.copytree(CHECKOUT / room, home / room, ignore=shutil.ignore_patterns("__pycache__"))
    return home


@pytest.fixture
def run(checkout: Path) -> Run:
    """Run a command of the copy; what it prints."""

    def cohortflow(arguments: str) -> str:
        done = typed(checkout, f"python -m cohortflow.cli.main {arguments}", code=checkout)
        assert done.returncode == 0, done.stdout + done.stderr
        return " ".join(done.stdout.split())

    return cohortflow


def make(change: str, home: Path) -> None:
    """Do what a section of the page says, in a copy; as many files change as its table says."""
    before = contents(home)
    file = ""
    for block in blocks(PAGE):
        named = re.search(r"(?m)^(In|New file) `([^`]+)`:$", block.announced)
        file = named[2] if named else file
        if block.section != change or block.language == "sh":
            continue
        assert (home / file).is_file() == (block.language == "diff")
        written = block.text if block.language != "diff" else patched((home / file).read_text("utf-8"), block.text)
        (home / file).write_text(written, encoding="utf-8")
    after = contents(home)
    assert len([path for path in after if after[path] != before.get(path)]) == COUNTS[change]


def contents(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_the_table_counts_every_section():
    assert {block.section for block in blocks(PAGE)} == set(COUNTS)
    assert COUNTS == {"A new reminder": 1, "A new question": 1, "A new mail": 2, "A new hard rule": 2}


@pytest.mark.slow
def test_a_new_reminder_takes_one_file(checkout: Path, run: Run) -> None:
    make("A new reminder", checkout)

    assert "final_survey_reminder" not in run("check")
    assert "evaluate.final_survey_reminder#3" in run(f"plan {SPRING}")
    run(LIVED)
    sent = [row for row in rows(checkout / "out" / "messages.csv") if row["template"] == "final_survey_reminder"]
    assert {row["occasion"] for row in sent} == {f"evaluate.final_survey_reminder#{number}" for number in (1, 2, 3)}


@pytest.mark.slow
def test_a_new_question_takes_one_file(checkout: Path, run: Run) -> None:
    make("A new question", checkout)

    assert "pulse" not in run("check")
    with simulated(checkout / "program_configs" / "emerging-leaders.yaml", "2027-spring", people=90, seed=5) as life:
        answers = read_standing(life.house.database, life.cohort.id).answers
    pulses = answers.loc[answers["form"] == "pulse", "body"]
    assert {type(body["call"]) for body in pulses if "call" in body} == {bool}
    assert sum("call" in body for body in pulses) > 50


@pytest.mark.slow
def test_a_new_mail_takes_two_files(checkout: Path, run: Run) -> None:
    make("A new mail", checkout)

    assert "not every text is in de yet (check_in/halfway)" in run("check")
    assert "check_in.halfway#1" in run(f"plan {SPRING}")
    assert "Half of it lies behind you (Emerging Leaders Mentoring, Spring 2027)" in run(
        f"preview {SPRING} --message halfway"
    )
    run(LIVED)
    sent = [row for row in rows(checkout / "out" / "messages.csv") if row["template"] == "halfway"]
    assert {row["state"] for row in sent} == {"accepted"}
    # Halfway is a Saturday, and the Monday after it a holiday in Austin.
    assert {row["sent_at"][:10] for row in sent} == {"2027-05-31", "2027-06-01"}


def headstarts(run: Run, home: Path) -> list[int]:
    """By how many months the mentor of each pair had joined before the mentee, in a life of a made-up company."""
    roster = next((home / "company" / "workers").iterdir())
    run(f"{LIVED} --people {roster}")
    joined = {row["Employee ID"]: date.fromisoformat(row["Hire Date"]) for row in rows(roster)}
    pairs = [(joined[row["mentor_id"]], joined[row["mentee_id"]]) for row in rows(home / "out" / "pairs.csv")]
    return [
        12 * (mentee.year - mentor.year) + mentee.month - mentor.month - (mentee.day < mentor.day)
        for mentor, mentee in pairs
    ]


@pytest.mark.slow
def test_a_new_hard_rule_takes_two_files(checkout: Path, run: Run) -> None:
    make("A new hard rule", checkout)
    program = checkout / "program_configs" / "emerging-leaders.yaml"
    run("company --people 90 --seed 5 --on 2027-01-02 --out company")

    before = headstarts(run, checkout)
    rule = "[ share: languages, joined_earlier: at least 36 months ]"
    program.write_text(program.read_text("utf-8").replace("[ share: languages ]", rule), encoding="utf-8")
    assert "joined_earlier" not in run("check")
    assert min(before) < 36 <= min(headstarts(run, checkout))


@pytest.mark.slow
def test_editors_and_the_documentation_learn_of_the_rule(checkout: Path) -> None:
    make("A new hard rule", checkout)
    (checkout / "docs").mkdir()
    commands = [block.text for block in blocks(PAGE) if block.language == "sh"]

    for command in commands:
        there = command.replace("cohortflow ", "python -m cohortflow.cli.main ")
        assert typed(checkout, there, code=checkout).returncode == 0

    assert "joined_earlier" in (checkout / "program_configs" / "schema" / "program.json").read_text("utf-8")
    page = (checkout / "docs" / "configuration.md").read_text("utf-8")
    assert "| `matching.must.joined_earlier` | The mentor joined the company so many months before the mentee." in page
