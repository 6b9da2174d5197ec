"""How a letter leaves the house: what every transport promises, and the one that only remembers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from cohortflow.mailroom.letters import Letter, check_letter

State = Literal["accepted", "refused", "unknown", "retry"]


@dataclass(frozen=True)
class Outcome:
    """What became of a letter: accepted, refused for good, unknown (it may have arrived), or surely not sent yet."""

    state: State
    code: str = ""


class Transport(Protocol):
    """Takes letters. Once it has said "accepted", the letter must never be handed over again."""

    def send(self, letter: Letter, at: datetime) -> Outcome:
        """Hand over one letter at the instant `at` of the instance clock."""
        ...

    def was_accepted(self, message_id: str) -> bool | None:
        """Whether a letter of that id has arrived here before; None when this transport cannot know."""
        ...

    def flush(self) -> None:
        """Make what was accepted since the last call survive a power cut."""
        ...


class Sent(NamedTuple):
    """A letter and the instant it was handed over."""

    letter: Letter
    at: datetime


@dataclass
class MemoryTransport:
    """A list with a send: for tests, and for simulations that look at the letters afterwards."""

    sent: list[Sent] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set, repr=False)

    def send(self, letter: Letter, at: datetime) -> Outcome:
        """Keep the letter, unless one of its id is here already."""
        check_letter(letter)
        if letter.message_id not in self._ids:
            self._ids.add(letter.message_id)
            self.sent.append(Sent(letter, at))
        return Outcome("accepted")

    def was_accepted(self, message_id: str) -> bool:
        """Whether a letter of that id is in the list."""
        return message_id in self._ids

    def flush(self) -> None:
        """Nothing to do: a list does not outlive its process anyway."""

    def __iter__(self) -> Iterator[Sent]:
        return iter(self.sent)

    def __len__(self) -> int:
        return len(self.sent)
