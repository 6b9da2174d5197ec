"""`new` writes programs and cohorts that pass `check`, and never over anything that is there."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from editor_yaml import as_an_editor_reads

from cohortflow.cli.check import check
from cohortflow.programs.documents import read_config
from cohortflow.programs.parsing import parse_program

ROOT = Path(__file__).parents[2]
ANSWERS = {
    "--name": "Sales Mentors",
    "--type": "one_on_one",
    "--owner": "mentoring@acme.example",
    "--approver": "dana.reyes@acme.example",
    "--starts": "2027-03-01",
    "--seats": "24",
}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house with the programs that ship."""
    monkeypatch.setenv("COHORTFLOW_HOME", str(tmp_path))
    return Path(shutil.copytree(ROOT / "program_configs", tmp_path / "program_configs"))


def options(**others: str) -> list[str]:
    """The six options, some of them different."""
    said = {**ANSWERS, **{f"--{name}": value for name, value in others.items()}}
    return [each for pair in said.items() for each in pair if pair[1]]


def passes(file: Path) -> bool:
    """Whether `check` finds no error in a program."""
    return check([file], file.parent, ROOT / "templates", as_json=False) == 0


@pytest.mark.parametrize("kind", ["one_on_one", "reverse", "group", "peer", "micro"])
def test_a_new_program_passes_check(run, programs, kind):
    result = run("new", *options(type=kind))

    assert result.exit_code == 0, result.stderr
    assert passes(programs / "sales-mentors.yaml")
    assert "Next: `cohortflow plan sales-mentors/2027-spring`" in result.stdout


def test_a_new_program_says_what_was_answered(run, programs):
    run(
        "new",
        *options(name="Führung: Tandem", approver="a@acme.example, b@acme.example"),
        "--purpose",
        "Learn",
        "--id",
        "x",
    )

    program = parse_program(read_config(programs / "x.yaml"), "x")
    assert (program.name, program.purpose) == ("Führung: Tandem", "Learn")
    assert program.approvers == ("a@acme.example", "b@acme.example")
    assert program.cohorts["2027-spring"].seats == 24
    assert program.cohorts["2027-spring"].ends.isoformat() == "2027-08-27"


def test_a_new_program_has_its_line_for_editors(run, programs):
    shutil.rmtree(programs / "schema")

    run("new", *options())

    first, *_ = (programs / "sales-mentors.yaml").read_text().splitlines()
    assert (programs / first.partition("$schema=")[2]).is_file()
    assert as_an_editor_reads((programs / "sales-mentors.yaml").read_text())["name"] == "Sales Mentors"


def test_a_program_that_is_there_is_never_written_over(run, programs):
    (programs / "sales-mentors.yaml").write_text("mine\n")

    result = run("new", *options())

    assert result.exit_code == 1
    assert "sales-mentors.yaml is there already and stays as it is; say --id" in result.stderr
    assert (programs / "sales-mentors.yaml").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("option", "value", "cure"),
    [
        ("owner", "mentoring", "write for example mentoring@acme.example"),
        ("starts", "1 March", "write YYYY-MM-DD"),
        ("seats", "many", "write a number"),
        ("type", "circle", "'one_on_one', 'reverse'"),
        ("approver", "dana", "write for example"),
        ("ends", "2027-02-01", "is not after the cohort starts"),
        ("id", "Sales Mentors", "a to z, 0 to 9"),
    ],
)
def test_a_wrong_option_is_told_with_its_cure(run, programs, option, value, cure):
    before = sorted(programs.iterdir())

    result = run("new", *options(**{option: value}))

    assert result.exit_code == 1
    assert cure in result.stderr
    assert sorted(programs.iterdir()) == before


def test_without_a_terminal_what_is_missing_is_named(run, programs):
    result = run("new", *options(owner="", seats=""))

    assert result.exit_code == 1
    assert "say it with --owner, --seats" in result.stderr


