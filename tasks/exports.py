"""Tables as CSV for spreadsheets: text stays text there, and nothing in it is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from math import isfinite
from numbers import Real

import pandas as pd

# What a spreadsheet may take for a formula, the wide forms of East Asian keyboards included. An apostrophe before it
# is guarded as well: only so can the guard be told from an apostrophe that was there before.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\0＝＋－＠]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def guard(value: object) -> str:
    """A cell as text that no spreadsheet takes for a formula: an apostrophe is put before what might be one."""
    text = as_text(value)
    if not _FORMULA.match(text) or _is_number(value) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and isfinite(value)


def unguard(text: str) -> str:
    """What `guard` was given, as text."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def as_text(value: object) -> str:
    """A value as a cell shows it: nothing for what is missing, ISO for dates, a list joined by semicolons."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return "; ".join(map(as_text, value))
    if value is None or value is pd.NA or value is pd.NaT or value != value:  # a missing number differs from itself
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)


def to_csv(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Header and rows: every cell in quotation marks, lines ended by LF, the same bytes for the same rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([guard(column) for column in columns])
    writer.writerows([guard(row.get(column)) for column in columns] for row in rows)
    return text.getvalue()
