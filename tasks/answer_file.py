"""Answers exported from another form tool: who said what, in the order it was said."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cohortflow.engine import task
from schemas.forms import Form
from schemas.translations import folded
from tasks.answer_columns import EMAIL_COLUMNS, PERSON_COLUMNS, AnswerColumns, match_columns
from tasks.csv_files import Refusal, Row, Table, read_table, shown
from tasks.roster_cells import has_control, read_address, wrong_with_id
from tasks.written_dates import DateColumn

_ROLES = ("mentor", "mentee")
_LINE_BREAKS = re.compile(r"[\t\r\n]")
_NOBODY = "says neither an employee id nor a work address; add one of them"
_BAD_ADDRESS = "is not an email address; correct it"
_BAD_ROLE = "is neither mentor nor mentee; write one of them or leave it empty"
_BAD_TIME = "is not a time; the row is kept where it stands in the file"
_CONTROL = "holds control characters or broken letters; enter the value anew"
_TWICE = "is answered in two columns, and differently; keep one of them"


@dataclass(frozen=True)
class AnswerRow:
    """One submission as it was written; several choices are a list, `at` is the form tool's own time.

    `current` is False for a submission that the same person replaced later (same role, same match).
    """

    row: int
    person_id: str | None
    email: str | None
    role: str | None
    given: Mapping[str, str | list[str]]
    about: str | None = None
    at: datetime | None = None
    current: bool = True


@dataclass(frozen=True)
class AnswerFile:
    """What a file of answers says: `rows` in the order of submission, so that whoever takes them in ends with the last.

    `unanswered`: questions without a column. `last_row_open`: the file ends without a line break after its last row,
    as some form tools write it; the row is taken as it is. With a `problem` there are no rows.
    """

    rows: tuple[AnswerRow, ...] = ()
    refused: tuple[Refusal, ...] = ()
    rows_in: int = 0
    unanswered: tuple[str, ...] = ()
    last_row_open: bool = False
    problem: str | None = None

    @property
    def is_accounted_for(self) -> bool:
        """Whether every row that came in is a submission or a refusal."""
        refused = {refusal.row for refusal in self.refused if refusal.whole_row}
        return self.rows_in == len(self.rows) + len(refused)


@dataclass
class _Desk:
    columns: AnswerColumns
    form: Form
    times: DateColumn
    dates: Mapping[str, DateColumn]
    refused: list[Refusal] = field(default_factory=list)

    def refuse(self, row: Row, place: int, code: str, reason: str, *, whole_row: bool = True) -> None:
        value = shown(row.cells[place]) or None
        self.refused.append(Refusal(row.row, self.columns.headers[place], code, reason, value, whole_row))

    def cell(self, row: Row, name: str) -> str:
        """A cell about the answer itself; empty where the file has no such column."""
        return row.cells[self.columns.who[name]] if name in self.columns.who else ""


@task
def read_answer_file(
    content: bytes,
    form: Form,
    *,
    file: str,
    columns: Mapping[str, str] | None = None,
    person_columns: Sequence[str] = PERSON_COLUMNS,
    email_columns: Sequence[str] = EMAIL_COLUMNS,
) -> AnswerFile:
    """Read the answers to one form; whether they are valid is for `clean_answer` to say.

    Args:
        columns: question key (or person_id, email, role, about, timestamp) by header, where headers say too little.
    """
    table = read_table(content, file=file)
    found, problem = match_columns(table, form, columns or {}, person_columns, email_columns)
    if found is None:
        return AnswerFile(problem=problem)
    desk = _Desk(found, form, _times(table, found), _dates(table, form, found), list(table.refused))
    rows = [answer for row in table.rows if (answer := _answer(row, desk))]
    return AnswerFile(
        rows=tuple(_with_revisions(rows)),
        refused=tuple(sorted(desk.refused, key=lambda refusal: (refusal.row, refusal.column))),
        rows_in=table.rows_in,
        unanswered=tuple(key for key in form.questions if key not in found.questions),
        last_row_open=table.last_cell_open,
        problem=None if table.rows_in else f"{file}: has a header and no rows; export it again when there are answers",
    )


def _times(table: Table, columns: AnswerColumns) -> DateColumn:
    place = columns.who.get("timestamp")
    return DateColumn(row.cells[place] for row in table.rows if place is not None)


def _dates(table: Table, form: Form, columns: AnswerColumns) -> dict[str, DateColumn]:
    return {
        key: DateColumn(row.cells[place] for row in table.rows for place in places)
        for key, places in columns.questions.items()
        if form.questions[key].type == "date"
    }


def _answer(row: Row, desk: _Desk) -> AnswerRow | None:
    before = len(desk.refused)
    _refuse_control(row, desk)
    person_id, email = _who(row, desk)
    given = _given(row, desk)
    role = desk.cell(row, "role").casefold().removesuffix("s") or None
    if role not in (None, *_ROLES):
        desk.refuse(row, desk.columns.who["role"], "unknown_role", _BAD_ROLE)
    at = desk.times.read_instant(desk.cell(row, "timestamp"))
    if any(refusal.whole_row for refusal in desk.refused[before:]):
        return None
    if at is None and desk.cell(row, "timestamp"):
        desk.refuse(row, desk.columns.who["timestamp"], "bad_time", _BAD_TIME, whole_row=False)
    return AnswerRow(row.row, person_id, email, role, given, desk.cell(row, "about") or None, at)


def _refuse_control(row: Row, desk: _Desk) -> None:
    places = {*desk.columns.who.values(), *(place for places in desk.columns.questions.values() for place in places)}
    for place in sorted(places):
        value = row.cells[place]
        # A text may have several lines; an id or a role may not.
        if has_control(value if place in desk.columns.who.values() else _LINE_BREAKS.sub(" ", value)):
            desk.refuse(row, place, "control", _CONTROL)


def _who(row: Row, desk: _Desk) -> tuple[str | None, str | None]:
    person_id, written = desk.cell(row, "person_id"), desk.cell(row, "email")
    email = read_address(written) if written else None
    wrong_id = wrong_with_id(person_id) if person_id else None
    who = desk.columns.who
    told = {refusal.column for refusal in desk.refused if refusal.row == row.row}
    if wrong_id and desk.columns.headers[who["person_id"]] not in told:
        desk.refuse(row, who["person_id"], *wrong_id, whole_row=True)
    if written and email is None and desk.columns.headers[who["email"]] not in told:
        desk.refuse(row, who["email"], "bad_email", _BAD_ADDRESS, whole_row=not person_id)
    if not person_id and not written:
        desk.refuse(row, who.get("person_id", who.get("email", 0)), "missing_person", _NOBODY)
    return person_id or None, email


def _given(row: Row, desk: _Desk) -> dict[str, str | list[str]]:
    """What was answered, by question; what was left empty is absent."""
    given: dict[str, str | list[str]] = {}
    for key, places in desk.columns.questions.items():
        written = list(dict.fromkeys(row.cells[place] for place in places if row.cells[place]))
        if len(written) > 1:
            desk.refuse(row, places[-1], "given_twice", _TWICE)
        elif written:
            given[key] = _value(written[0], desk.form, key, desk.dates.get(key))
    return given


def _value(written: str, form: Form, key: str, dates: DateColumn | None) -> str | list[str]:
    if form.questions[key].type == "choices":
        return split_choices(written, list(form.offered[key]))
    day = dates.read(written) if dates else None
    return day.isoformat() if day else written


def split_choices(written: str, offered: Sequence[str]) -> list[str]:
    """The choices in one cell, parted by semicolons or commas; a choice that holds a comma itself stays whole."""
    known = set(map(folded, offered))

    def is_offered(words: str) -> bool:
        return folded(words) in known

    chosen: list[str] = []
    for part in re.split(r"[;\n]", written):
        pieces = part.split(",")
        while pieces:
            most = next((n for n in range(len(pieces), 1, -1) if is_offered(",".join(pieces[:n]))), 1)
            chosen.append(",".join(pieces[:most]).strip())
            pieces = pieces[most:]
    return [choice for choice in chosen if choice]


def _with_revisions(rows: Sequence[AnswerRow]) -> list[AnswerRow]:
    """The rows in the order of submission, all but the last of each person marked as replaced.

    A row without a readable time keeps its place behind the row before it in the file.
    """
    latest = ""
    placed: list[tuple[str, int]] = []
    for row in rows:
        latest = row.at.isoformat() if row.at else latest
        placed.append((latest, row.row))
    ordered = [row for _, row in sorted(zip(placed, rows, strict=True), key=lambda pair: pair[0])]
    last = {(row.person_id or row.email, row.role, row.about): row.row for row in ordered}
    return [replace(row, current=last[row.person_id or row.email, row.role, row.about] == row.row) for row in ordered]
