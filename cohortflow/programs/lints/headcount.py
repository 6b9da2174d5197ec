"""How many people of the newest roster could be mentors or mentees: a quick count, generous where the file is unclear.

The roster is taken in by the tick, with every check there is; here it is only counted, so that a cohort that can never
be filled is told before anything is sent. What cannot be read is nobody's fault here: then nothing is counted.
"""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

from cohortflow.programs.spans import add_months
from schemas.company import People
from schemas.program import Condition

MOST_BYTES = 20 * 1024 * 1024
_DATED = re.compile(r"(20\d{2})-?([01]\d)-?([0-3]\d)")
_DELIMITERS = ",;\t"
Cells = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Roster:
    """The rows of one file under our words for its columns. One file is read once, so it is itself and no other."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Cells, ...]


def newest_roster(home: Path, people: People) -> Roster | None:
    """The newest file of the roster's folder, by the date in its name or else when it was written; None without one."""
    if "://" in people.source or Path(people.source).is_absolute():
        return None
    files = [path for path in home.glob(people.source) if path.is_file() and not path.is_symlink()]
    if not files:
        return None
    path = max(files, key=lambda each: (_date_of(each), each.name))
    return _read(path, path.stat().st_mtime_ns, tuple(people.columns.items()))


def _date_of(path: Path) -> date:
    found = _DATED.search(path.name)
    try:
        return date(*map(int, found.groups())) if found else datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    except ValueError:
        return date.min


@lru_cache(maxsize=16)
def _read(path: Path, written_at: int, headers: tuple[tuple[str, str], ...]) -> Roster | None:
    """The file as rows; `written_at` only tells one version of it from the next."""
    content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    head, _, _ = text.partition("\n")
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        table = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    except csv.Error:
        return None
    found = [name.strip() for name in table[0]] if table else []
    columns = {key: found.index(header) for key, header in headers if header in found}
    if not {"id", "status"} <= set(columns):
        return None
    whole = (cells for cells in table[1:] if len(cells) == len(found))
    rows = (tuple(cells[place].strip() for place in columns.values()) for cells in whole)
    return Roster(path.name, tuple(columns), tuple(rows))


def people_who_may(roster: Roster, conditions: Mapping[str, Condition], people: People, on: date) -> frozenset[str]:
    """The ids of everybody at work who meets the conditions on a day, as far as the file can tell."""
    return _who_may(roster, tuple(conditions.items()), people.status.active, people.levels, on)


@lru_cache(maxsize=256)
def _who_may(
    roster: Roster, conditions: tuple[tuple[str, Condition], ...], active: Cells, levels: Cells, on: date
) -> frozenset[str]:
    places = {key: place for place, key in enumerate(roster.columns)}
    status, person = places["status"], places["id"]
    checks = [
        (places[column], condition)
        for key, condition in conditions
        if (column := "joined" if key == "tenure" else key) in places
    ]
    words = {word.casefold() for word in active}
    return frozenset(
        row[person]
        for row in roster.rows
        if row[status].casefold() in words and all(_meets(row[at], rule, levels, on) for at, rule in checks)
    )


def _meets(cell: str, rule: Condition, levels: Cells, on: date) -> bool:
    if rule.op.endswith("_months"):
        return _served(cell, rule, on)
    if rule.op in ("is", "is_not"):
        named = {value.strip().casefold() for value in rule.values}
        parts = {cell.casefold(), *(part.strip() for part in cell.casefold().split(";"))}
        return named.isdisjoint(parts) == (rule.op == "is_not")
    if cell not in levels or any(value not in levels for value in rule.values):
        return False
    rank, limits = levels.index(cell), [levels.index(value) for value in rule.values]
    return (rule.op == "at_or_below" or limits[0] <= rank) and (rule.op == "at_or_above" or rank <= limits[-1])


def _served(cell: str, rule: Condition, on: date) -> bool:
    """Whether the length of service fits; a day that is written in another way than YYYY-MM-DD counts as fitting."""
    try:
        reached_on = add_months(date.fromisoformat(cell), int(rule.values[0]))
    except ValueError:
        return True
    return reached_on <= on if rule.op == "at_least_months" else reached_on >= on


def places_for(mentors: Sequence[frozenset[str]], each: list[int], everywhere: int | None) -> int:
    """How many mentees all these mentors can have together: the programs' own limits, and the one over all of them."""
    places: Counter[str] = Counter()
    for those, limit in zip(mentors, each, strict=True):
        for person in those:
            places[person] += limit
    return sum(min(count, everywhere) if everywhere else count for count in places.values())
