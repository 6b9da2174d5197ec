"""Days, instants and numbers as a language writes them."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name


@lru_cache
def locale_of(language: str) -> Locale:
    """The locale that writes dates and lists in this language; English when the language is unknown."""
    try:
        # "en" alone means American dates; a company with several sites reads "5 March" without doubt.
        return Locale.parse("en_GB" if language == "en" else language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")


@lru_cache(maxsize=4096)
def long_date(day: date, language: str, with_weekday: bool = False) -> str:
    """A day as people write it, such as "5 March 2027" or "Friday, 5 March 2027"."""
    locale = locale_of(language)
    if locale.language == "en":
        return format_date(day, "EEEE, d MMMM y" if with_weekday else "d MMMM y", locale=locale)
    return format_date(day, "full" if with_weekday else "long", locale=locale)


@lru_cache(maxsize=4096)
def local_instant(at: datetime, zone: str, language: str) -> tuple[str, str, str]:
    """An instant on the reader's own clock: day, time, and the name of that clock, since partners may have another."""
    locale, local = locale_of(language), at.astimezone(ZoneInfo(zone))
    clock = get_timezone_name(local, locale=locale)
    return long_date(local.date(), language, True), format_time(local, "HH:mm", locale=locale), clock
