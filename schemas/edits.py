"""What an edit of a cohort comes to: what it would move, add and take away, and what may be done about it."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

Verdict = Literal["applied", "needs_confirmation", "refused"]
SEVERITY: dict[Verdict, int] = {"applied": 0, "needs_confirmation": 1, "refused": 2}


@dataclass(frozen=True)
class Change:
    """One thing an edit says differently, and what becomes of it.

    Attributes:
        path: where it stands, such as cohorts.2027-spring.seats.
        said: what was written before and what is written now.
        reason: the consequence, or why it is refused, in words for the coordinator.
        file: with `line` and `column` the place to look at; lines and columns count from 1.
    """

    path: str
    verdict: Verdict
    said: str
    reason: str
    file: str = ""
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.path}: {self.said}; {self.reason}"


@dataclass(frozen=True)
class Moved:
    """An occasion that is to happen at another time; `because` is set where the calendar chose the day."""

    key: str
    from_at: datetime
    to_at: datetime
    from_on: date
    to_on: date
    because: str | None = None


@dataclass(frozen=True)
class Entry:
    """An occasion that comes or goes."""

    key: str
    due_at: datetime
    due_on: date
    sends: str | None = None
    to: str | None = None


@dataclass(frozen=True)
class People:
    """Who may join in a role (mentors, mentees), before and after; None where no roster is known."""

    role: str
    before: int | None
    after: int | None
    gained: int | None
    lost: int | None


@dataclass(frozen=True)
class Gone:
    """What has happened and cannot be recalled: an occasion, and how many mails of it were sent."""

    key: str
    state: str
    on: date | None
    mails: int


@dataclass(frozen=True)
class Difference:
    """A cohort's file beside what the store knows of it.

    Attributes:
        standing: unknown (the store has never seen it), waiting (not begun), running, or closed.
        mark: names exactly this edit of a running cohort; a confirmation is of one mark.
        kept: what the program around the line says differently now, and a running cohort does not follow.
    """

    cohort_id: str
    standing: Literal["unknown", "waiting", "running", "closed"]
    mark: str = ""
    changes: tuple[Change, ...] = ()
    added: tuple[Entry, ...] = ()
    moved: tuple[Moved, ...] = ()
    dropped: tuple[Entry, ...] = ()
    people: tuple[People, ...] = ()
    gone: tuple[Gone, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What becomes of the whole edit: one refused change refuses it, one that waits makes it wait."""
        return max((change.verdict for change in self.changes), key=SEVERITY.__getitem__, default="applied")

    @property
    def is_empty(self) -> bool:
        """Whether the file says what the store knows already."""
        return not (self.changes or self.added or self.moved or self.dropped)

    def of(self, verdict: Verdict) -> tuple[Change, ...]:
        """The changes with that fate."""
        return tuple(change for change in self.changes if change.verdict == verdict)

    def as_json(self) -> dict[str, Any]:
        """The difference for other programs: dates as ISO text, and the verdict of the whole."""
        told = {"cohort": self.cohort_id, "verdict": self.verdict, **asdict(self)}
        told.pop("cohort_id")
        readable: dict[str, Any] = _readable(told)
        return readable


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _readable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_readable(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
