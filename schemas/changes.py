"""What a decision asks the store to write, all of it in one transaction or none of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from schemas.occasions import Occasion

LIVE_MATCH = ("proposed", "approved", "accepted", "active")
PAIRED_MATCH = ("approved", "accepted", "active")


@dataclass(frozen=True)
class Ask:
    """What a mail asks its reader to answer: a form, under the occasion it is asked at, about one or more things."""

    occasion: str
    forms: tuple[str, ...]
    abouts: tuple[str, ...] = ("-",)

    def as_json(self) -> dict[str, Any]:
        """The ask as it is stored."""
        return {"occasion": self.occasion, "forms": list(self.forms), "abouts": list(self.abouts)}


@dataclass(frozen=True)
class Intent:
    """One mail to queue. Its key is (cohort, occasion, template, person, about): facts, never a date or a hash."""

    occasion: str
    stage: str
    template: str
    person_id: str
    role: str
    language: str
    mail_class: str
    due_at: datetime
    not_before: datetime
    about: str = "-"
    match_ids: tuple[str, ...] = ()
    ask: Ask | None = None
    unless_answered: bool = False
    urgent: bool = False
    deadline_on: date | None = None
    expires_at: datetime | None = None
    attach: Mapping[str, Any] | None = None
    n: int = 0


@dataclass(frozen=True)
class Note:
    """One line of the history: what happened, with ids and counts and nothing else."""

    kind: str
    occasion: str = "-"
    about: str = "-"
    counts: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class NewMatch:
    """A pair to propose; `round` and the two ids make its id."""

    mentee_id: str
    mentor_id: str
    score: int
    reasons: tuple[str, ...]
    round: int = 1
    replaces: str | None = None


@dataclass(frozen=True)
class NewAnswer:
    """What a person submitted, cleaned; not current when a newer answer was known before it came."""

    occasion: str
    form: str
    person_id: str
    about: str
    body: Mapping[str, Any]
    answered_at: datetime
    via: str
    is_current: bool = True


@dataclass
class Changes:
    """Everything one decision writes. Participants, matches and waiting mails change by naming columns and values.

    Args:
        elsewhere: what new matches were decided by: how many live ones each mentor had in other cohorts.
    """

    notes: list[Note] = field(default_factory=list)
    participants: dict[str, dict[str, Any]] = field(default_factory=dict)
    matches: dict[str, dict[str, Any]] = field(default_factory=dict)
    new_matches: list[NewMatch] = field(default_factory=list)
    elsewhere: dict[str, int] = field(default_factory=dict)
    answers: list[NewAnswer] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    mails: dict[str, dict[str, Any]] = field(default_factory=dict)
    occasions: list[Occasion] = field(default_factory=list)
    cohort: dict[str, Any] = field(default_factory=dict)
    close_occasions: dict[tuple[str, str], str] = field(default_factory=dict)
    skipped_because: str | None = None

    def note(self, kind: str, occasion: str = "-", about: str = "-", **counts: int | str) -> None:
        """Add a line to the history."""
        self.notes.append(Note(kind, occasion, about, counts))
