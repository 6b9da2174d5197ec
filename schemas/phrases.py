"""The small phrases of the configuration, read from text: "8 weeks", "3 days before start", "09:00-17:00"."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import AfterValidator, ConfigDict
from pydantic.main import BaseModel
from pydantic_core import core_schema

Unit = Literal["days", "working days", "weeks", "months"]
STAGES = ("recruit", "match", "orient", "check_in", "evaluate", "close")
ANCHORS = ("opens", "closes", "runs", "start", "end", "response", "approval", "acceptance", "first_meeting", "halfway")
_UNITS: dict[str, Unit] = {"day": "days", "working day": "working days", "week": "weeks", "month": "months"}
# Ten years: far beyond any program, and no arithmetic on dates can overflow.
_MOST: dict[str, int] = {"days": 3660, "working days": 2600, "weeks": 520, "months": 120}


class Unclear(ValueError):
    """What is wrong with a value and how to mend it.

    `at` leads to a part of the value, when only a part is wrong; with `of_key` it is that part's key, not its value.
    """

    def __init__(self, what: str, mend: str, at: tuple[str | int, ...] = (), of_key: bool = False) -> None:
        super().__init__(f"{what}; {mend}")
        self.what, self.mend, self.at, self.of_key = what, mend, at, of_key


class Several(ValueError):
    """More than one thing is wrong in one block."""

    def __init__(self, faults: Iterable[Unclear]) -> None:
        self.faults = tuple(faults)
        super().__init__(" / ".join(map(str, self.faults)))


class Rule(BaseModel):
    """A block of the configuration: frozen, and no key beyond those it declares."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Phrase:
    """A value written in words; `read` turns the words into a frozen dataclass."""

    example: ClassVar[str]

    @classmethod
    def read(cls, text: str) -> Self:
        """The phrase that `text` says, or `Unclear`."""
        raise NotImplementedError

    @classmethod
    def parse(cls, given: object) -> Self:
        """As `read`, and a finished phrase passes through; a block or a list is refused."""
        if isinstance(given, cls):
            return given
        if not isinstance(given, str):
            raise Unclear("should be one phrase, not a list or a block", f"write for example {cls.example}")
        return cast("Self", _once(cls.read, " ".join(given.split())))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)


@lru_cache(maxsize=4096)
def _once(read: Callable[[str], Phrase], text: str) -> Phrase:
    """The same few phrases stand in every program; each is read once."""
    return read(text)


@dataclass(frozen=True)
class Span(Phrase):
    """A length of time. Working days are counted by the calendar; months keep the day of the month."""

    count: int
    unit: Unit
    example: ClassVar[str] = "3 days, 5 working days, 2 weeks or 6 months"

    @classmethod
    def read(cls, text: str) -> Self:
        return cls.read_before(text, "")

    @classmethod
    def read_before(cls, text: str, rest: str) -> Self:
        """As `read`, for a span that begins a longer phrase: each cure shows the whole phrase."""
        example = f"3 days{rest}" if rest else cls.example
        found = re.fullmatch(r"(\d{1,5}) ?(\D+)", text.lower())
        if not found:
            raise Unclear("is not a length of time", f"write for example {example}")
        number, word = int(found[1]), found[2].strip()
        if word.rstrip("s") in ("year", "hour", "minute"):
            months = f"write {min(12 * number, _MOST['months'])} months{rest}"
            cure = months if word.startswith("year") else f"write days, for example 1 day{rest}"
            raise Unclear(f"counts in {word}, which no date here is counted in", cure)
        unit = _UNITS.get(word.removesuffix("s"))
        if unit is None:
            near = get_close_matches(word, ("days", "working days", "weeks", "months"), n=1)
            cure = f"did you mean '{number} {near[0]}{rest}'?" if near else f"write for example {example}"
            raise Unclear(f"has an unknown unit {word!r}", cure)
        if number > _MOST[unit]:
            raise Unclear("is longer than ten years", f"write at most {_MOST[unit]} {unit}{rest}")
        return cls(number, unit)

    def __str__(self) -> str:
        return f"{self.count} {self.unit.removesuffix('s') if self.count == 1 else self.unit}"


