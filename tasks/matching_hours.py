"""Clocks: how far apart two people's are on a day, and how many hours of a week both can meet."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from schemas.errors import DataError
from tasks.matching_columns import Floats, Sides

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PARTS = {"morning": (9, 12), "midday": (12, 14), "afternoon": (14, 17), "evening": (17, 20)}
WORKING_HOURS = (9, 17)
QUARTERS = 4 * 24 * 7
_RANGE = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*-\s*(\d{1,2})(?::(\d{2}))?")


def clock_gap(sides: Sides) -> Floats:
    """Hours between the two clocks at noon UTC of the day, summer time included; NaN where a zone is not known.

    Dates count: Auckland is 23 hours ahead of Honolulu in March, though their clocks almost agree.
    """
    mentees, mentors = (_offsets(zones, sides.setting.on) for zones in sides.cells("zone"))
    return np.abs(mentees[:, None] - mentors[None, :]) / 60


def shared_hours(sides: Sides) -> Floats:
    """Hours a week in which both can meet: what they said under `availability`, else nine to five on weekdays.

    Availability is a list such as "mon 9-12", "tue 13:30-15:00" or "wed morning", in the person's own zone.
    Whoever's zone is not known shares no hour with anybody.
    """
    weeks = []
    for zones, slots in zip(sides.cells("zone"), sides.cells("availability"), strict=True):
        offsets = _offsets(zones, sides.setting.on)
        rows = [_week(own, offset) for own, offset in zip(slots, offsets, strict=True)]
        weeks.append(np.array(rows, dtype=np.float32).reshape(len(rows), QUARTERS))
    return (weeks[0] @ weeks[1].T).astype(np.float64) / 4


def _offsets(zones: list[list[str]], on: date) -> Floats:
    """Minutes each person's clock is ahead of UTC."""
    noon = datetime.combine(on, time(12), tzinfo=UTC)
    known = {zone: _minutes(zone, noon) for zone in {words[0] for words in zones if words}}
    return np.array([known[words[0]] if words else np.nan for words in zones], dtype=np.float64)


def _minutes(zone: str, noon: datetime) -> float:
    try:
        ahead = noon.astimezone(ZoneInfo(zone)).utcoffset()
    except (ValueError, OSError, LookupError):
        raise DataError(f"calendar.sites: '{zone}' is not a time zone; write Area/City, as in Europe/Berlin") from None
    return ahead.total_seconds() / 60 if ahead is not None else 0.0


def _week(availability: list[str], offset: float) -> NDArray[np.bool_]:
    """The quarter hours of a UTC week in which a person can meet."""
    local = np.zeros(QUARTERS, dtype=bool)
    if np.isnan(offset):
        return local
    stretches = [stretch for entry in availability if (stretch := _stretch(entry))]
    for first, last in stretches or [(24 * day + WORKING_HOURS[0], 24 * day + WORKING_HOURS[1]) for day in range(5)]:
        local[round(4 * first) : round(4 * last)] = True
    return np.roll(local, -round(offset / 15))


def _stretch(entry: str) -> tuple[float, float] | None:
    """The hours of the week that an entry names; what cannot be read counts as not said."""
    words = entry.casefold().replace("_", " ").replace("–", "-").split(maxsplit=1)
    if len(words) < 2 or words[0][:3] not in DAYS:
        return None
    midnight = 24 * DAYS.index(words[0][:3])
    if words[1] in PARTS:
        first, last = map(float, PARTS[words[1]])
    elif found := _RANGE.fullmatch(words[1].strip()):
        first, last = int(found[1]) + int(found[2] or 0) / 60, int(found[3]) + int(found[4] or 0) / 60
    else:
        return None
    return (midnight + first, midnight + last) if first < last <= 24 else None
