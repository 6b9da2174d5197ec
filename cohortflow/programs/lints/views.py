"""What a lint looks at: a program as its tree and its model, or one cohort of it with every date."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from cohortflow.programs.anchors import CohortDates
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.faults import STANDARD
from cohortflow.programs.occasions import dated_occasions
from cohortflow.programs.trees import Mark, Node, Path, path_text
from schemas.errors import Fault, Severity
from schemas.forms import Form
from schemas.occasions import Occasion

NOT_NEEDED = "not_needed"


@dataclass(frozen=True)
class Page:
    """A program as it is written, or as one cohort with a longer line sees it."""

    tree: Node
    forms: dict[str, Form]
    home: Mark

    def get(self, *path: str | int) -> Node | None:
        """The node at a path; None when it is absent or not needed."""
        node = self.tree.get(*path)
        return None if node is None or node.value == NOT_NEEDED else node

    def text(self, *path: str | int) -> str:
        """The single value at a path, or nothing."""
        node = self.get(*path)
        return node.value.strip() if node and isinstance(node.value, str) else ""

    def tell(self, path: Path, message: str, severity: Severity = "warning") -> Fault:
        """A fault at a path, or at the nearest block above it that a person wrote; else at the top of the program."""
        for length in range(len(path), 0, -1):
            node = self.tree.get(*path[:length])
            if node is not None and place_of(node).file != STANDARD:
                return fault(place_of(node), (*node.path, *path[length:]), message, severity)
        return fault(self.home, path, message, severity)


def fault(mark: Mark, path: Path, message: str, severity: Severity) -> Fault:
    """A fault at a place, with its path in words."""
    return Fault(mark.file, mark.line, mark.column, path_text(path), message, severity)


def place_of(node: Node) -> Mark:
    """Where an editor should stand: at a single value, or at the key of a block."""
    return node.mark if isinstance(node.value, str) else node.key_mark or node.mark


def is_standard(node: Node | None) -> bool:
    """Whether nobody here wrote it: it is what the standard lifecycle says."""
    return node is None or node.mark.file == STANDARD


@dataclass(frozen=True)
class Run:
    """One cohort of a program with all its dates. What nobody wrote is told at the cohort's own line."""

    page: Page
    cohort: Cohort
    line: Node

    @cached_property
    def dates(self) -> CohortDates:
        """Every anchor of the cohort as a day."""
        return CohortDates(self.cohort)

    @cached_property
    def occasions(self) -> tuple[Occasion, ...]:
        """Everything that has a day of its own."""
        return dated_occasions(self.cohort, self.dates)

    @property
    def named(self) -> str:
        """The cohort and its line, for a message that may stand elsewhere."""
        return f"cohort {self.cohort.key} (line {place_of(self.line).line})"

    def tell(self, path: Path, message: str, severity: Severity = "warning") -> Fault:
        """A fault at a path of the program, or at the cohort's line when nobody wrote that path here."""
        node = self.page.tree.get(*path)
        if node is None or is_standard(node):
            return fault(place_of(self.line), path, message, severity)
        return fault(place_of(node), node.path, message, severity)

    def said(self, path: Path, day: date) -> str:
        """A day and the words that gave it: `2027-01-25 (3 weeks after opens)`."""
        words = self.page.text(*path)
        return f"{day}" if not words or words == str(day) else f"{day} ({words})"


def mail_path(run_or_page: "Run | Page", key: str) -> Path:
    """Where the mail of an occasion such as `check_in#2.pulse_reminder#1` is declared: its `when`.

    An occasion that no line declares is told at the block it comes from.
    """
    page = run_or_page.page if isinstance(run_or_page, Run) else run_or_page
    stage, _, name = key.partition(".")
    stage = stage.partition("#")[0]
    send, _, number = name.partition("#")
    left = int(number or 1)
    emails = page.get("stages", stage, "emails")
    for place, mail in emails.children() if emails else ():
        if mail.get("send") is None or mail.plain().get("send") != send:
            continue
        when = mail.get("when")
        count = len(when.value) if when and isinstance(when.value, list) else 1
        if left <= count:
            path: Path = ("stages", stage, "emails", place, "when")
            return (*path, left - 1) if when and isinstance(when.value, list) else path
        left -= count
    if stage == "goals":
        return ("goals", "ask" if send == "ask" else "set_by")
    return ("stages", stage)


def listed(days: list[str], most: int = 4) -> str:
    """A few things in a row, and that there are more."""
    return ", ".join(days[:most]) + (", ..." if len(days) > most else "")
