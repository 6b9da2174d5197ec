"""Where a roster's columns stand in a file, and in plain words what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from schemas.company import People
from tasks.csv_files import DELIMITERS, Table, tidy

PERSON_COLUMNS = (
    "person_id", "email", "name", "manager_id", "department", "title",
    "level", "site", "joined_on", "languages", "status",
)  # fmt: skip
_TABLE_NAMES = {"id": "person_id", "manager": "manager_id", "joined": "joined_on"}


_SENSITIVE = "sensitive."  # no name of ours holds a dot, so a sensitive column never meets another one
_TITLE_ROWS = 20


@dataclass(frozen=True)
class Columns:
    """Our names of the mapped columns, where each stands in a row, and what its header is."""

    places: Mapping[str, int]
    headers: tuple[str, ...]

    def header(self, key: str) -> str:
        """The header a person knows a column by."""
        return self.headers[self.places[key]]

    @cached_property
    def more(self) -> dict[str, str]:
        """Columns beyond the known ones, by the name they have in the program."""
        return {key: key for key in self.places if key not in PERSON_COLUMNS and not is_sensitive(key)}

    @cached_property
    def sensitive(self) -> dict[str, str]:
        """Sensitive columns: our key, by the name each has in the program."""
        return {key.removeprefix(_SENSITIVE): key for key in self.places if is_sensitive(key)}

    def last_key(self) -> str | None:
        """The column that the last cell of a row belongs to, if it is mapped."""
        return next((key for key, place in self.places.items() if place == len(self.headers) - 1), None)


def is_sensitive(key: str) -> bool:
    """Whether a column is to be kept apart."""
    return key.startswith(_SENSITIVE)


def find_columns(table: Table, rules: People) -> tuple[Columns | None, str | None]:
    """The mapped columns, or what is wrong with the file as a whole and how to mend it."""
    if table.problem:
        return None, table.problem
    wanted = {_TABLE_NAMES.get(key, key): header for key, header in rules.columns.items()}
    unmapped = [key for key in ("id", "email") if _TABLE_NAMES.get(key, key) not in wanted]
    if unmapped:
        return None, f"people.columns names no column for {' and '.join(unmapped)}; add it to the configuration"
    wanted |= {f"{_SENSITIVE}{key}": header for key, header in rules.sensitive.items()}
    found = {key: _places(header, table.headers) for key, header in wanted.items()}
    if not any(found.values()):
        return None, _no_header(table, wanted)
    faults = [_fault(key, wanted[key], places, table) for key, places in found.items() if len(places) != 1]
    if faults:
        return None, f"{table.file}: {'; '.join(faults)}"
    return Columns({key: places[0] for key, places in found.items()}, table.headers), None


def _places(header: str, headers: tuple[str, ...]) -> list[int]:
    """Where a header stands; upper and lower case matter only where the file has both."""
    wanted = " ".join(tidy(header).split())
    exact = [place for place, name in enumerate(headers) if name == wanted]
    return exact or [place for place, name in enumerate(headers) if name.casefold() == wanted.casefold()]


def _fault(key: str, header: str, places: list[int], table: Table) -> str:
    path = f"people.sensitive.{key.removeprefix(_SENSITIVE)}" if is_sensitive(key) else "people.columns"
    if places:
        return f"{len(places)} columns are called '{header}'; leave one of them in the export"
    named = {name.casefold(): name for name in table.headers if name}
    near = get_close_matches(header.casefold(), named, n=1, cutoff=0.5)
    hint = f" (the nearest is '{named[near[0]]}')" if near else ""
    return f"column '{header}' is missing{hint}; export it, or name the right one under {path}"


def _no_header(table: Table, wanted: Mapping[str, str]) -> str:
    for row in table.rows[:_TITLE_ROWS]:
        if all(len(_places(header, row.cells)) == 1 for header in wanted.values()):
            return f"{table.file}: the header stands in row {row.row}; delete the rows above it"
    parted = DELIMITERS.get(table.delimiter, "commas")
    listed = ", ".join(f"'{header}'" for header in wanted.values())
    return (
        f"{table.file}: the first row is no header we know (read as parted by {parted}); "
        f"export the file with the columns {listed}, or name the right ones under people.columns"
    )
