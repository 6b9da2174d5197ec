"""What a broken file is: a piece of a sound one written wrongly, where that must be told, in which words, and the cure."""

from typing import NamedTuple

from programs.broken.good import PROGRAM, sound

HERE = "§"  # stands, in the broken piece, before the sign at which the fault must be shown


class Case(NamedTuple):
    """One mistake of a coordinator.

    `cure` is what the reader writes instead of the broken piece; without one the cure is read from the message alone.
    """

    was: str
    broken: str
    words: str
    cure: str | None = None
    file: str = PROGRAM

    @property
    def text(self) -> str:
        """The broken file."""
        return self._marked().replace(HERE, "")

    @property
    def place(self) -> tuple[int, int]:
        """The line and the column at which the fault must be shown."""
        before = self._marked().partition(HERE)[0]
        return before.count("\n") + 1, len(before) - before.rfind("\n")

    @property
    def cured(self) -> str:
        """The file after the reader's own edit."""
        assert self.cure is not None
        return self.text.replace(self.broken.replace(HERE, ""), self.cure, 1)

    def _marked(self) -> str:
        text = sound()[self.file]
        assert self.was in text, f"{self.was!r} is not in {self.file}"
        assert self.broken.count(HERE) == 1, f"{self.broken!r} says no place"
        return text.replace(self.was, self.broken, 1)