def _some_time(span: Span) -> Span:
    if not span.count:
        raise Unclear("is no time at all", f"write at least 1 {span.unit.removesuffix('s')}")
    return span


SomeTime = Annotated[Span, AfterValidator(_some_time)]


@dataclass(frozen=True)
class When(Phrase):
    """A moment of a cohort: an anchor, or a span before (`sign` -1) or after (+1) it; sign 0 is the anchor itself.

    A date that is written out has the anchor `day`, and is in `day`.
    """

    text: str
    offset: Span | None
    sign: Literal[-1, 0, 1]
    anchor: str
    stage: str | None = None
    day: date | None = None
    example: ClassVar[str] = (
        "opens, 8 weeks before start, 3 working days after recruit closes, on approval or 2027-03-01"
    )

    @classmethod
    def read(cls, text: str) -> Self:
        words = text.lower()
        if re.fullmatch(r"\d+-\d+-\d+", words):
            return cls(text, None, 0, "day", None, read_day(words))
        counted = re.fullmatch(r"(.+?) (before|after) (.+)", words)
        if not counted:
            stage, anchor = _anchor(words)
            return cls(text, None, 0, anchor, stage)
        offset = Span.read_before(counted[1], f" {counted[2]} {counted[3]}")
        stage, anchor = _anchor(counted[3], f"{counted[1]} {counted[2]} ")
        sign: Literal[-1, 1] = -1 if counted[2] == "before" else 1
        if sign < 0 and anchor in ("response", "approval", "acceptance"):
            cure = f"write {counted[1]} after {counted[3]}"
            raise Unclear(f"counts back from {anchor!r}, whose day nobody knows beforehand", cure)
        return cls(text, offset, sign, anchor, stage)

    def __str__(self) -> str:
        return self.text


def _anchor(words: str, before: str = "") -> tuple[str | None, str]:
    """The stage, if named, and the anchor of "recruit closes", "on approval", "start"; what stands `before` it."""
    plain = words.removeprefix("on ").removeprefix("the ")
    stage, _, rest = plain.partition(" ")
    if stage in STAGES and rest in ("opens", "closes", "runs"):
        return stage, rest
    if plain in ANCHORS:
        return None, plain
    if plain == "first meeting":
        return None, "first_meeting"
    known = [*ANCHORS, *(f"{each} {anchor}" for each in STAGES for anchor in ("opens", "closes", "runs"))]
    near = get_close_matches(plain, known, n=1)
    counting = f"{', '.join(ANCHORS[:5])} or approval, with or without the stage before it"
    if near:
        meant = before + words.removesuffix(plain) + near[0]
        raise Unclear("names no moment of a cohort", f"did you mean {meant!r}? Count from {counting}")
    example = f"{before or '8 weeks before '}start"
    raise Unclear("names no moment of a cohort", f"write for example {example}, counting from {counting}")


@dataclass(frozen=True)
class DateRange(Phrase):
    """The days from `first` to `last`, both of them included."""

    first: date
    last: date
    example: ClassVar[str] = "2027-12-24 to 2028-01-02"

    @classmethod
    def read(cls, text: str) -> Self:
        if dashed := re.fullmatch(r"\s*(\d{4}-\d\d-\d\d)\s*[-–—]\s*(\d{4}-\d\d-\d\d)\s*", text):
            raise Unclear("joins two days by a dash", f"write {dashed[1]} to {dashed[2]}")
        first, to, last = text.partition(" to ")
        span = cls(read_day(first), read_day(last if to else first))
        if span.last < span.first:
            raise Unclear("ends before it begins", f"write {span.last} to {span.first}")
        return span

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Hours(Phrase):
    """The hours of a day, in the reader's own zone, in which mail may go."""

    opens: time
    closes: time
    example: ClassVar[str] = '"09:00-17:00"'

    @classmethod
    def read(cls, text: str) -> Self:
        first, to, last = re.sub(r" *[-\u2013] *", "-", text).partition("-")
        if not to:
            raise Unclear("is not a range of hours", f"write for example {cls.example}")
        try:
            hours = cls(read_time(first), read_time(last))
        except Unclear as unclear:
            raise Unclear(unclear.what, f"write for example {cls.example}") from None
        if hours.closes <= hours.opens:
            raise Unclear("closes before it opens", f"write the earlier hour first, for example {cls.example}")
        return hours

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


