"""Whatever happens to the shipped files, `check` answers with faults that have a place, or finds them sound."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from programs.broken.good import texts_of_mails

from cohortflow.programs.documents import program_files, read_config
from cohortflow.programs.parsing import check_config

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).parents[3] / "program_configs"
FOLDER = "program_configs"
ROUNDS = 40
OTHER_VALUES = (
    "",
    "7",
    "-1",
    "9:30",
    "no",
    "0123",
    "1.10",
    "[a, b]",
    "{ a: b }",
    "'",
    "[",
    "}",
    "~",
    "- a",
    "&a b",
    "*a",
    "é\u0000",
    "x" * 500,
)


def _delete_a_line(lines: list[str], dice: random.Random) -> None:
    del lines[dice.randrange(len(lines))]


def _double_a_line(lines: list[str], dice: random.Random) -> None:
    at = dice.randrange(len(lines))
    lines.insert(at, lines[at])


def _swap_two_lines(lines: list[str], dice: random.Random) -> None:
    at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]


def _indent_otherwise(lines: list[str], dice: random.Random) -> None:
    at = dice.randrange(len(lines))
    lines[at] = " " * dice.randrange(7) + lines[at].lstrip()


def _cut_short(lines: list[str], dice: random.Random) -> None:
    text = "\n".join(lines)
    lines[:] = text[: dice.randrange(len(text) + 1)].split("\n")


def _write_another_value(lines: list[str], dice: random.Random) -> None:
    at = dice.randrange(len(lines))
    lines[at] = lines[at].partition(": ")[0] + ": " + dice.choice(OTHER_VALUES)


def _change_a_sign(lines: list[str], dice: random.Random) -> None:
    at = dice.randrange(len(lines))
    place = dice.randrange(len(lines[at]) + 1)
    lines[at] = (
        lines[at][:place] + dice.choice("{}[]:,'\"#-|>&*!%@`\t\\\u2028é ") + lines[at][place + dice.randrange(2) :]
    )


MUTATIONS: list[Callable[[list[str], random.Random], None]] = [
    _delete_a_line, _double_a_line, _swap_two_lines, _indent_otherwise, _cut_short, _write_another_value, _change_a_sign,
]  # fmt: skip


def insist_on_places(texts: dict[str, str], program_id: str) -> None:
    """`check` says everything with a line and column inside a file that somebody can open."""
    for fault in check_config(texts, program_id, FOLDER, texts_of_mails()):
        name = fault.file.removeprefix(f"{FOLDER}/")
        assert name in texts, fault
        lines = texts[name].split("\n")
        assert 1 <= fault.line <= len(lines), fault
        assert 1 <= fault.column <= len(lines[fault.line - 1]) + 2, fault
        assert fault.message and "Traceback" not in fault.message and "Error" not in fault.message, fault


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__.strip("_"))
@pytest.mark.parametrize("program_id", [path.stem for path in program_files(CONFIGS)])
def test_a_changed_file_is_answered_with_places(program_id, mutation):
    texts, dice = read_config(CONFIGS / f"{program_id}.yaml"), random.Random(f"{program_id} {mutation.__name__}")
    files = sorted(name for name in texts if name.endswith(".yaml"))
    for _ in range(ROUNDS):
        name = dice.choice([f"{program_id}.yaml", f"{program_id}.yaml", "company.yaml", dice.choice(files)])
        lines = texts[name].split("\n")
        for _ in range(dice.choice((1, 1, 3))):
            mutation(lines, dice)
            lines = lines or [""]
        insist_on_places({**texts, name: "\n".join(lines)}, program_id)
