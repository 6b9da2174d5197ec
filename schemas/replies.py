"""What somebody submitted, on its way in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Reply:
    """One submitted form, whoever brings it: a page, a file, a robot. `given` is as it was written."""

    person_id: str
    form: str
    occasion: str
    given: Mapping[str, object]
    at: datetime
    about: str = "-"
    role: str | None = None


@dataclass(frozen=True)
class Refused:
    """A reply that was not taken, and why in words for the person who sent it."""

    number: int
    reason: str
