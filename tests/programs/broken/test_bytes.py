"""Files as editors and machines leave them: read where they can be, else refused with a line and a cure."""

import shutil
from pathlib import Path

import pytest
from programs.broken.good import FOLDER, ID, PROGRAM, SOUND, TEMPLATES, sound

from cohortflow.cli.check import all_faults

SOUND_TEXT = sound()[PROGRAM].encode()
SECOND = SOUND_TEXT.index(b"name:")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sound files, looked at from the folder above them."""
    shutil.copytree(SOUND, tmp_path / FOLDER)
    monkeypatch.chdir(tmp_path)
    return Path(FOLDER) / f"{ID}.yaml"


def told(program: Path, content: bytes) -> list[str]:
    """The errors of `check` for the file with this content."""
    program.write_bytes(content)
    return [str(fault) for fault in all_faults([program], TEMPLATES) if fault.severity == "error"]


@pytest.mark.parametrize(
    "content",
    [
        SOUND_TEXT,
        b"\xef\xbb\xbf" + SOUND_TEXT,
        SOUND_TEXT.replace(b"\n", b"\r\n"),
        SOUND_TEXT.replace(b"\n", b"\r"),
        SOUND_TEXT.rstrip(b"\n"),
        SOUND_TEXT + b"\n\n   \n# the end",
        SOUND_TEXT.replace(b"Emerging Leaders Mentoring", "Führung – 指導 👩🏽‍🏫".encode()),
    ],
    ids=["plain", "mark", "windows", "old mac", "no last line end", "empty lines", "every script"],
)
def test_what_an_editor_may_leave_is_read(program, content):
    assert told(program, content) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (SOUND_TEXT.replace(b"Leaders", b"F\xfchrung"), "3:17", "save the file as UTF-8"),
        (sound()[PROGRAM].encode("utf-16"), "1:1", "save the file as UTF-8"),
        (SOUND_TEXT.replace(b"Leaders", b"L\x00eaders"), "3:17", "cannot be seen (code 0x0) stands here; delete it"),
        (SOUND_TEXT.replace(b"Leaders", b"L\x1b[31m"), "3:17", "cannot be seen (code 0x1b) stands here; delete it"),
        (SOUND_TEXT.replace(b"Leaders", "L\u2028eaders".encode()), "3:17", "cannot be seen (code 0x2028)"),
        (SOUND_TEXT + b"#" * 262_144, "1:1", "is larger than 256 KB"),
        (b"", "1:1", "is empty; begin with a line such as version: 1"),
        (b"\n# nothing\n", "1:1", "is empty; begin with a line such as version: 1"),
        (b"just a sentence\n", "1:1", "is not a list of keys with values; begin with a line such as version: 1"),
        (b"PK\x03\x04 a spreadsheet", "1:3", "cannot be seen (code 0x3)"),
        (b"%PDF-1.7\n", "1:7", "begins with a line for YAML tools"),
        (b"<html><body>Sign in</body></html>", "1:1", "is not a list of keys with values"),
        (b"a: " + b"[" * 100_000, "1:24", "more than 20 deep"),
        (b"- " * 100_000, "1:43", "more than 20 deep"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\n" + b"c: [*b, *b]\n" * 9_000, "1:4", "is named for repeating (&a)"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_cure(program, content, place, words):
    found = told(program, content)

    assert any(fault.startswith(f"{FOLDER}/{ID}.yaml:{place}: ") and words in fault for fault in found), found[:3]
    assert len(found) <= 20


def test_a_company_that_cannot_be_read_is_one_fault(program):
    (program.parent / "company.yaml").write_bytes(b"company: Acme\npeople: [\n")

    found = told(program, SOUND_TEXT)

    assert [fault.split(": ")[0] for fault in found] == ["program_configs/company.yaml:2:9"]
