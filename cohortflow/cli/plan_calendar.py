"""The months and weeks of the plan page: what happens on which day, and which days are free where."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cohortflow.cli import plan_words as words
from cohortflow.programs.calendars import ONE_DAY, holidays_of, reader_calendar
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.expected import Entry, site_days, week_of
from cohortflow.programs.forecast import Forecast, Range, readers
from cohortflow.programs.workload import ROLES, roles_of
from schemas.occasions import OWN_ZONE

View = dict[str, Any]


def anchor_of(entry: Entry) -> str:
    """The name a link leads to."""
    return entry.occasion.key.replace("#", "-").replace(".", "-")


def line_of(cohort: Cohort, entry: Entry, mails: Forecast) -> View:
    """One entry as the page shows it."""
    occasion = entry.occasion
    is_mail = occasion.send is not None and occasion.to is not None
    how_many = readers(mails.sizes, occasion.stage, str(occasion.send), str(occasion.to)).whole() if is_mail else None
    return {
        "id": anchor_of(entry),
        "key": occasion.key,
        "iso": entry.day.isoformat(),
        "day": words.short_day(entry.day),
        "clock": _clock(cohort, entry),
        "what": words.titled(entry),
        "to": words.audience(occasion.to) if occasion.to else "",
        "roles": " ".join(roles_of(occasion.to) or (["mentee", "mentor"] if occasion.to else ROLES)),
        "how_many": _how_many(how_many) if how_many else "",
        "stage": occasion.stage,
        "is_mail": is_mail,
        "is_deadline": bool(words.last_day_of(entry)),
        "expects": entry.expects,
        "until": words.short_day(entry.until) if entry.until else "",
        "from": words.short_day(occasion.moved_from) if occasion.moved_from else "",
        "because": occasion.moved_because or "",
        "elsewhere": [
            (site, words.short_day(day))
            for site, day in site_days(cohort, occasion).items()
            if day.isoformat() not in (occasion.moved_because or "")
        ],
        "only_if": "only if nobody has approved by then" if occasion.send == "approval_overdue" else "",
    }


def _how_many(readers: Range) -> str:
    if readers.low == readers.high:
        return words.plain(readers.expected)
    return f"about {words.ranged(readers)}" if readers.expected else ""


def _clock(cohort: Cohort, entry: Entry) -> str:
    occasion = entry.occasion
    if entry.until:
        return ""
    at = occasion.due_by_site.get(OWN_ZONE, occasion.due_at)
    local = at.astimezone(ZoneInfo(cohort.program.calendar.time_zone))
    if occasion.send:
        return f"{local:%H:%M}"
    return "24:00" if local.date() > occasion.due_on else ""


def months_of(cohort: Cohort, listed: Sequence[Entry], mails: Forecast) -> list[View]:
    """One block a month that holds anything, with its days as a grid and its entries by week."""
    by_month: dict[tuple[int, int], list[Entry]] = defaultdict(list)
    for entry in listed:
        by_month[entry.day.year, entry.day.month].append(entry)
    return [
        {
            "id": f"{year}-{month:02}",
            "name": f"{words.MONTHS[month - 1]} {year}",
            "grid": _grid(cohort, year, month, within),
            "weeks": _weeks(cohort, date(year, month, 1), within, mails),
        }
        for (year, month), within in sorted(by_month.items())
    ]


def _weeks(cohort: Cohort, month: date, within: list[Entry], mails: Forecast) -> list[View]:
    by_week: dict[date, list[Entry]] = defaultdict(list)
    for entry in within:
        by_week[week_of(entry.day)].append(entry)
    return [
        {
            "number": week.isocalendar().week,
            "span": words.span(week, week + 6 * ONE_DAY),
            "free": [each for each in _free_in(cohort, week, week + 6 * ONE_DAY) if each["month"] == month.month],
            "lines": [line_of(cohort, each, mails) for each in within],
        }
        for week, within in sorted(by_week.items())
    ]


def _grid(cohort: Cohort, year: int, month: int, within: list[Entry]) -> list[View]:
    """The weeks of a month, Monday first; days of other months are empty."""
    first = date(year, month, 1)
    own = reader_calendar(cohort, None)
    stages: dict[date, list[str]] = defaultdict(list)
    for entry in within:
        if entry.occasion.stage not in stages[entry.day]:
            stages[entry.day].append(entry.occasion.stage)
    free = {each["iso"]: each for each in _free_in(cohort, first, _last_of(first))}
    weeks, day = [], week_of(first)
    while day <= _last_of(first):
        days = [day + n * ONE_DAY for n in range(7)]
        cells = [_cell(each, stages, free, own.why_not_working(each)) if each.month == month else None for each in days]
        weeks.append({"number": day.isocalendar().week, "days": cells})
        day += 7 * ONE_DAY
    return weeks


def _cell(day: date, stages: dict[date, list[str]], free: dict[str, View], why_not: str | None) -> View:
    told = free.get(day.isoformat())
    return {
        "day": day.day,
        "stages": stages.get(day, []),
        "is_free": why_not is not None,
        "is_partly": told is not None and why_not is None,
        "title": told["name"] if told else "",
    }


def _last_of(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - ONE_DAY


# --- days on which nobody works -----------------------------------------------------------------------------------


def _free_in(cohort: Cohort, first: date, last: date) -> list[View]:
    """Public holidays of the sites and closed days, in the order of days."""
    found: dict[tuple[date, str], list[str]] = defaultdict(list)
    for site, rules in cohort.program.calendar.sites.items():
        day = first
        while day <= last and rules.holidays:
            if name := holidays_of(rules.holidays, day.year).get(day):
                found[day, name].append(site)
            day += ONE_DAY
    for period in cohort.program.calendar.closed:
        day = max(first, period.first)
        while day <= min(last, period.last):
            found[day, "closed"].append("everywhere")
            day += ONE_DAY
    return [
        {
            "iso": day.isoformat(),
            "month": day.month,
            "is_weekend": day.weekday() >= 5,
            "day": words.short_day(day),
            "name": name,
            "sites": sites,
        }
        for (day, name), sites in sorted(found.items())
    ]


def free_days(cohort: Cohort, listed: Sequence[Entry]) -> list[View]:
    """The public holidays between a cohort's first and last mail, by day, with whether one had to give way."""
    first, last = listed[0].day, max((each.day for each in listed if each.occasion.send), default=listed[-1].day)
    moved = [each.occasion.moved_because for each in listed if each.occasion.moved_because]
    found = [each for each in _free_in(cohort, first, last) if each["name"] != "closed" and not each["is_weekend"]]
    return [{**each, "moves": any(each["iso"] in because for because in moved)} for each in found]


def closed_periods(cohort: Cohort, listed: Sequence[Entry]) -> list[tuple[str, str]]:
    """The company's closed periods, and what each means for this cohort."""
    first, last = listed[0].day, listed[-1].day
    return [
        (
            f"{words.long_day(each.first)} to {words.long_day(each.last)}",
            "outside the life of this cohort" if each.last < first or each.first > last else "no mail goes anywhere",
        )
        for each in cohort.program.calendar.closed
    ]
