"""Counting on a calendar: days, weeks, months and working days, before and after."""

from calendar import monthrange
from datetime import date, datetime, timedelta

from cohortflow.programs.calendars import ReaderCalendar, end_of_day, local_day, working_day
from schemas.phrases import Span

DAYS = {"days": 1, "weeks": 7}


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last when it is shorter (31 January + 1 month = 28 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_working_days(day: date, count: int, calendar: ReaderCalendar) -> date:
    """The `count`-th working day after `day`, before it when negative; `day` itself is never counted."""
    step = 1 if count > 0 else -1
    for _ in range(abs(count)):
        day = working_day(calendar, day, step)
    return day


def add_span(day: date, span: Span, times: int, calendar: ReaderCalendar) -> date:
    """The day `times` spans after `day`; -1 is one span before it."""
    count = span.count * times
    if span.unit == "working days":
        return add_working_days(day, count, calendar)
    if span.unit == "months":
        return add_months(day, count)
    return day + timedelta(days=count * DAYS[span.unit])


def deadline(begins_at: datetime, span: Span, calendar: ReaderCalendar) -> tuple[date, datetime]:
    """The last day of a time limit, and the instant it is over: the end of that day."""
    last_day = add_span(local_day(begins_at, calendar.zone), span, 1, calendar)
    return last_day, end_of_day(last_day, calendar.zone)


def reminder_day(begins_on: date, last_day: date, calendar: ReaderCalendar) -> date:
    """One working day before a time limit is over; for a limit too short for that, its last day."""
    before = working_day(calendar, last_day, -1)
    return before if before > begins_on else last_day
