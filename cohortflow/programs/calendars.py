"""Zones, working days and quiet hours: on which day and at which instant the readers of a site get a mail."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cohortflow.programs.cohorts import Cohort
from schemas.errors import CohortflowError
from schemas.holiday_lists import holiday_package
from schemas.occasions import OWN_ZONE

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ONE_DAY = timedelta(days=1)
LONGEST_SEARCH = 1100  # days: nobody closes for three years, so a search that long found a slip of the pen


# --- local time -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def to_utc(day: date, at: time, zone: str) -> datetime:
    """The instant of a local wall time; one that is skipped is the first after the gap, a repeated one the first."""
    wall = datetime.combine(day, at)
    place = ZoneInfo(zone)
    instant = wall.replace(tzinfo=place).astimezone(UTC)  # fold=0: of a repeated hour, the first
    if instant.astimezone(place).replace(tzinfo=None) == wall:
        return instant
    return _end_of_gap(wall, place)


def _end_of_gap(wall: datetime, place: ZoneInfo) -> datetime:
    """The instant at which the clocks jumped over `wall`, found by halving, as zones do not list their transitions."""
    low = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    high = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    after = high.astimezone(place).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        low, high = (low, middle) if middle.astimezone(place).utcoffset() == after else (middle, high)
    return high.replace(microsecond=0)


def start_of_day(day: date, zone: str) -> datetime:
    """Local midnight as an instant."""
    return to_utc(day, time(0), zone)


def end_of_day(day: date, zone: str) -> datetime:
    """The next local midnight: what closes on a day is open for all of it, be it 23 or 25 hours long."""
    return to_utc(day + ONE_DAY, time(0), zone)


def local_day(at: datetime, zone: str) -> date:
    """The calendar day at which a clock on the wall shows `at`."""
    return at.astimezone(ZoneInfo(zone)).date()


# --- holidays -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def holidays_of(code: str, year: int) -> dict[date, str]:
    """The public holidays of one year in a country or part of one ("DE-BE"), named in English.

    Raises:
        CohortflowError: when nobody keeps a list of holidays for that code.
    """
    country, _, part = code.partition("-")
    try:
        # The language is named, or the machine's locale would choose it and a plan read differently elsewhere.
        known = holiday_package().country_holidays(country, subdiv=part or None, years=year, language="en_US")
    except NotImplementedError as fault:
        raise CohortflowError(f"calendar.sites: no list of holidays is known for {code!r}; {_nearest(code)}") from fault
    return {day: name.split("; ")[0] for day, name in known.items() if day.year == year}


def _nearest(code: str) -> str:
    """What to write instead of an unknown code: the parts of the country, or how a code looks."""
    country = code.partition("-")[0]
    parts = holiday_package().list_supported_countries(include_aliases=False).get(country)
    if parts is None:
        return 'write a country and, where it matters, its part, such as "DE-BE" or "US-TX"'
    if not parts:
        return f"write just {country!r}"
    return f"write {country!r} or one of {', '.join(f'{country}-{part}' for part in parts)}"


# --- the calendar of one site -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReaderCalendar:
    """When the people of one site may be written to, and which of their days are working days."""

    place: str
    zone: str
    holidays: str | None
    closed: tuple[tuple[date, date], ...]
    opens: time
    closes: time
    every_day: bool = False

    def why_closed(self, day: date) -> str | None:
        """The declared closed period that holds this day, in words."""
        for first, last in self.closed:
            if first <= day <= last:
                return f"closed {first}" if first == last else f"closed {first} to {last}"
        return None

    def why_not_working(self, day: date) -> str | None:
        """Why nobody here works on this day, in words for the coordinator; None for a working day."""
        if reason := self.why_closed(day):
            return reason
        if day.weekday() >= 5:
            return WEEKDAYS[day.weekday()]
        name = holidays_of(self.holidays, day.year).get(day) if self.holidays else None
        return f"{day} is {name} in {self.place}" if name else None

    def why_no_mail(self, day: date) -> str | None:
        """Why no mail goes here on this day; with `days: every day` only closed periods stop it."""
        return self.why_closed(day) if self.every_day else self.why_not_working(day)

    def hours_of(self, day: date) -> tuple[datetime, datetime]:
        """The instants between which mail may go on a day; the second no longer belongs to them."""
        return to_utc(day, self.opens, self.zone), to_utc(day, self.closes, self.zone)

    def due(self, day: date) -> datetime:
        """The first instant of a day at which mail may go."""
        return self.hours_of(day)[0]


def reader_calendar(cohort: Cohort, site: str | None) -> ReaderCalendar:
    """The calendar of a site; an unknown one, or none, is the program's own zone."""
    settings, email = cohort.program.calendar, cohort.program.email
    known = settings.sites.get(site) if site else None
    place = site if known and site else ""
    if not known:
        # The program's own zone keeps the holidays of the site that lies in it, if there is one.
        place, known = next(
            ((name, each) for name, each in settings.sites.items() if each.zone == settings.time_zone), ("", None)
        )
    return ReaderCalendar(
        place=place,
        zone=known.zone if known else settings.time_zone,
        holidays=known.holidays if known else None,
        closed=tuple((period.first, period.last) for period in settings.closed),
        opens=email.hours.opens,
        closes=email.hours.closes,
        every_day=email.days == "every day",
    )


