"""A small change changes one thing: one sentence one mail, one reminder line the rows of that reminder."""

import csv
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cohortflow.simulation.driver import simulated
from cohortflow.simulation.exports import write_exports

ROOT = Path(__file__).parents[2]
PROGRAM = "program_configs/emerging-leaders.yaml"
TABLES = ("messages.csv", "pairs.csv", "unmatched.csv", "quarantine.csv")
REMINDERS = {
    "pulse_reminder": "when: 3 days after opens",
    "orientation_reminder": "when: [5 days before closes, 1 day before closes]",
    "final_survey_reminder": "when: [7 days before closes, 2 days before closes]",
}
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Told:
    """The tables of a life, and its mails by the ids of their messages."""

    tables: dict[str, bytes]
    letters: dict[str, Any]

    @property
    def messages(self) -> list[dict[str, str]]:
        """The rows of messages.csv."""
        return list(csv.DictReader(self.tables["messages.csv"].decode().splitlines()))


Live = Callable[..., Told]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Live a small cohort after one change: in which file, what stood there, and what stands there now."""
    with pytest.MonkeyPatch.context() as environment:

        def lived(file: str = PROGRAM, before: str = "", after: str = "") -> Told:
            home = tmp_path_factory.mktemp("changed")
            for folder in ("program_configs", "templates"):
                shutil.copytree(ROOT / folder, home / folder)
            if before:
                text = (home / file).read_text(encoding="utf-8")
                assert text.count(before) == 1
                (home / file).write_text(text.replace(before, after), encoding="utf-8")
            environment.setenv("COHORTFLOW_TEMPLATE_DIR", str(home / "templates"))
            with simulated(home / PROGRAM, "2027-spring", people=90, seed=5) as life:
                write_exports(life, home / "out")
                letters = {letter.message_id: letter for letter, _ in life.transport}
            return Told({name: (home / "out" / name).read_bytes() for name in TABLES}, letters)

        yield lived


@pytest.fixture(scope="module")
def unchanged(live: Live) -> Told:
    return live()


def test_one_sentence_changes_only_that_mail(live: Live, unchanged: Told) -> None:
    changed = live("templates/check_in/pulse.en.md", "Did you meet{%", "We are curious. Did you meet{%")

    other = {each for each in unchanged.letters if unchanged.letters[each] != changed.letters[each]}
    of_that_mail = {
        row["message_id"] for row in unchanged.messages if (row["template"], row["language"]) == ("pulse", "en")
    }
    assert changed.tables == unchanged.tables
    assert other == of_that_mail & unchanged.letters.keys()
    assert len(other) > 50
    for each in other:
        assert "We are curious. " in changed.letters[each].html
        assert changed.letters[each].text.replace("We are curious. ", "") == unchanged.letters[each].text


@pytest.mark.parametrize("reminder", REMINDERS)
def test_a_deleted_reminder_takes_only_its_rows(live: Live, unchanged: Told, reminder: str) -> None:
    line = f"      - {{ send: {reminder}, to: no_response, {REMINDERS[reminder]} }}\n"

    changed = live(before=line)

    left = [row for row in unchanged.messages if row["template"] != reminder]
    assert len(left) < len(unchanged.messages)
    assert changed.messages == left
    assert changed.tables["pairs.csv"] == unchanged.tables["pairs.csv"]
    # The report counts answers, and without the reminder some are missing.
    same = {row["message_id"] for row in left if row["sent_at"] and row["template"] != "report_ready"}
    assert {each: changed.letters[each] for each in same} == {each: unchanged.letters[each] for each in same}
    assert changed.letters.keys() == {row["message_id"] for row in left if row["sent_at"]}
