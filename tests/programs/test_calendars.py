"""Local days and hours: DST nights, far zones, holidays, closed periods, and counting on all of them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohortflow.programs.calendars import (
    ReaderCalendar,
    end_of_day,
    first_allowed,
    holidays_of,
    local_day,
    mail_day,
    start_of_day,
    to_utc,
)
from cohortflow.programs.spans import add_months, add_span, add_working_days, deadline, reminder_day
from schemas.errors import CohortflowError
from schemas.phrases import Span

CHRISTMAS_REST = (date(2027, 12, 24), date(2028, 1, 2))


def calendar(zone="Europe/Berlin", holidays="DE-BE", closed=(), opens="09:00", closes="17:00", every_day=False):
    return ReaderCalendar(
        zone.rpartition("/")[2],
        zone,
        holidays,
        tuple(closed),
        time.fromisoformat(opens),
        time.fromisoformat(closes),
        every_day,
    )


def day(text):
    """A date whose weekday is spelled out, so that a wrong table is seen by eye: "Fri 2027-03-26"."""
    weekday, _, rest = text.partition(" ")
    parsed = date.fromisoformat(rest)
    assert parsed.strftime("%a") == weekday, f"{rest} is no {weekday}"
    return parsed


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "local_day", "at", "instant"),
    [
        ("Europe/Berlin", "Sat 2027-03-27", "02:30", "2027-03-27T01:30"),
        ("Europe/Berlin", "Sun 2027-03-28", "02:30", "2027-03-28T01:00"),  # skipped: the clocks jump from 2 to 3
        ("Europe/Berlin", "Sun 2027-03-28", "02:00", "2027-03-28T01:00"),
        ("Europe/Berlin", "Sun 2027-03-28", "03:00", "2027-03-28T01:00"),
        ("Europe/Berlin", "Sun 2027-10-31", "02:30", "2027-10-31T00:30"),  # twice: the first
        ("Europe/Berlin", "Sun 2027-10-31", "03:00", "2027-10-31T02:00"),
        ("America/Chicago", "Sun 2027-03-14", "02:30", "2027-03-14T08:00"),
        ("America/Chicago", "Sun 2027-11-07", "01:30", "2027-11-07T06:30"),
        ("America/Chicago", "Mon 2027-11-08", "09:00", "2027-11-08T15:00"),
        ("Asia/Kathmandu", "Mon 2027-03-01", "09:00", "2027-03-01T03:15"),
        ("Pacific/Chatham", "Mon 2027-03-01", "09:00", "2027-02-28T19:15"),
        ("Pacific/Chatham", "Sun 2027-09-26", "03:00", "2027-09-25T14:00"),  # skipped: from 2:45 to 3:45
        ("Pacific/Auckland", "Mon 2027-03-01", "09:00", "2027-02-28T20:00"),
        ("Pacific/Auckland", "Mon 2027-07-05", "09:00", "2027-07-04T21:00"),
        ("Africa/Cairo", "Fri 2027-04-30", "00:00", "2027-04-29T22:00"),  # a midnight that does not exist
        ("Pacific/Apia", "Fri 2011-12-30", "09:00", "2011-12-30T10:00"),  # a whole day that does not exist
        ("Europe/Berlin", "Tue 2028-02-29", "09:00", "2028-02-29T08:00"),
    ],
)
def test_a_local_time_becomes_one_instant(zone, local_day, at, instant):
    assert to_utc(day(local_day), time.fromisoformat(at), zone) == utc(instant)


@pytest.mark.parametrize(
    ("zone", "of", "hours"),
    [
        ("Europe/Berlin", "Sun 2027-03-28", 23),
        ("Europe/Berlin", "Sun 2027-10-31", 25),
        ("America/Chicago", "Sun 2027-03-14", 23),
        ("America/Chicago", "Sun 2027-11-07", 25),
        ("Australia/Lord_Howe", "Sun 2027-10-03", 23.5),
        ("Asia/Kathmandu", "Sun 2027-03-28", 24),
    ],
)
def test_a_day_ends_at_the_next_local_midnight(zone, of, hours):
    assert end_of_day(day(of), zone) - start_of_day(day(of), zone) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("meant", "backward", "moved"),
    [
        ("Thu 2027-03-25", False, "Thu 2027-03-25"),
        ("Fri 2027-03-26", True, "Thu 2027-03-25"),  # Good Friday
        ("Fri 2027-03-26", False, "Tue 2027-03-30"),  # over the weekend and Easter Monday
        ("Sun 2027-03-28", True, "Thu 2027-03-25"),
        ("Mon 2027-03-08", False, "Tue 2027-03-09"),  # Women's Day, in Berlin only
        ("Sat 2027-12-25", True, "Thu 2027-12-23"),
        ("Fri 2027-12-24", False, "Mon 2028-01-03"),
        ("Tue 2028-02-29", False, "Tue 2028-02-29"),
    ],
)
def test_before_moves_back_and_after_moves_forward(meant, backward, moved):
    assert mail_day(calendar(closed=[CHRISTMAS_REST]), day(meant), backward) == day(moved)


@pytest.mark.parametrize(
    ("of", "zone", "holidays", "reason"),
    [
        ("Fri 2027-03-26", "Europe/Berlin", "DE-BE", "2027-03-26 is Good Friday in Berlin"),
        ("Fri 2027-03-26", "Europe/Berlin", None, None),
        ("Mon 2027-01-18", "America/Chicago", "US-TX", "2027-01-18 is Martin Luther King Jr. Day in Chicago"),
        ("Tue 2027-01-26", "Asia/Kolkata", "IN-MH", "2027-01-26 is Republic Day in Kolkata"),
        ("Sat 2027-05-29", "Europe/Berlin", "DE-BE", "Saturday"),
        ("Mon 2027-12-27", "Europe/Berlin", "DE-BE", "closed 2027-12-24 to 2028-01-02"),
    ],
)
def test_a_day_off_says_why(of, zone, holidays, reason):
    assert calendar(zone, holidays, closed=[CHRISTMAS_REST]).why_not_working(day(of)) == reason


def test_every_day_minds_only_closed_periods():
    open_always = calendar(closed=[CHRISTMAS_REST], every_day=True)

    assert mail_day(open_always, day("Fri 2027-03-26"), False) == day("Fri 2027-03-26")
    assert mail_day(open_always, day("Sun 2027-05-30"), False) == day("Sun 2027-05-30")
    assert mail_day(open_always, day("Mon 2027-12-27"), False) == day("Mon 2028-01-03")


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        ("2027-03-01T07:59", "2027-03-01T08:00"),  # Monday 8:59 in Berlin: a minute to wait
        ("2027-03-01T12:34", "2027-03-01T12:34"),
        ("2027-03-01T16:00", "2027-03-02T08:00"),  # 17:00 is over
        ("2027-03-05T22:00", "2027-03-09T08:00"),  # Friday night: weekend, then Women's Day
        ("2027-03-25T20:00", "2027-03-30T07:00"),  # Easter, and the clocks change in between
    ],
)
def test_the_next_allowed_instant(at, allowed):
    assert first_allowed(calendar(), utc(at)) == utc(allowed)


@pytest.mark.parametrize(
    ("start", "months", "result"),
    [
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2027-08-31", -6, "2027-02-28"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2027-08-27", 12, "2028-08-27"),
        ("2027-12-15", 1, "2028-01-15"),
        ("2027-01-15", -1, "2026-12-15"),
    ],
)
def test_months_keep_the_day_or_take_the_last(start, months, result):
    assert add_months(date.fromisoformat(start), months) == date.fromisoformat(result)


@pytest.mark.parametrize(
    ("start", "count", "result"),
    [
        ("Mon 2027-01-25", 3, "Thu 2027-01-28"),
        ("Thu 2027-03-25", 1, "Tue 2027-03-30"),
        ("Tue 2027-03-30", -1, "Thu 2027-03-25"),
        ("Sat 2027-05-29", 1, "Mon 2027-05-31"),
        ("Thu 2027-12-23", 1, "Mon 2028-01-03"),
        ("Fri 2027-03-26", 0, "Fri 2027-03-26"),
    ],
)
def test_working_days_skip_what_is_none(start, count, result):
    assert add_working_days(day(start), count, calendar(closed=[CHRISTMAS_REST])) == day(result)


@pytest.mark.parametrize(
    ("text", "times", "result"),
    [
        ("8 weeks", -1, "Mon 2027-01-04"),
        ("10 days", 1, "Thu 2027-03-11"),
        ("6 months", 1, "Wed 2027-09-01"),
        ("3 working days", -1, "Wed 2027-02-24"),
    ],
)
def test_spans_count_from_a_day(text, times, result):
    assert add_span(day("Mon 2027-03-01"), Span.read(text), times, calendar()) == day(result)


def test_a_time_limit_ends_with_its_last_day():
    last_day, over_at = deadline(utc("2027-03-22T10:00"), Span.read("4 working days"), calendar())

    assert last_day == day("Tue 2027-03-30")
    assert over_at == utc("2027-03-30T22:00")


@pytest.mark.parametrize(
    ("begins", "ends", "reminded"),
    [
        ("Thu 2027-01-28", "Tue 2027-02-02", "Mon 2027-02-01"),
        ("Thu 2027-01-28", "Fri 2027-01-29", "Fri 2027-01-29"),  # a limit of one day leaves no day before it
    ],
)
def test_a_limit_is_reminded_of_a_working_day_before(begins, ends, reminded):
    assert reminder_day(day(begins), day(ends), calendar()) == day(reminded)


def test_an_unknown_holiday_calendar_says_what_to_write():
    with pytest.raises(CohortflowError, match=r"'DE-ZZ'.*DE-BE"):
        holidays_of("DE-ZZ", 2027)


def test_years_of_closed_days_are_a_slip_of_the_pen():
    with pytest.raises(CohortflowError, match="check the years"):
        mail_day(calendar(closed=[(date(2027, 1, 1), date(2072, 1, 1))]), date(2027, 3, 1), False)


ZONES = (
    "Europe/Berlin",
    "America/Chicago",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Pacific/Auckland",
    "America/Santiago",
)
FIRST = datetime.combine(date(2026, 1, 1), time())
instants = st.datetimes(FIRST, datetime.combine(date(2032, 1, 1), time()), timezones=st.just(UTC))


@given(instants, st.sampled_from(ZONES), st.booleans())
def test_mail_waits_for_an_open_hour_of_an_allowed_day(at, zone, every_day):
    readers = calendar(zone, None, closed=[CHRISTMAS_REST], every_day=every_day)

    allowed = first_allowed(readers, at)

    wall = allowed.astimezone(ZoneInfo(zone))
    assert allowed >= at
    assert time(9) <= wall.time() < time(17)
    assert readers.why_no_mail(wall.date()) is None
    assert first_allowed(readers, allowed) == allowed


@given(st.dates(date(2026, 1, 1), date(2032, 1, 1)), st.times(), st.sampled_from(ZONES))
def test_an_instant_reads_as_its_own_day_or_after_a_gap(on, at, zone):
    at = at.replace(microsecond=0)

    wall = to_utc(on, at, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    assert timedelta(0) <= wall - datetime.combine(on, at) <= timedelta(hours=1)
    assert local_day(start_of_day(on, zone), zone) == on