@dataclass(frozen=True)
class AtMost(Phrase):
    """How many mails one person may get in so many days."""

    count: int
    days: int
    example: ClassVar[str] = "2 per person per week"

    @classmethod
    def read(cls, text: str) -> Self:
        found = re.fullmatch(r"(\d{1,3}) per person per (day|week|month)", text.lower())
        if not found or int(found[1]) < 1:
            raise Unclear("is not a limit per person", f"write for example {cls.example}")
        return cls(int(found[1]), {"day": 1, "week": 7, "month": 30}[found[2]])


@dataclass(frozen=True)
class Size(Phrase):
    """From `low` to `high` people, both included."""

    low: int
    high: int
    example: ClassVar[str] = "3 to 6"

    @classmethod
    def read(cls, text: str) -> Self:
        found = re.fullmatch(r"(\d{1,3})(?: to (\d{1,3}))?", text.lower())
        if not found:
            raise Unclear("is not a size", f"write for example {cls.example}")
        size = cls(int(found[1]), int(found[2] or found[1]))
        if not 2 <= size.low <= size.high:
            raise Unclear(
                "is not a size a group can have", f"write the smaller number first, for example {cls.example}"
            )
        return size


@dataclass(frozen=True)
class Attach(Phrase):
    """What goes with a mail; a calendar invitation carries its length, its day and its hour."""

    kind: Literal["contact_card", "certificate", "calendar"]
    hours: int | None = None
    on: When | None = None
    at: time | None = None
    example: ClassVar[str] = "contact_card, certificate or calendar 2 hours on start at 15:00"

    @classmethod
    def read(cls, text: str) -> Self:
        if text in ("contact_card", "certificate"):
            return cls("contact_card" if text == "contact_card" else "certificate")
        found = re.fullmatch(r"calendar (\d{1,2}) hours? on (.+) at (\S+)", text.lower())
        if not found or not 1 <= int(found[1]) <= 12:
            raise Unclear("is nothing that can be attached", f"write for example {cls.example}")
        try:
            return cls("calendar", int(found[1]), When.read(found[2]), read_time(found[3]))
        except Unclear as unclear:
            raise Unclear(unclear.what, "write for example calendar 2 hours on start at 15:00") from None

    def __str__(self) -> str:
        """The words that `read` reads."""
        if self.kind != "calendar" or self.on is None or self.at is None:
            return self.kind
        return f"calendar {self.hours} hours on {self.on.text} at {self.at:%H:%M}"


def _day_meant(text: str) -> str | None:
    """The date somebody plainly meant: 2027-3-1, or 1.3.2027, whose points put the day first; 3/1/2027 is a riddle."""
    found = re.fullmatch(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})", text)
    found = found or re.fullmatch(r"(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\. ?(?P<y>\d{4})", text)
    try:
        return date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat() if found else None
    except ValueError:
        return None


def read_day(text: str) -> date:
    """A date written YYYY-MM-DD, in this century."""
    words = text.strip()
    try:
        day = date.fromisoformat(words) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words) else None
    except ValueError:
        day = None
    if day is None:
        if meant := _day_meant(words):
            raise Unclear("is not written as YYYY-MM-DD", f"write {meant}")
        raise Unclear("is not a date that exists", "write YYYY-MM-DD, for example 2027-03-01")
    if not 2000 <= day.year <= 2099:
        raise Unclear("is not in this century", "write YYYY-MM-DD, for example 2027-03-01")
    return day


def read_time(text: str) -> time:
    """A time of day written HH:MM."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip())
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise Unclear("is not a time of day", "write HH:MM, for example 09:00")
    return time(int(found[1]), int(found[2]))
