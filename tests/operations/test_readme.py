"""What README.md tells a newcomer to type works as it stands, in its order, in a folder with a space in its name."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prefect_installation import CHECKOUT

PAGE = (CHECKOUT / "README.md").read_text(encoding="utf-8")
APPROVE = "cohortflow approve sales-mentors/2027-summer --by dana.reyes@acme.example"


def first_steps() -> list[str]:
    """The shell blocks of the first cohort, in order."""
    section = PAGE.split("## Your first cohort in five minutes")[1].split("\n## ")[0]
    return [re.sub(r"(?m)^   ", "", block) for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL)]


def typed(home: Path, *blocks: str) -> "subprocess.CompletedProcess[str]":
    """What a shell that ends at the first failure makes of some blocks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COHORTFLOW_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    line = ["bash", "-e", "-c", "\n".join(blocks)]
    environment = kept | {"PATH": path, "COHORTFLOW_HOME": str(home)}
    return subprocess.run(line, cwd=home, env=environment, capture_output=True, text=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with what the checkout ships to be edited."""
    folder = tmp_path / "new comer"
    shutil.copytree(CHECKOUT / "program_configs", folder / "program_configs")
    return folder


@pytest.mark.slow
def test_the_first_cohort_can_be_typed_word_for_word(home: Path) -> None:
    *steps, approval = first_steps()
    assert approval.strip() == APPROVE

    told = typed(home, *steps)

    assert told.returncode == 0, told.stdout + told.stderr
    assert " occasions done; mails: " in told.stdout
    assert "\nsales-mentors/2027-summer  " in told.stdout
    assert "\nemerging-leaders/" not in told.stdout
    assert (home / "out" / "trial" / "book.html").is_file()


def test_the_fault_it_shows_is_the_fault_that_is_told(home: Path) -> None:
    (shown,) = re.findall(r"(?m)^ +(program_configs/sales-mentors\.yaml:.*)$", PAGE)
    program = (home / "program_configs" / "first-steps.yaml").read_text(encoding="utf-8")
    broken = program.replace("starts: 2027-05-03", "starts: 2027-13-01")
    (home / "program_configs" / "sales-mentors.yaml").write_text(broken, encoding="utf-8")

    told = typed(home, "cohortflow check program_configs/sales-mentors.yaml")

    assert told.returncode == 1
    assert shown in told.stdout.splitlines()
