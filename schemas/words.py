"""The single values of the configuration: names, addresses, numbers, zones; each refuses with a sentence."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import idna
from pydantic import BeforeValidator

from schemas.holiday_lists import holiday_package
from schemas.phrases import Unclear, read_day

ID = re.compile(r"[a-z0-9_-]{1,64}")
LANGUAGE = r"[a-z]{2,3}(-[A-Z]{2})?"
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def _plain(given: object) -> str:
    if not isinstance(given, str):
        raise Unclear("should be one value, not a list or a block", "write the value on the same line as its key")
    return given.strip()


def _name(given: object) -> str:
    text = _plain(given)
    # A name may end up in the header of a mail, where a line break would begin a header of its own.
    if not text or len(text) > 300 or re.search(r"[\x00-\x1f\x7f\u2028\u2029]", text):
        raise Unclear("is not a name on one line", "write 1 to 300 characters without line breaks")
    return text


def _id(given: object) -> str:
    text = _plain(given)
    if not ID.fullmatch(text):
        raise Unclear("is not a plain name", plain_name_cure(text, "pulse_reminder"))
    return text


def plain_name_cure(text: str, example: str) -> str:
    """What to write instead of a name with other signs in it: the same name without them, or an example."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:64]
    return f"use only a to z, 0 to 9, _ and -, at most 64 of them, as in {plain or example}"


def _address(given: object) -> str:
    """An address as mail can be sent to it: a domain with letters beyond a to z becomes what the post writes."""
    text = _plain(given)
    local, at, domain = text.rpartition("@")
    if at and not local.isascii():
        raise Unclear("has letters before the @ that many mail servers refuse", "write the address with a to z only")
    if not domain.isascii():
        text = f"{local}@{_punycode(domain)}"
    if not _ADDRESS.fullmatch(text) or ".." in text or len(text) > 254:
        raise Unclear("is not an email address", "write for example mentoring@acme.example")
    return text


def _punycode(domain: str) -> str:
    """A domain such as größe.example as xn--gre-6ka8i.example; empty where no domain may be called so."""
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def _sender(given: object) -> str:
    text = _name(given)
    if text == "owner":
        return text
    # Pasted along unseen, such a mark would make every mail be refused.
    if re.search("[\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", text):
        raise Unclear(
            "holds a mark that cannot be seen", "type it anew, for example Acme Mentoring <mentoring@acme.example>"
        )
    found = re.fullmatch(r"(?:(?P<name>[^<>,;\"]+) )?<(?P<address>[^<>]+)>", text)
    try:
        address = _address(found["address"] if found else text)
    except Unclear:
        raise Unclear("is not a sender", "write for example Acme Mentoring <mentoring@acme.example>") from None
    return f"{found['name']} <{address}>" if found and found["name"] else address


def _reply_to(given: object) -> str:
    return "owner" if given == "owner" else _address(given)


def _many(given: object) -> object:
    """One value is a list of one."""
    return [given] if isinstance(given, str) else given


def _some(given: object) -> object:
    """As `_many`, and at least one."""
    if given == []:
        raise Unclear("is empty", "write at least one")
    return _many(given)


def _truth(given: object) -> bool:
    text = _plain(given).lower()
    if text not in ("true", "false", "yes", "no", "on", "off"):
        raise Unclear("is neither yes nor no", "write true or false")
    return text in ("true", "yes", "on")


def _zone(given: object) -> str:
    text = _plain(given)
    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise Unclear("is not a time zone", _nearest_zone(text)) from None
    return text


def _nearest_zone(text: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    near = get_close_matches(text.replace(" ", "_"), sorted(available_timezones()), n=1)
    return f"did you mean {near[0]!r}?" if near else "write Area/City, for example Europe/Berlin"


def _holidays(given: object) -> str:
    text = _plain(given)
    # The registry is a table of names; importing the calendars themselves would take a second.
    from holidays.registry import COUNTRIES

    codes = {code for entry in COUNTRIES.values() for code in entry[1:]}
    country, _, part = text.partition("-")
    if country not in codes or (not part and "-" in text):
        raise Unclear(
            "is not a holiday calendar", "write a country and, where it matters, its part, as in DE-BE or US-TX"
        )
    parts = _parts_of(country) if part else ()
    if part and part not in parts:
        known = f"its parts are {', '.join(parts)}" if parts else f"write {country} alone, it has no parts here"
        raise Unclear(f"names no part of {country} with holidays of its own", known)
    return text


@lru_cache(maxsize=256)
def _parts_of(country: str) -> tuple[str, ...]:
    return tuple(getattr(holiday_package(), country).subdivisions)


def _file_name(given: object) -> str:
    """A file beside the program: no folder outside, no absolute path."""
    text = _name(given)
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text or ":" in text:
        raise Unclear("leads out of the folder of the programs", "name a file inside it, for example do_not_pair.csv")
    return text


def _source(given: object) -> str:
    """Where files arrive: a pattern inside the home folder, or a place reached by a scheme."""
    text = _name(given)
    if re.match(r"(s3|sftp|gs|az)://", text):
        return text
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text or ":" in text:
        raise Unclear("leads out of the folder Cohortflow works in", "write for example inbox/workers/*.csv")
    return text


def _link(given: object) -> str:
    text = _name(given)
    if not re.fullmatch(r"https://[^\s<>\"']+", text):
        raise Unclear("is not a secure web address", "write for example https://meet.acme.example/mentoring")
    return text


def _language(given: object) -> str:
    text = _plain(given)
    if not re.fullmatch(LANGUAGE, text):
        raise Unclear("is not the code of a language", "write for example en, de or pt-BR")
    return text


def _percent(given: object) -> float:
    text = _plain(given)
    found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?%", text)
    if not found or float(found[1]) > 100:
        mend = f"write {text}%" if re.fullmatch(r"\d{1,2}", text) else "write for example 20%"
        raise Unclear("is not a share between 0% and 100%", mend)
    return float(found[1])


@dataclass(frozen=True)
class Whole:
    """Reads a whole number from `low` to `high`."""

    low: int
    high: int

    def __call__(self, given: object) -> int:
        """The number that is written."""
        text = _plain(given) if not isinstance(given, int) else str(given)
        if not re.fullmatch(r"-?\d{1,9}", text) or not self.low <= int(text) <= self.high:
            fitting = str(self.low) if self.low == self.high else f"a number from {self.low} to {self.high}"
            raise Unclear("is not a whole number that fits here", f"write {fitting}")
        return int(text)


def whole(low: int, high: int) -> Any:
    """A validator for whole numbers from `low` to `high`."""
    return BeforeValidator(Whole(low, high))


Name = Annotated[str, BeforeValidator(_name)]
Id = Annotated[str, BeforeValidator(_id)]
Address = Annotated[str, BeforeValidator(_address)]
ReplyTo = Annotated[str, BeforeValidator(_reply_to)]
Sender = Annotated[str, BeforeValidator(_sender)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Zone = Annotated[str, BeforeValidator(_zone)]
HolidayCalendar = Annotated[str, BeforeValidator(_holidays)]
FileName = Annotated[str, BeforeValidator(_file_name)]
Source = Annotated[str, BeforeValidator(_source)]
Link = Annotated[str, BeforeValidator(_link)]
Language = Annotated[str, BeforeValidator(_language)]
Percent = Annotated[float, BeforeValidator(_percent)]
Day = Annotated[date, BeforeValidator(lambda given: given if isinstance(given, date) else read_day(_plain(given)))]
Many = BeforeValidator(_many)
Some = BeforeValidator(_some)
