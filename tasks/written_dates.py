"""Dates as people and programs write them; which of day and month comes first is decided by the whole column."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time

_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SLASHES = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_TIME = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?:Z|(?:GMT|UTC)?(?:[+-]\d{1,2}:?(?:\d{2})?)?|[A-Z]{2,5})",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?<=\d)T(?=\d)|, (?=\d)")
# One mistyped date must not make a whole column unreadable, nor decide it against twenty others.
_CLEAR_MAJORITY = 20


class DateColumn:
    """How the dates of one column are written: 03/04/2027 is read only where the column says which is the day."""

    def __init__(self, values: Iterable[str]) -> None:
        day_first = month_first = 0
        for value in values:
            found = _SLASHES.fullmatch(_split(value)[0])
            if found and found[1] != found[2]:
                as_day, as_month = _day(found[3], found[2], found[1]), _day(found[3], found[1], found[2])
                day_first += as_day is not None and as_month is None
                month_first += as_month is not None and as_day is None
        self.day_first: bool | None = None
        if day_first > month_first * _CLEAR_MAJORITY:
            self.day_first = True
        elif month_first > day_first * _CLEAR_MAJORITY:
            self.day_first = False

    def read(self, value: str) -> date | None:
        """The day, or None where it is not a date or could be two."""
        written, rest = _split(value)
        if rest and _TIME.fullmatch(rest) is None:
            return None
        if found := _YEAR_FIRST.fullmatch(written):
            return _day(found[1], found[3], found[4])
        if found := _DOTS.fullmatch(written):
            return _day(found[3], found[2], found[1])
        if found := _SLASHES.fullmatch(written):
            return self._with_slashes(found)
        return None

    def _with_slashes(self, found: re.Match[str]) -> date | None:
        as_day, as_month = _day(found[3], found[2], found[1]), _day(found[3], found[1], found[2])
        if as_day is None or as_month is None or as_day == as_month:
            return as_day or as_month
        if self.day_first is None:
            return None
        return as_day if self.day_first else as_month

    def read_instant(self, value: str) -> datetime | None:
        """Day and time of day as they are written, without zone; midnight where there is no time."""
        day, rest = self.read(value), _split(value)[1]
        if day is None:
            return None
        found = _TIME.fullmatch(rest)
        if not found:
            return datetime.combine(day, time())
        hour, half = int(found["hour"]), (found["half"] or "").lower()
        if half:
            hour = hour % 12 + (12 if half.startswith("p") else 0)
        try:
            return datetime.combine(day, time(hour, int(found["minute"]), int(found["second"] or 0)))
        except ValueError:
            return None


def may_go_on(value: str) -> bool:
    """Whether another digit behind it would make a different date: 2027-03-1 and 2027-03-15."""
    found = _YEAR_FIRST.fullmatch(value.strip())
    return found is not None and len(found[4]) == 1


def is_ambiguous(value: str) -> bool:
    """Whether a value is two different dates, depending on which of day and month comes first."""
    found = _SLASHES.fullmatch(_split(value)[0])
    if not found or found[1] == found[2]:
        return False
    return None not in (_day(found[3], found[2], found[1]), _day(found[3], found[1], found[2]))


def speaks_for_itself(value: str) -> bool:
    """Whether a value is read the same whatever else stands in its column."""
    return _SLASHES.fullmatch(_split(value)[0]) is None


def _split(value: str) -> tuple[str, str]:
    """The date and the time of day behind it."""
    written, _, rest = _BETWEEN.sub(" ", value.strip(), count=1).partition(" ")
    return written, rest.strip()


def _day(year: str, month: str, day: str) -> date | None:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if 1900 <= found.year <= 2200 else None