def reader_calendars(cohort: Cohort) -> dict[str, ReaderCalendar]:
    """The calendar of every declared site by its name, and the program's own under `OWN_ZONE`."""
    return {site: reader_calendar(cohort, site) for site in (OWN_ZONE, *cohort.program.calendar.sites)}


def zone_of(cohort: Cohort, site: str | None) -> str:
    """The zone the people of a site live in; an unknown site lives in the program's own."""
    known = cohort.program.calendar.sites.get(site) if site else None
    return known.zone if known else cohort.program.calendar.time_zone


# --- moving ---------------------------------------------------------------------------------------------------


def days_from(day: date, step: int) -> Iterator[date]:
    """This day and those after it, or before it when `step` is -1."""
    for count in range(LONGEST_SEARCH):
        yield day + count * step * ONE_DAY
    raise CohortflowError(
        f"calendar.closed: no open day was found within {LONGEST_SEARCH} days of {day}; check the years of the periods"
    )


def _first_free(day: date, step: int, why_not: Callable[[date], str | None]) -> date:
    return next(each for each in days_from(day, step) if why_not(each) is None)


@lru_cache(maxsize=65536)
def mail_day(calendar: ReaderCalendar, day: date, backward: bool) -> date:
    """The day itself when mail may go on it, else the nearest such day before or after it."""
    return _first_free(day, -1 if backward else 1, calendar.why_no_mail)


def working_day(calendar: ReaderCalendar, day: date, step: int) -> date:
    """The next working day after `day`, or the last before it when `step` is -1."""
    return _first_free(day + step * ONE_DAY, step, calendar.why_not_working)


def site_due(cohort: Cohort, site: str | None, day: date, backward: bool = False) -> datetime:
    """When the readers of a site get a mail meant for `day`: "before" moves back, everything else forward."""
    calendar = reader_calendar(cohort, site)
    return calendar.due(mail_day(calendar, day, backward))


def next_allowed(cohort: Cohort, site: str | None, at: datetime) -> datetime:
    """The first instant from `at` on at which a reader at that site may be written to."""
    return first_allowed(reader_calendar(cohort, site), at)


def first_allowed(calendar: ReaderCalendar, at: datetime) -> datetime:
    """The same for a calendar in hand, for callers with many instants."""
    for day in days_from(local_day(at, calendar.zone), 1):
        opens, closes = calendar.hours_of(day)
        if at < closes and calendar.why_no_mail(day) is None:
            return max(opens, at.astimezone(UTC))
    raise AssertionError("days_from never ends quietly")
