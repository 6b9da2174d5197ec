"""`check` prints every fault with its place and says by its exit code whether a program can run."""

import json
import shutil
from pathlib import Path

import pytest

from cohortflow.cli.check import check

ROOT = Path(__file__).parents[2]


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "program_configs", tmp_path / "program_configs"))


def test_all_shipped_programs_pass(configs, capsys):
    assert check([], configs, ROOT / "templates", as_json=False) == 0
    assert "no faults" in capsys.readouterr().out


def test_faults_are_printed_with_the_next_command(configs, capsys, monkeypatch):
    monkeypatch.chdir(configs.parent)
    file = configs / "first-steps.yaml"
    file.write_text(file.read_text().replace("2027-05-03", "2027-05-33"))

    assert check([Path("program_configs/first-steps.yaml")], configs, ROOT / "templates", as_json=False) == 1

    printed = capsys.readouterr().out
    assert "program_configs/first-steps.yaml:12:26: cohorts.2027-summer.starts: is not a date that exists" in printed
    assert "run `cohortflow check program_configs/first-steps.yaml`" in printed


def test_json_is_a_list_of_faults(configs, capsys):
    (configs / "first-steps.yaml").write_text("version: 1\n\tname: x\n")

    assert check([configs / "first-steps.yaml"], configs, ROOT / "templates", as_json=True) == 1

    (fault,) = [each for each in json.loads(capsys.readouterr().out) if each["severity"] == "error"]
    assert set(fault) == {"file", "line", "column", "path", "message", "severity"}
    assert (fault["line"], fault["column"]) == (2, 1)


def test_what_cannot_be_read_is_a_line(configs, capsys):
    (configs / "broken.yaml").write_bytes(b"\xff\xfe\x00")

    assert check([configs / "none.yaml", configs, configs / "broken.yaml"], configs, ROOT / "templates", False) == 1

    printed = capsys.readouterr().out
    assert "none.yaml:1:1: file: does not exist" in printed
    assert "is a folder" in printed
    assert "is not UTF-8 text" in printed


def test_nothing_in_a_file_steers_the_terminal(configs, capsys):
    file = configs / "first-steps.yaml"
    file.write_text(file.read_text().replace("type: one_on_one", 'type: "\\e[31mred"'))

    assert check([file], configs, ROOT / "templates", as_json=False) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_faults_of_the_texts_are_told_too(configs, capsys, tmp_path):
    templates = Path(shutil.copytree(ROOT / "templates", tmp_path / "templates"))
    text = templates / "recruit" / "invite.en.md"
    text.write_text(text.read_text().replace("{{ reader.name }}", "{{ reader.nmae }}") + "\nAnswer by 5 March.\n")

    assert check([], configs, templates, as_json=False) == 1

    printed = capsys.readouterr().out
    assert "templates/recruit/invite.en.md:7:1: body: 'nmae' is not known here; did you mean 'name'?" in printed
    assert "body: warning: holds a date of its own ('5 March')" in printed


def test_seats_are_held_against_the_roster(configs, capsys, tmp_path):
    inbox = tmp_path / "inbox" / "workers"
    inbox.mkdir(parents=True)
    (inbox / "workers.csv").write_text(
        "Employee ID,Grade,Department,Hire Date,Status\nE1,P7,Sales,2019-04-01,Active\nE2,P2,Sales,2019-04-01,Active\n"
    )

    assert check([configs / "first-steps.yaml"], configs, ROOT / "templates", as_json=False, home=tmp_path) == 0

    assert "cohorts.2027-summer.seats: warning: 30 seats cannot be filled" in capsys.readouterr().out


def test_an_empty_folder_says_what_to_do(tmp_path, capsys):
    assert check([], tmp_path, ROOT / "templates", as_json=False) == 1
    assert "holds no program" in capsys.readouterr().out


def test_a_program_may_be_named_by_its_id(configs, capsys):
    assert check([Path("first-steps")], configs, ROOT / "templates", as_json=False) == 0
    assert "first-steps.yaml: no faults" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("named", "told"),
    [("program_configs/forms/apply.yaml", "is a form"), ("templates/recruit/invite.en.md", "is the text of a mail")],
)
def test_what_no_program_can_be_is_told_alone(named, told, configs, capsys):
    assert check([ROOT / named], configs, ROOT / "templates", as_json=False) == 1

    printed = capsys.readouterr().out
    assert f"{told}; check a program" in printed
    assert len(printed.splitlines()) == 2, "the fault and what to do"


def test_wording_of_a_program_elsewhere_is_not_called_unread(configs, tmp_path, capsys):
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(configs, elsewhere)
    (elsewhere / "emerging-leaders.yaml").unlink()

    check([elsewhere / "first-steps.yaml"], configs, ROOT / "templates", as_json=False)

    assert "is read by nobody" not in capsys.readouterr().out


