"""Errors that say what, where and how to mend it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in a file: `line` and `column` count from 1, as an editor shows them."""

    file: str
    line: int
    column: int
    path: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        prefix = "" if self.severity == "error" else f"{self.severity}: "
        return f"{self.file}:{self.line}:{self.column}: {self.path}: {prefix}{self.message}"

    def as_dict(self) -> dict[str, str | int]:
        """The fault as the row of a table, for `check --json`."""
        return asdict(self)


class CohortflowError(Exception):
    """What we raise on purpose; its text is fit to be shown to a coordinator."""


class ProgramError(CohortflowError):
    """The YAML is wrong: every fault found, none of them hidden behind another."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


class DataError(CohortflowError):
    """The rows are wrong. Never prints a person's row: column, check, row numbers and counts only."""


class DeliveryError(CohortflowError):
    """The mail could not be given to the transport."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent
