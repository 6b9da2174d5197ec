"""How the command line shows things: names as they were typed, numbers with their noun, and nothing hidden."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO


def printable(text: str, stream: TextIO | None = None) -> str:
    """The text as this terminal can show it; nothing written in a file may steer the terminal."""
    shown = "".join(sign if sign.isprintable() or sign == "\n" else f"\\x{ord(sign):02x}" for sign in text)
    encoding = (stream or sys.stdout).encoding or "ascii"
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def say(text: str = "") -> None:
    """A line on the output."""
    print(printable(text), flush=True)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 match`, `3 matches`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def tally(numbers: Mapping[str, int]) -> str:
    """`3 queued, 12 accepted`; a dash when there is nothing."""
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number) or "-"


def as_typed(path: Path) -> str:
    """A path as one would type it from here."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix() or "."
    except ValueError:
        return path.as_posix()


def as_page(asked: Path, name: str) -> Path:
    """Where a page goes so that a browser opens it as one: with an ending, and inside what is a folder."""
    if asked.is_dir():
        return asked / f"{name}.html"
    return asked if asked.suffix.lower() in (".html", ".htm") else asked.with_name(f"{asked.name}.html")
