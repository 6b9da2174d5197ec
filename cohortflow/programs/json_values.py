"""How an editor may expect each single value to be written: the JSON Schema of the words our models read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import BeforeValidator

from schemas import phrases, words
from schemas.program import CONDITION, read_condition
from schemas.rules import SignalPhrase

Schema = dict[str, Any]
# YAML reads some texts as numbers or truths before we see them; we take them as they are written.
ANY_TEXT = ["string", "number", "boolean"]
DAY = r"\d{4}-\d{2}-\d{2}"
TIME = r"\d{1,2}:\d{2}"
SPAN = r"\d{1,5} ?(working )?(day|week|month)s?"
_STAGE = "|".join(phrases.STAGES)
MOMENT = (
    rf"(on )?(the )?(({_STAGE}) (opens|closes|runs)|first meeting|{'|'.join(sorted(phrases.ANCHORS, reverse=True))})"
)
WHEN = rf"{DAY}|{MOMENT}|{SPAN} (before|after) {MOMENT}"
ID = r"[a-z0-9_-]{1,64}"


@dataclass(frozen=True)
class Value:
    """What may stand at a place: its JSON Schema, the same in words, and the values below it by key."""

    schema: Schema
    words: str
    below: "Mapping[str, Value]" = field(default_factory=dict)
    is_needed: bool = False
    default: Any = None


def loose(pattern: str, any_case: bool = True) -> str:
    """A whole-value pattern that takes any number of blanks and, unless told otherwise, capitals."""
    text = re.sub(r"\(\?P<\w+>", "(", pattern).replace(" ?", "\0").replace(" *", "\1").replace(" ", " +")
    text = text.replace("\0", " *").replace("\1", " *")
    if any_case:
        text = re.sub(r"(?<!\\)[a-z]", lambda found: found[0] if _in_class(text, found) else _both(found[0]), text)
    return f"^({text})$"


def _in_class(text: str, found: re.Match[str]) -> bool:
    before = text[: found.start()]
    return before.rfind("[") > before.rfind("]")


def _both(letter: str) -> str:
    return f"[{letter.upper()}{letter}]"


def phrase(pattern: str, told: str, example: str, any_case: bool = True) -> Value:
    """A text of that shape; an editor that knows `patternErrorMessage` shows it instead of the pattern."""
    message = f"Write {spoken(told)}, for example {example}."
    return Value({"type": "string", "pattern": loose(pattern, any_case), "patternErrorMessage": message}, told)


def spoken(told: str) -> str:
    """Words of the documentation as an editor shows them: without links and backquotes."""
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", told).replace("`", "")


def text(told: str, pattern: str | None = None) -> Value:
    """Any text, or one of a shape; numbers and truths count as the text they are written with."""
    if pattern is None:
        return Value({"type": ANY_TEXT}, told)
    return Value(shaped(f"^({pattern})$", f"Write {spoken(told)}."), told)


def shaped(pattern: str, message: str) -> Schema:
    """A text of a shape. A pattern says nothing of numbers, so they are allowed only where one could have the shape."""
    types = ["string"]
    types += ["number"] if any(re.search(pattern, str(number)) for number in range(1000)) else []
    types += ["boolean"] if re.search(pattern, "true") else []
    return {"type": types if len(types) > 1 else "string", "pattern": pattern, "patternErrorMessage": message}


def one_of(names: tuple[str, ...], told: str = "") -> Value:
    """One of these names."""
    return Value({"enum": list(names)}, told or _or([f"`{name}`" for name in names]))


def named(names: tuple[str, ...], kind: str) -> Value:
    """One of the names there are, or any plain name where none is known."""
    return Value(one_of(names).schema, kind) if names else text(kind, ID)


def suggested(names: tuple[str, ...], kind: str) -> Value:
    """Any plain name; those there are come first."""
    return Value({"anyOf": [{"enum": list(names)}, text(kind, ID).schema]}, kind) if names else text(kind, ID)


def number(low: float, high: float, told: str = "") -> Value:
    """A number, in quotes or not."""
    schema = {"type": ["integer", "string"], "minimum": low, "maximum": high, "pattern": r"^ *-?\d{1,9} *$"}
    told = told or (
        f"a whole number from {low:,} to {high:,}" if high < 1_000_000 else f"a whole number, at least {low:,}"
    )
    return Value({**schema, "patternErrorMessage": f"Write {spoken(told)}."}, told)


def many(item: Value, at_least: int = 0, or_one: bool = True) -> Value:
    """A list; a single value may stand for a list of one."""
    listed: Schema = {"type": "array", "items": item.schema} | ({"minItems": at_least} if at_least else {})
    told = f"a list: each {item.words}"
    if not or_one:
        return Value(listed, told, item.below)
    return Value({"anyOf": [item.schema, listed]}, f"{item.words}; or a list of these", item.below)


def either(*values: Value) -> Value:
    """Any of these."""
    below = {key: each for value in values for key, each in value.below.items()}
    return Value({"anyOf": [value.schema for value in values]}, " or ".join(value.words for value in values), below)


def condition(pattern: str, told: str) -> Value:
    """A condition on a column: words of a shape, or a list of values."""
    message = f"Write for example {told}."
    in_words = shaped(loose(pattern, any_case=False), message)
    listed = {"type": "array", "items": {"type": ANY_TEXT}, "minItems": 1}
    return Value({"anyOf": [in_words, listed]}, "a [condition](#conditions)")


def _or(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _reader(alias: Any) -> Callable[..., Any]:
    """The function that reads a kind of value: what an annotation is known by."""
    found: Callable[..., Any] = next(part.func for part in get_args(alias) if isinstance(part, BeforeValidator))
    return found


SHARE = text("a share such as 90%", r"\d{1,3}(\.\d+)? ?%")
CONDITION_VALUE = condition(".+", CONDITION)
TENURE = condition(r"at (least|most) \d{1,3} (month|year)s?", "at least 12 months or at most 2 years")
WEB = text("a web address that begins with https://", r"https://[^\s<>'\x22]+")
INSIDE = r"(?!/)(?!.*(^|/)\.\.(/|$))[^\\:]+"
TRUTH = Value(
    {
        "type": ["boolean", "string"],
        "pattern": loose("true|false|yes|no|on|off"),
        "patternErrorMessage": "Write yes or no.",
    },
    "`yes` or `no`",
)

READERS: dict[Callable[..., Any], Value] = {
    _reader(words.Name): text("text on one line", r"[^\n]{1,300}"),
    _reader(words.Id): text("a plain name: a to z, 0 to 9, _ and -", ID),
    _reader(words.Address): text("an email address", r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,63}"),
    _reader(words.ReplyTo): text("an email address or `owner`", r"owner|[^@\s]+@[^@\s]+\.[A-Za-z]{2,63}"),
    _reader(words.Sender): text(
        "`Name <address>`, an address, or `owner`", r"owner|[^<>]*<?[^@\s<>]+@[^@\s<>]+\.[A-Za-z]{2,63}>?"
    ),
    _reader(words.Truth): TRUTH,
    _reader(words.Zone): text("a time zone, Area/City", r"[A-Za-z0-9_+/-]+"),
    _reader(words.HolidayCalendar): text("a country, or a country and its part", r"[A-Z]{2,4}(-[A-Za-z0-9 ]+)?"),
    _reader(words.FileName): text("the name of a file beside the program", INSIDE),
    _reader(words.Source): text(
        "a pattern of files, or an address such as s3://...", rf"(s3|sftp|gs|az)://.+|{INSIDE}"
    ),
    _reader(words.Link): WEB,
    _reader(words.Language): text("the code of a language, such as en or pt-BR", r"[a-z]{2,3}(-[A-Z]{2})?"),
    _reader(words.Percent): SHARE,
    _reader(words.Day): phrase(DAY, "a date, YYYY-MM-DD", "2027-03-01"),
    _reader(SignalPhrase): phrase(
        r"no meeting for \d{1,3} days?|pulse below \d|no reply to \d{1,2} check_ins?"
        r"|first meeting later than \d{1,3} days?|goal overdue|only one side answers",
        "a [sign](#signs)",
        "no meeting for 35 days",
        any_case=False,
    ),
    read_condition: CONDITION_VALUE,
}
SHARED: dict[str, Schema] = {}


def _shared(name: str, value: Value) -> Value:
    """A phrase that stands in many places, described once per file."""
    SHARED[name] = value.schema
    return Value({"$ref": f"#/$defs/{name}"}, value.words)


PHRASES: dict[type, Value] = {
    phrases.Span: _shared("length_of_time", phrase(SPAN, "a [length of time](#lengths-of-time)", phrases.Span.example)),
    phrases.When: _shared("moment", phrase(WHEN, "a [moment](#moments)", phrases.When.example)),
    phrases.DateRange: phrase(f"{DAY}( to {DAY})?", "a day, or two with `to` between them", phrases.DateRange.example),
    phrases.Hours: phrase(f"{TIME} *[-\u2013] *{TIME}", "[hours](#hours) in quotes", phrases.Hours.example),
    phrases.AtMost: phrase(
        r"\d{1,3} per person per (day|week|month)", "a number per person per day, week or month", phrases.AtMost.example
    ),
    phrases.Size: Value(
        {"type": ["integer", "string"], "minimum": 2, "pattern": loose(r"\d{1,3}( to \d{1,3})?")},
        "a size such as 3 to 6",
    ),
    phrases.Attach: _shared(
        "attachment",
        phrase(
            rf"contact_card|certificate|calendar \d{{1,2}} hours? on ({WHEN}) at {TIME}",
            "an [attachment](#attachments)",
            phrases.Attach.example,
        ),
    ),
}
