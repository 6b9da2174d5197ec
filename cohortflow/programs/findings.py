"""What judging an edit goes by: how the occasions of a cohort stand, and what was found about one of its changes."""

from dataclasses import dataclass
from datetime import datetime

from cohortflow.programs.trees import Path
from schemas.edits import SEVERITY, Verdict

OVER = ("done", "skipped", "cancelled")
TAKEN_OUT = "taken out of the cohort's line"


@dataclass(frozen=True)
class Stored:
    """An occasion as the store has it; `ready_at` is None while it waits for something else."""

    state: str
    ready_at: datetime | None = None
    done_at: datetime | None = None
    reason: str | None = None
    is_claimed: bool = False

    @property
    def was_taken_out(self) -> bool:
        """Whether an earlier edit took it out, so that another may bring it back."""
        return self.state == "cancelled" and self.reason == TAKEN_OUT

    @property
    def is_over(self) -> bool:
        """Whether it has run, or never will by itself."""
        return self.state in OVER and not self.was_taken_out

    def is_under_way(self, now: datetime, is_held: bool) -> bool:
        """Whether it is being done now, or will be by the next tick; in a held cohort nothing falls ready."""
        if self.state != "pending" or self.ready_at is None:
            return False
        return self.is_claimed or (self.ready_at <= now and not is_held)


@dataclass(frozen=True)
class Finding:
    """One thing an edit brings about: where it is written, which occasion it concerns, and what to make of it."""

    path: Path
    verdict: Verdict
    reason: str
    key: str = ""


def worst_first(findings: list[Finding]) -> list[Finding]:
    """The gravest first; of equals, as they were found."""
    return sorted(findings, key=lambda each: -SEVERITY[each.verdict])
