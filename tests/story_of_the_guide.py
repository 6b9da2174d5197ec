"""The coordinator's guide, lived: what it tells its reader to type and to change, in its order and on its days."""

import csv
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from guide_pages import CHECKOUT, blocks, patched, typed

from cohortflow.store import instances
from flows.house import open_house
from schemas.settings import Settings

PAGE = CHECKOUT / "docs" / "coordinator.md"
FILE = re.compile(r"(?m)^(?:In|New file) `([^`]+)`:$")
MENTORS, MENTEES = ("P6", "P7", "P8"), ("P3", "P4", "P5")
APPLICATION = {"career_goal": "Lead a first team", "working_style": "By trying things out", "consent": "yes"}


class Misled(AssertionError):
    """The guide says something that is not so."""


def live_the_guide(home: Path, until: str = "") -> Iterator[str]:
    """Do what the guide says in a copy of what a coordinator edits; yields each command when it is done.

    Args:
        until: the section to stop at.

    Raises:
        Misled: a command ends otherwise, or prints something else, than the guide says.
    """
    for folder in ("program_configs", "templates"):
        shutil.copytree(CHECKOUT / folder, home / folder)
    file, printed, exports = "", "", ""
    for block in blocks(PAGE):
        if until and block.section == until:
            return
        if named := FILE.search(block.announced):
            file = named[1]
        if day := re.search(r"<!-- on (\S+) -->", block.announced):
            let_it_be(home, day[1])
        if block.language == "diff":
            text = (home / file).read_text(encoding="utf-8")
            (home / file).write_text(patched(text, block.text), encoding="utf-8")
        elif block.announced.startswith("New file"):
            (home / file).write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            exports += "".join(line for line in block.text.splitlines(keepends=True) if line.startswith("export "))
            expected = re.search(r"<!-- exit (\d) -->", block.announced)
            printed = _typed(home, exports, block.text, int(expected[1]) if expected else 0)
            yield block.text
        elif block.language == "text":
            _compare(block.text, printed)


def _typed(home: Path, exports: str, command: str, code: int) -> str:
    done = typed(home, exports + command)
    if done.returncode != code:
        raise Misled(f"{command}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def _compare(shown: str, printed: str) -> None:
    """Each line that the guide shows was printed, in that order; blanks and line breaks do not count."""
    rest = " ".join(printed.split())
    for line in shown.splitlines():
        words = " ".join(line.split())
        _, found, rest_of_it = rest.partition(words)
        if not found:
            raise Misled(f"not printed: {words}\nbut:\n{printed}")
        rest = rest_of_it


# --- the world around it ------------------------------------------------------------------------------------------


def let_it_be(home: Path, day: str) -> None:
    """Let a day come: the clock shows its noon, HR's system has exported the roster, and people have applied."""
    house = open_house(Settings(home=home))
    with house.database.write() as db:
        noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
        instances.set_clock(db, base=noon, started=datetime.now(UTC))
    house.database.close()
    (before,) = (home / "inbox" / "workers").iterdir()
    roster = before.rename(before.with_name(f"workers-{day}.csv"))
    write_applications(roster, home / "applications.csv")


def write_applications(roster: Path, file: Path) -> None:
    """What a form tool exports: twelve mentors with room for two, and twice as many mentees."""
    with roster.open(newline="", encoding="utf-8") as opened:
        people = [row for row in csv.DictReader(opened) if row["Status"] == "Active" and row["Hire Date"] < "2026-03"]
    mentors = [_offer(row) for row in people if row["Grade"] in MENTORS][:12]
    mentees = [_wish(row) for row in people if row["Grade"] in MENTEES][:24]
    with file.open("w", newline="", encoding="utf-8") as opened:
        table = csv.DictWriter(opened, fieldnames=list(mentors[0] | mentees[0]), restval="")
        table.writeheader()
        table.writerows(mentors + mentees)


def _offer(row: dict[str, str]) -> dict[str, str]:
    return {"Employee ID": row["Employee ID"], **APPLICATION, "skills_offered": "Delegating; Hiring", "capacity": "2"}


def _wish(row: dict[str, str]) -> dict[str, str]:
    return {"Employee ID": row["Employee ID"], **APPLICATION, "skills_wanted": "Delegating; Coaching others"}
