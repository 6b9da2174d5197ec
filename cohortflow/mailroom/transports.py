"""How a letter leaves the house: what every transport promises, and the one that only remembers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from cohortflow.mailroom.letters import Letter, check_letter

State = Literal["accepted", "refused", "unknown", "retry", "later"]


@dataclass(frozen=True)
class Outcome:
    """What became of a letter.

    accepted, refused for good, or unknown (it may have arrived). The others were surely not sent: retry (this letter
    failed, and may a few times more), later (the way was closed: as often as it takes).

    Args:
        after: seconds a later letter should wait.
        stops: no other letter may follow until a person, or another key, says so.
        stops_sender: the same would be answered to every letter of this sender; the others may follow.
    """

    state: State
    code: str = ""
    after: int = 0
    stops: bool = False
    stops_sender: bool = False


class Transport(Protocol):
    """Takes letters. Once it has said "accepted", the letter must never be handed over again."""

    @property
    def way(self) -> str:
        """What names this transport in the ledger: only the same one can tell what became of a letter it was given."""
        ...

    def send(self, letter: Letter, at: datetime) -> Outcome:
        """Hand over one letter at the instant `at` of the instance clock."""
        ...

    def was_accepted(self, message_id: str) -> bool | None:
        """Whether a letter of that id has arrived here before; None when this transport cannot know."""
        ...

    def flush(self) -> None:
        """Make what was accepted since the last call survive a power cut."""
        ...


class Window(Protocol):
    """Letters on their way, a bounded number at once; what became of them comes back in any order."""

    @property
    def room(self) -> int:
        """How many letters more may be on their way now."""
        ...

    @property
    def busy_with(self) -> int:
        """How many letters on their way keep it busy."""
        ...

    def put(self, letter: Letter, at: datetime, until: float) -> None:
        """Send a letter on its way; after `until` (of time.monotonic) not a byte of it may leave any more."""
        ...

    def outcomes(self, at_least: int = 0) -> list[tuple[str, Outcome]]:
        """What has become of letters, by message id; waits until there are so many, or all that are on their way."""
        ...

    def wind_down(self) -> None:
        """Begin nothing more: what has not left yet comes back as later."""
        ...

    def close(self) -> None:
        """Give the connections back; nothing may be on its way any more."""
        ...


@runtime_checkable
class ManyAtOnce(Protocol):
    """A transport with a window of its own, for which waiting is what takes the time."""

    def window(self) -> Window:
        """Open one, for the length of a delivery."""
        ...


@runtime_checkable
class InBatches(Protocol):
    """A transport that makes a batch durable at once."""

    def send_all(self, letters: list[Letter], at: datetime, until: Sequence[float]) -> list[Outcome]:
        """Hand over letters, and say in their order what became of each; none counts after its `until`."""
        ...


@runtime_checkable
class Stoppable(Protocol):
    """A transport that its provider may turn away as a whole, and that then stops for every worker."""

    name: str

    @property
    def mark(self) -> str:
        """What the breaker knows this transport's key by, without telling the key."""
        ...


class Sent(NamedTuple):
    """A letter and the instant it was handed over."""

    letter: Letter
    at: datetime


@dataclass
class MemoryTransport:
    """A list with a send: for tests, and for simulations that look at the letters afterwards."""

    way: ClassVar[str] = "memory"
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
