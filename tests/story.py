"""A scene to tell stories with: what each person found in their mailbox, at which hour of their own, and what became of it.

`Story` adds reading to a scene; the fixture `enter_at` of `tests/stories` opens one and checks every invariant at its end.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from invariants import check_invariants, excluded_pairs
from scene_files import COMPANY, PROGRAM, STAFF
from scenes import Scene

from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.transports import MemoryTransport, Outcome

MAYA, JONAS, SAM, INES = "M01", "M02", "M03", "M04"
ADA, BO, CEM, DEE, ELI, FAY = "T01", "T02", "T03", "T04", "T05", "T06"
PAIRED = sorted((MAYA, JONAS, SAM, INES, ADA, BO, CEM, DEE, ELI))  # where all have applied; Fay waits
OWNER, APPROVER, SPONSOR = "role:owner", "role:approver#1", "role:sponsor"
NAMES = {line.split(",")[0]: line.split(",")[2] for line in STAFF.splitlines()}
ZONES = {"Berlin": "Europe/Berlin", "Austin": "America/Chicago", "Pune": "Asia/Kolkata"}
SITES = {line.split(",")[0]: line.split(",")[7] for line in STAFF.splitlines()}
Enter = Callable[..., "Story"]


class Got(NamedTuple):
    """One mail as its reader found it; `when` is by the reader's own clock."""

    template: str
    subject: str
    when: str
    about: str
    text: str


@dataclass
class PostBox(MemoryTransport):
    """A memory that also keeps how often each letter was handed over."""

    handed: list[str] = field(default_factory=list)

    def send(self, letter: Letter, at: datetime) -> Outcome:
        """Keep the letter, and that it came."""
        self.handed.append(letter.message_id)
        return super().send(letter, at)


@dataclass
class Story(Scene):
    """A scene whose readers can be asked what they got."""

    before: frozenset[str] = frozenset()
    sites: dict[str, str] = field(default_factory=lambda: dict(SITES))

    def letters_to(self, person_id: str, *templates: str) -> list[Got]:
        """What somebody got since the story began, in order; all of it, or some texts."""
        rows = {row["message_id"]: row for row in self.mails(person_id=person_id)}
        zone = ZoneInfo(ZONES[self.sites.get(person_id, "Berlin")])
        found = []
        for letter, at in self.sent:
            row = rows.get(letter.message_id)
            if row is not None and (not templates or row["template"] in templates):
                when = f"{at.astimezone(zone):%a %d %b %H:%M}"
                found.append(Got(row["template"], letter.subject, when, row["about"], letter.text))
        return found

    def got(self, person_id: str) -> list[str]:
        """The texts somebody got since the story began, in order."""
        return [letter.template for letter in self.letters_to(person_id)]

    def readers_of(self, template: str) -> list[str]:
        """Who got a text since the story began."""
        there = {letter.message_id for letter, _ in self.sent}
        return sorted(row["person_id"] for row in self.mails(template) if row["message_id"] in there)

    def events(self, kind: str, **where: object) -> list[dict[str, Any]]:
        """The lines of the history of one kind."""
        return self.rows("events", chain=self.cohort_id, kind=kind, **where)

    def match_of(self, mentee: str, mentor: str) -> dict[str, Any]:
        """The match of two people, whatever became of it."""
        (match,) = (row for row in self.matches() if (row["mentee_id"], row["mentor_id"]) == (mentee, mentor))
        return match

    def cohort(self) -> dict[str, Any]:
        """The cohort's row."""
        (row,) = self.rows("cohorts", cohort_id=self.cohort_id)
        return row

    def write_program(self, text: str) -> None:
        """HR saves the program's file."""
        (self.home / "program_configs" / "small-circle.yaml").write_text(text, encoding="utf-8")

    def write_company(self, text: str) -> None:
        """HR saves what all programs share."""
        (self.home / "program_configs" / "company.yaml").write_text(text, encoding="utf-8")

    def write_roster(self, text: str, day: str = "") -> Path:
        """HR drops an export with a text of its own."""
        folder = self.home / "inbox" / "workers"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"workers-{day or f'{self.now:%Y-%m-%d}'}.csv"
        path.write_text(text, encoding="utf-8")
        return path

    def end(self) -> None:
        """See whether everything that must hold held, and give the database back."""
        try:
            check_invariants(self.house, before=self.before)
            assert not excluded_pairs(self.house)
        finally:
            self.close()


def with_line(text: str, line: str) -> str:
    """The short program with another line for its cohort."""
    before = "  2027-spring: { starts: 2027-03-01, ends: 2027-05-28, seats: 6 }"
    assert before in text
    return text.replace(before, f"  2027-spring: {line}")


def with_change(text: str, before: str, after: str) -> str:
    """A text with one thing replaced, which must be there."""
    assert before in text
    return text.replace(before, after)


__all__ = ["COMPANY", "PROGRAM"]
