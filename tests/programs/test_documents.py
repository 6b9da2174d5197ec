"""YAML is read as text, with its places, and nothing that could be a bomb or leave the folder is read at all."""

import os
from pathlib import Path

import pytest

from cohortflow.programs.documents import program_files, read_config
from cohortflow.programs.trees import load_tree, merge
from schemas.errors import Fault, ProgramError

FILE = "program_configs/x.yaml"
# text, line, column, words of the only fault
REFUSED = [
    ("a: 1\nb: &x [1]\n", 2, 4, "is named for repeating (&x)"),
    ("a: 1\nb: *x\n", 2, 4, "repeats another place (*x)"),
    ("a: !!python/object/apply:os.system [ls]\n", 1, 4, "has a tag"),
    ("a: !secret b\n", 1, 4, "has a tag (!secret)"),
    ("a: 1\nb: 2\na: 3\n", 3, 1, "is written twice, first on line 1"),
    ("a: { b: 1, b: 2 }\n", 1, 12, "is written twice"),
    ("a:\n\tb: 1\n", 2, 1, "a tab stands where YAML wants spaces"),
    ("a: [1, 2\n", 1, 4, "is never closed"),
    ("a: 'never closed\nb: 1\n", 1, 4, "is never closed"),
    ("a: b: c\n", 1, 5, "a colon begins a second value"),
    ("a: @b\n", 1, 4, "a value cannot begin with '@'"),
    ("a: 1\n  b: 2\n", 2, 3, "put no space before it, as on line 1"),
    ("a: 1\n---\nb: 2\n", 2, 1, "a second document begins here"),
    ("? [a, b]\n: c\n", 1, 3, "stands where a key belongs"),
    ("a: b\x07c\n", 1, 5, "cannot be seen (code 0x7)"),
    ("a: \x00\n", 1, 4, "cannot be seen"),
    ("a: \ud800\n", 1, 4, "cannot be seen"),
    ("", 1, 1, "is empty"),
    ("- a\n", 1, 1, "is not a list of keys with values"),
    ("a: " + "[" * 25 + "]" * 25, 1, 24, "more than 20 deep"),
    ("a: '" + "x" * 300_000 + "'", 1, 1, "is larger than 256 KB"),
]


def folder_with(tmp_path: Path, **files: str | bytes) -> Path:
    for name, content in {"company.yaml": "version: 1\n", "p.yaml": "version: 1\n", **files}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path / "p.yaml"


def fault_of(program_file: Path) -> Fault:
    with pytest.raises(ProgramError) as raised:
        read_config(program_file)
    (fault,) = raised.value.faults
    return fault


@pytest.mark.parametrize(("text", "line", "column", "words"), REFUSED, ids=lambda value: repr(value)[:24])
def test_what_is_refused_has_a_place_and_a_cure(text, line, column, words):
    _, (fault,) = load_tree(text, FILE)

    assert words in fault.message
    assert (fault.file, fault.line) == (FILE, line)
    if "look at this line" not in words and "deep" not in words:
        assert fault.column == column


def test_every_value_stays_text():
    tree, faults = load_tree("a: no\nb: 9:30\nc: 0123\nd: 2027-13-01\non: 1.10\ne: null\n", FILE)

    assert faults == []
    assert tree.plain() == {"a": "no", "b": "9:30", "c": "0123", "d": "2027-13-01", "on": "1.10", "e": "null"}


def test_keys_and_values_know_their_places():
    tree, _ = load_tree("a:\n  - b: 1\n    c: [x, yy]\n", FILE)

    node = tree.get("a", 0, "c")
    assert (node.key_mark.line, node.key_mark.column) == (3, 5)
    assert (node.get(1).mark.line, node.get(1).mark.column) == (3, 12)
    assert node.get(1).path == ("a", 0, "c", 1)


@pytest.mark.parametrize("bomb", ["[" * 20_000, "{a: " * 20_000, "a: &a [x]\n" + "b: [*a,*a]\n" * 9_000, "- " * 20_000])
def test_a_bomb_is_refused_at_once(bomb):
    tree, faults = load_tree(bomb, FILE)

    assert faults
    assert tree is None


def test_merged_values_keep_their_own_file():
    base, _ = load_tree("a: { b: 1, c: [1, 2] }\nd: 1\n", "base.yaml")
    over, _ = load_tree("a: { c: [3] }\n", "over.yaml")

    merged = merge(base, over)

    assert merged.plain() == {"a": {"b": "1", "c": ["3"]}, "d": "1"}
    assert merged.get("a", "b").mark.file == "base.yaml"
    assert merged.get("a", "c", 0).mark.file == "over.yaml"


def test_a_program_is_read_with_its_neighbours(tmp_path):
    program = "matching: { never: [ in_file: pairs.csv ], score_from: none.csv }\n"
    file = folder_with(
        tmp_path, **{"p.yaml": program, "forms/apply.yaml": "name: x\n", "pairs.csv": "a,b\n", "other.csv": "x"}
    )

    assert sorted(read_config(file)) == ["company.yaml", "forms/apply.yaml", "p.yaml", "pairs.csv"]


def test_the_mark_and_line_ends_of_windows_are_tolerated(tmp_path):
    file = folder_with(tmp_path, **{"p.yaml": b"\xef\xbb\xbfversion: 1\r\nname: x\r\n"})

    assert read_config(file)["p.yaml"] == "version: 1\nname: x\n"


def test_what_is_no_text_is_told_by_its_line(tmp_path):
    fault = fault_of(folder_with(tmp_path, **{"p.yaml": b"version: 1\nname: Sm\xf8rrebr\xf8d\n"}))

    assert (fault.line, fault.column) == (2, 9)
    assert "save the file as UTF-8" in fault.message


@pytest.mark.parametrize("name", ["p.yaml", "company.yaml", "forms/a.yaml"])
def test_a_link_is_not_followed(tmp_path, name):
    file = folder_with(tmp_path, **{"forms/b.yaml": "name: x\n"})
    secret = tmp_path / "elsewhere.txt"
    secret.write_text("secret: 1\n")
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).symlink_to(secret)

    assert "is a link" in fault_of(file).message


@pytest.mark.parametrize("name", ["../out.csv", "/etc/hostname", "a\\\\b.csv", "c:x.csv"])
def test_a_named_file_outside_is_never_read(tmp_path, name):
    inner = tmp_path / "configs"
    inner.mkdir()
    (tmp_path / "out.csv").write_text("secret")
    file = folder_with(inner, **{"p.yaml": f"matching: {{ never: [ in_file: '{name}' ] }}\n"})

    assert sorted(read_config(file)) == ["company.yaml", "p.yaml"]


def test_absent_folders_and_pipes_are_told_plainly(tmp_path):
    file = folder_with(tmp_path)
    os.mkfifo(tmp_path / "pipe.yaml")

    assert "does not exist" in fault_of(tmp_path / "q.yaml").message
    assert "is a folder" in fault_of(tmp_path).message
    assert "is not a file" in fault_of(tmp_path / "pipe.yaml").message
    assert "cannot be a program" in fault_of(tmp_path / "My Program.yaml").message
    assert "what all programs share" in fault_of(tmp_path / "company.yaml").message
    assert program_files(tmp_path) == [file, tmp_path / "pipe.yaml"]


def test_a_program_may_not_be_larger_than_it_needs(tmp_path):
    assert "larger than 256 KB" in fault_of(folder_with(tmp_path, **{"p.yaml": b"#" * 300_000})).message