def test_a_text_that_cannot_be_read_is_the_only_fault_told_of_it(configs, tmp_path, capsys):
    templates = Path(shutil.copytree(ROOT / "templates", tmp_path / "templates"))
    (templates / "recruit" / "reminder.en.md").write_bytes(b"\xff\xfe")
    (templates / "words.de.yaml").write_bytes(b"\xff\xfe")

    assert check([], configs, templates, as_json=False) == 1

    printed = capsys.readouterr().out
    faults = [line for line in printed.splitlines() if ": note: " not in line]
    assert [line.partition(":")[0] for line in faults[:-1]] == [
        "templates/recruit/reminder.en.md",
        "templates/words.de.yaml",
    ]
    assert faults[-1].startswith("2 faults")


def test_a_text_whose_name_has_a_slip_is_told(configs, tmp_path, capsys):
    templates = Path(shutil.copytree(ROOT / "templates", tmp_path / "templates"))
    for name in ("recruit/invite_en.md", "recruit/README.md", "emerging-leaders/match/hello.md"):
        (templates / name).parent.mkdir(parents=True, exist_ok=True)
        (templates / name).write_text("---\nsubject: x\nclass: service\n---\nHello\n")

    assert check([], configs, templates, as_json=False) == 0

    unread = [line for line in capsys.readouterr().out.splitlines() if "is read by nobody" in line]
    assert [line.partition(":")[0] for line in unread] == [
        "templates/emerging-leaders/match/hello.md",
        "templates/recruit/invite_en.md",
    ]


def test_programs_whose_names_end_otherwise_are_told(configs, capsys):
    for name in ("sales.yml", "sales-mentors.yaml.txt"):
        shutil.copy(configs / "first-steps.yaml", configs / name)

    assert check([], configs, ROOT / "templates", as_json=False) == 0

    unread = [line for line in capsys.readouterr().out.splitlines() if "for the end of its name" in line]
    assert [line.rpartition("rename it to ")[2] for line in unread] == ["sales-mentors.yaml", "sales.yaml"]


def test_a_copy_under_another_name_is_told(configs, capsys):
    shutil.copy(configs / "first-steps.yaml", configs / "second-steps.yaml")

    assert check([], configs, ROOT / "templates", as_json=False) == 0

    assert "is the name of first-steps.yaml as well" in capsys.readouterr().out


def test_one_folder_of_rosters_is_read_in_one_way(configs, capsys):
    text = (configs / "first-steps.yaml").read_text().replace("name: First", "name: Other")
    levels = "people: { levels: [P1, P2, P3, P4, P5, P6, P7, P8, P9] }\n"
    (configs / "second-steps.yaml").write_text(text + levels)

    assert check([], configs, ROOT / "templates", as_json=False) == 1
    printed = capsys.readouterr().out
    assert f"second-steps.yaml:{text.count(chr(10)) + 1}:" in printed
    assert "people.levels: is not what emerging-leaders.yaml says, and both live by inbox/workers/*.csv" in printed

    mended = levels.replace("{ levels", "{ from: inbox/second/*.csv, levels")
    (configs / "second-steps.yaml").write_text(text + mended)
    assert check([], configs, ROOT / "templates", as_json=False) == 0


def test_a_value_that_ends_before_a_number_sign_is_told(configs, capsys):
    file = configs / "first-steps.yaml"
    text = file.read_text()
    name = next(line for line in text.splitlines() if line.startswith("name:"))
    file.write_text(text.replace(name, "name: Sales #1 Mentors  # the first"))

    check([file], configs, ROOT / "templates", as_json=False)

    printed = capsys.readouterr().out
    assert "ends before the #, where a comment begins (got 'Sales')" in printed


def test_a_space_that_does_not_break_is_named(configs, capsys):
    file = configs / "first-steps.yaml"
    text = file.read_text()
    file.write_text(text.replace("name: ", "name:\xa0", 1))
    check([file], configs, ROOT / "templates", as_json=False)
    assert "a space that does not break stands here" in capsys.readouterr().out

    file.write_text(text.replace("\nowner:", "\n\xa0owner:", 1))
    check([file], configs, ROOT / "templates", as_json=False)
    assert "a space that does not break stands here" in capsys.readouterr().out


def test_who_asks_for_no_first_meeting_need_not_mend_the_standard(configs, capsys):
    file = configs / "first-steps.yaml"
    file.write_text(file.read_text() + "\nstages: { check_in: { first_meeting: not_needed } }\n")

    check([file], configs, ROOT / "templates", as_json=False)

    assert "counts from a first meeting" not in capsys.readouterr().out