@pytest.mark.slow
def typed(home: Path, *lines: str) -> tuple[int, str]:
    """What `new` says at a real terminal at which somebody types."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cohortflow.cli.main", "new"]
    environment = {**os.environ, "COHORTFLOW_HOME": str(home)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        os.write(ours, "".join(f"{line}\n" for line in lines).encode())
        assert process.stdout is not None
        said = process.stdout.read().decode()
    os.close(theirs)
    os.close(ours)
    return process.returncode, said


@pytest.mark.slow
def test_six_questions_are_asked_at_a_terminal(programs):
    answers = ("Sales Mentors", "", "mentoring@acme.example", "dana.reyes@acme.example", "2027-03-01", "")

    code, said = typed(programs.parent, *answers)

    assert code == 0, said
    assert said.count("]: ") + said.count("): ") + said.count("called: ") + said.count("participants: ") >= 6
    program = parse_program(read_config(programs / "sales-mentors.yaml"), "sales-mentors")
    assert (program.type, program.cohorts["2027-spring"].seats) == ("one_on_one", 20)


@pytest.mark.slow
def test_a_wrong_answer_is_asked_again(programs):
    answers = ("Sales", "pairs", "peer", "me", "me@acme.example", "d@acme.example", "soon", "2027-03-01", "0", "5")

    code, said = typed(programs.parent, *answers)

    assert code == 0, said
    assert "That is not an email address" in said
    assert parse_program(read_config(programs / "sales.yaml"), "sales").cohorts["2027-spring"].seats == 5


def test_a_cohort_is_one_more_line_and_nothing_else(run, programs):
    file = programs / "emerging-leaders.yaml"
    before = file.read_bytes()

    result = run("new", "cohort", "emerging-leaders", "--starts", "2028-03-06")

    line = b"  2028-spring: { starts: 2028-03-06, ends: 2028-08-25, seats: 40 }\n"
    assert result.exit_code == 0, result.stderr
    assert file.read_bytes().replace(line, b"", 1) == before
    assert passes(file)
    assert "Next: `cohortflow plan emerging-leaders/2028-spring`" in result.stdout


def test_a_cohort_says_what_the_options_say(run, programs):
    run(
        "new",
        "cohort",
        "first-steps",
        "--starts",
        "2028-03-06",
        "--ends",
        "2028-06-30",
        "--seats",
        "12",
        "--key",
        "pilot",
    )

    cohort = parse_program(read_config(programs / "first-steps.yaml"), "first-steps").cohorts["pilot"]
    assert (cohort.starts.isoformat(), cohort.ends.isoformat(), cohort.seats) == ("2028-03-06", "2028-06-30", 12)


def test_marks_of_windows_and_the_rights_of_the_file_stay(run, programs):
    file = programs / "first-steps.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    file.chmod(0o640)
    before = file.read_bytes()

    run("new", "cohort", "first-steps", "--starts", "2028-05-01")

    line = b"  2028-spring: { starts: 2028-05-01, ends: 2028-10-27, seats: 30 }\r\n"
    assert file.read_bytes().replace(line, b"", 1) == before
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in programs.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("emerging-leaders", "--starts", "2028-13-01"), "--starts: is not a date that exists"),
        (("emerging-leaders", "--starts", "2028-03-06", "--ends", "2028-03-01"), "is not after the cohort starts"),
        (("emerging-leaders", "--starts", "2028-03-06", "--key", "2027-spring"), "choose another key with --key"),
        (("emerging-leaders", "--starts", "2028-03-06", "--key", "Spring!"), "--key: is not a plain name"),
        (("emerging-leders", "--starts", "2028-03-06"), "did you mean emerging-leaders?"),
    ],
)
def test_nothing_is_written_when_the_line_is_faulty(run, programs, arguments, told):
    before = {path: path.read_bytes() for path in programs.glob("*.yaml")}

    result = run("new", "cohort", *arguments)

    assert result.exit_code == 1
    assert told in result.stderr
    assert {path: path.read_bytes() for path in programs.glob("*.yaml")} == before


def test_a_program_with_faults_is_mended_first(run, programs):
    file = programs / "first-steps.yaml"
    file.write_text(file.read_text().replace("seats: 30", "seats: many"))
    before = file.read_bytes()

    result = run("new", "cohort", "first-steps", "--starts", "2028-03-06")

    assert result.exit_code == 1
    assert "seats: is not a whole number" in result.stderr
    assert "run `cohortflow check" in result.stderr
    assert file.read_bytes() == before


def test_the_first_cohort_of_a_program_needs_its_end_and_seats(run, programs):
    file = programs / "first-steps.yaml"
    lines = [line for line in file.read_text().splitlines() if "2027-summer" not in line]
    file.write_text("\n".join("cohorts: {}" if line == "cohorts:" else line for line in lines) + "\n")

    refused = run("new", "cohort", "first-steps", "--starts", "2028-03-06")
    added = run("new", "cohort", "first-steps", "--starts", "2028-03-06", "--ends", "2028-09-01", "--seats", "9")

    assert "say --ends and --seats" in refused.stderr
    assert added.exit_code == 0, added.stderr
    assert "cohorts: { 2028-spring: { starts: 2028-03-06, ends: 2028-09-01, seats: 9 } }\n" in file.read_text()


def test_a_second_cohort_of_one_day_needs_a_key(run, programs):
    arguments = ("new", "cohort", "first-steps", "--starts", "2027-10-04")
    assert run(*arguments).exit_code == 0
    before = (programs / "first-steps.yaml").read_bytes()

    shown = run(*arguments)

    assert shown.exit_code == 1 and "starts on 2027-10-04 already" in shown.stderr
    assert (programs / "first-steps.yaml").read_bytes() == before
    assert run(*arguments, "--key", "2027-second").exit_code == 0
