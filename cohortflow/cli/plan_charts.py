"""The two pictures of the plan page as plain numbers: the life of a cohort on a line, and its mails week by week."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from cohortflow.cli.plan_words import DAYS, MONTHS, last_day_of, long_day, plain_day, ranged, span, titled
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.expected import Entry
from cohortflow.programs.forecast import Range
from cohortflow.programs.pages import STAGE_NAMES

LATE_DAYS = 92  # what comes later, such as a report after a year, would press everything else together
MOST_LABELS = 12
LABEL_WIDTH = 8.0  # of a hundred, where the line is as narrow as on a phone
View = dict[str, Any]


def lifeline(cohort: Cohort, entries: Sequence[Entry]) -> View:
    """Stages as bars over the months; places and widths are percentages of the whole line."""
    shown = [each for each in entries if each.day <= cohort.ends + timedelta(days=LATE_DAYS)]
    first, last = shown[0].day, shown[-1].day
    closed = [(max(each.first, first), min(each.last, last)) for each in cohort.program.calendar.closed]
    return {
        "months": list(month_labels(first, last)),
        "stages": [_bar(stage, shown, first, last) for stage in STAGE_NAMES if _of(stage, shown)],
        "closed": [(_at(begin, first, last), _width(begin, end, first, last)) for begin, end in closed if begin <= end],
        "ends": [
            (_at(day, first, last), name) for day, name in ((cohort.starts, "starts"), (cohort.ends, "ends"))
        ],
    }  # fmt: skip


def month_labels(first: date, last: date) -> Iterator[tuple[float, str]]:
    """Where each month begins on the line, and its short name; none that the next one would cover, or that are many."""
    months = []
    day = first.replace(day=1)
    while day <= last:
        months.append(max(day, first))
        day = (day + timedelta(days=31)).replace(day=1)
    every = -(-len(months) // MOST_LABELS)
    named = months[::every]
    if len(named) > 1 and _at(named[1], first, last) < LABEL_WIDTH:
        del named[0]
    for month in named:
        yield _at(month, first, last), MONTHS[month.month - 1][:3]


def week_bars(by_week: Mapping[date, Range]) -> list[View]:
    """One bar a week, the empty ones between included; heights are percentages, drawn from the square root.

    The root keeps three mails visible beside three hundred.
    """
    if not by_week:
        return []
    most, first, last = max(each.high for each in by_week.values()) or 1, min(by_week), max(by_week)
    last = min(last, first + timedelta(days=366))
    bars, seen = [], set()
    for number in range(0, (last - first).days + 1, 7):
        week = first + timedelta(days=number)
        mails = by_week.get(week, Range(0, 0, 0))
        label = MONTHS[week.month - 1][:3] if (week.year, week.month) not in seen else ""
        seen.add((week.year, week.month))
        heights = [round(100 * (each / most) ** 0.5, 1) for each in (mails.expected, mails.high)]
        bars.append({"label": label, "expected": heights[0], "high": heights[1], "title": _week_title(week, mails)})
    return bars


def _week_title(week: date, mails: Range) -> str:
    return f"Week of {DAYS[0]} {week.day} {MONTHS[week.month - 1]}: {ranged(mails.whole(), 'mails')}"


def _of(stage: str, entries: Iterable[Entry]) -> list[Entry]:
    return [each for each in entries if each.occasion.stage == stage]


def _bar(stage: str, entries: Sequence[Entry], first: date, last: date) -> View:
    within = _of(stage, entries)
    begins, ends = within[0].day, within[-1].day
    marks = [
        (_at(each.day, first, last), f"{titled(each)}, {long_day(each.day)}") for each in within if last_day_of(each)
    ]
    return {
        "stage": stage,
        "name": STAGE_NAMES[stage],
        "left": _at(begins, first, last),
        "width": _width(begins, ends, first, last),
        "marks": marks,
        "told": span(begins, ends) if begins != ends else plain_day(begins),
    }  # fmt: skip


def _at(day: date, first: date, last: date) -> float:
    return round(100 * (day - first).days / max(1, (last - first).days), 2)


def _width(begins: date, ends: date, first: date, last: date) -> float:
    return round(_at(ends, first, last) - _at(begins, first, last), 2)
