"""The same inputs and seed give the same files: in another zone and language, and with either engine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = ("simulate", "first-steps", "--cohort", "2027-summer", "--company", "90", "--seed", "5")
pytestmark = pytest.mark.slow


def simulated_there(out: Path, *options: str, **environment: str) -> str:
    """What the command prints, run in a process of its own under that environment."""
    command = [sys.executable, "-m", "cohortflow.cli.main", *SMALL, *options, "--out", str(out)]
    there = {**os.environ, **environment}
    done = subprocess.run(command, cwd=ROOT, env=there, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode(errors="replace")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_another_zone_and_language_change_nothing(lived, tmp_path):
    out = tmp_path / "with spaces"

    told = simulated_there(out, TZ="Pacific/Chatham", LANG="C", LC_ALL="C", COLUMNS="60", PYTHONHASHSEED="1")

    assert files(out) == files(lived.out)
    for part in ("invited", "applied", "pairs", "completed", "mails", "Next: cohortflow plan first-steps/2027-summer"):
        assert part in told
    assert f"{out.as_posix()}/book.html" in told


def test_both_engines_give_the_same_bytes(lived, tmp_path):
    simulated_there(tmp_path / "out", "--engine", "prefect")

    assert files(tmp_path / "out") == files(lived.out)
