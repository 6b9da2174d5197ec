"""The roster as HR exports it: people who can be used, and everything else with row, column and reason."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from cohortflow.engine import task
from schemas.company import People
from tasks.csv_files import ROW, Refusal, Table, read_table
from tasks.roster_cells import known_word, words_of
from tasks.roster_columns import PERSON_COLUMNS, find_columns
from tasks.roster_rows import Desk, Draft, Known, once_each, refuse_cut_row, usable_rows, without_contradictions
from tasks.spoken_languages import read_languages
from tasks.written_dates import DateColumn, is_ambiguous, speaks_for_itself

_TEXTS = ("name", "manager_id", "department", "title")
_BLANK = "the cell is left blank"
_BAD_DATE = f"is not a date; write it as 2027-03-01; {_BLANK}"
_TWO_DATES = f"is two different dates, depending on which of day and month comes first; write 2027-03-01; {_BLANK}"


@dataclass(frozen=True)
class RosterReading:
    """What one roster file says.

    `people` has one row per person, by id; what is blank is "" (`joined_on`: None). With a `problem`, a sentence for
    the owner, the file is to be held as a whole. `named` holds every id that a refused row may concern: whoever is
    named there is in the file and must not count as absent.
    """

    people: pd.DataFrame
    refused: tuple[Refusal, ...] = ()
    rows_in: int = 0
    identical: int = 0
    named: frozenset[str] = frozenset()
    problem: str | None = None

    @property
    def refused_rows(self) -> int:
        """How many rows were not taken in; a cell left blank does not refuse its row."""
        return len({refusal.row for refusal in self.refused if refusal.whole_row})

    @property
    def is_accounted_for(self) -> bool:
        """Whether every row that came in is a person, a repetition or a refusal."""
        return self.rows_in == len(self.people) + self.identical + self.refused_rows


@task
def read_roster(content: bytes, rules: People, sites: Collection[str], *, file: str) -> RosterReading:
    """Read a roster; a bad row is refused with its reasons and changes nothing about a good one.

    What makes a row unusable refuses it: no or a bad id or address, an unknown status, control characters, the wrong
    number of cells, another row that says something else of the same person. A date, level, site or language that
    cannot be read is left blank and told. Rows that repeat each other word for word count once.
    """
    table = read_table(content, file=file)
    columns, problem = find_columns(table, rules)
    if columns is None:
        return RosterReading(_frame([]), problem=problem)
    named = {cell for cells in table.broken for cell in cells if cell}
    layout = (tuple(columns.places.items()), rules.model_dump_json(), tuple(sites))
    desk = Desk(columns, rows_known(layout), list(table.refused), named)
    status = rules.status
    closed = {"level": rules.levels, "site": tuple(sites), "status": status.active + status.on_leave + status.left}
    drafts = refuse_cut_row(table, usable_rows(table, desk, rules), desk, closed)
    once = once_each(drafts)
    drafts_left = without_contradictions(once, desk)
    people = _people(drafts_left, desk, rules.levels, tuple(sites))
    remember(layout, zip(drafts_left, people, strict=True), desk)
    return RosterReading(
        people=_frame(people),
        refused=tuple(sorted(desk.refused, key=lambda refusal: (refusal.row, refusal.column))),
        rows_in=table.rows_in,
        identical=len(drafts) - len(once),
        named=frozenset(desk.named - {""}),
        problem=None if people else _nobody(desk, table),
    )


def _people(drafts: Sequence[Draft], desk: Desk, levels: Sequence[str], sites: Sequence[str]) -> list[dict[str, Any]]:
    """One record per person; cells that cannot be read are left blank and told."""
    days = DateColumn(draft.cells.get("joined_on", "") for draft in drafts if draft.known is None)
    words = {"level": words_of(levels), "site": words_of(sites)}
    people = []
    for draft in drafts:
        if draft.known is not None and draft.email == draft.known.email:
            people.append(draft.known.person)
            continue
        cells = draft.cells
        people.append(
            {
                "person_id": draft.person_id,
                "email": draft.email,
                **{key: cells.get(key, "") for key in _TEXTS},
                **{key: _listed(draft, key, words[key], desk) for key in words},
                "joined_on": _joined_on(draft, days, desk),
                "languages": _languages(draft, desk),
                "status": draft.status,
                "more": {name: cells[key] for name, key in desk.columns.more.items()},
                "sensitive": {name: cells[key] for name, key in desk.columns.sensitive.items()},
            }
        )
    return people


_known: OrderedDict[tuple[Any, ...], dict[tuple[str, ...], Known]] = OrderedDict()
MOST_LAYOUTS = 4


def rows_known(layout: tuple[Any, ...]) -> dict[tuple[str, ...], Known]:
    """The sound rows of the newest file of this layout and configuration; from month to month few rows change."""
    return _known.get(layout, {})


def remember(layout: tuple[Any, ...], read: Iterable[tuple[Draft, dict[str, Any]]], desk: Desk) -> None:
    """Keep the rows that nothing was said about and that mean the same whatever else stands in the file."""
    told = {refusal.row for refusal in desk.refused}
    _known[layout] = {
        draft.written: draft.known or Known(draft.cells, draft.status, draft.email, person)
        for draft, person in read
        if draft.row not in told and (draft.known or speaks_for_itself(draft.cells.get("joined_on", "")))
    }
    _known.move_to_end(layout)
    if len(_known) > MOST_LAYOUTS:
        _known.popitem(last=False)


def _listed(draft: Draft, key: str, words: dict[str, str], desk: Desk) -> str:
    """A level or site as the configuration writes it."""
    written = draft.cells.get(key, "")
    if not written or not words:
        return written
    found = known_word(written, words)
    if found is None:
        where = "people.levels" if key == "level" else "calendar.sites"
        reason = f"is not listed under {where}; correct it, or add it there; {_BLANK}"
        desk.refuse(draft.row, key, f"unknown_{key}", reason, written, whole_row=False)
    return found or ""


def _joined_on(draft: Draft, days: DateColumn, desk: Desk) -> date | None:
    written = draft.cells.get("joined_on", "")
    found = days.read(written)
    if written and found is None:
        reason = _TWO_DATES if is_ambiguous(written) else _BAD_DATE
        desk.refuse(draft.row, "joined_on", "bad_date", reason, written, whole_row=False)
    return found


def _languages(draft: Draft, desk: Desk) -> str:
    codes, unknown = read_languages(draft.cells.get("languages", ""))
    if unknown:
        reason = f"{len(unknown)} of the languages we do not know; write codes such as en; de; the others are kept"
        desk.refuse(draft.row, "languages", "unknown_language", reason, "; ".join(unknown), whole_row=False)
    return codes


def _frame(people: list[dict[str, Any]]) -> pd.DataFrame:
    """The people by id, whatever the order of the file."""
    people = sorted(people, key=lambda person: str(person["person_id"]))
    columns = {name: [person[name] for person in people] for name in (*PERSON_COLUMNS, "more", "sensitive")}
    as_objects = ("joined_on", "more", "sensitive")
    return pd.DataFrame(
        {name: pd.Series(cells, dtype="object" if name in as_objects else "str") for name, cells in columns.items()}
    )


def _nobody(desk: Desk, table: Table) -> str:
    """Why the file gives nobody, by its first refusal."""
    if table.rows_in == 0:
        return f"{table.file}: has a header and no rows; export it again and put the new file in its place"
    first = min(desk.refused, key=lambda refusal: (refusal.row, refusal.column))
    where = f"row {first.row}" if first.column == ROW else f"row {first.row}, column '{first.column}'"
    return f"{table.file}: none of its {table.rows_in} rows can be used; {where}: {first.reason}"
