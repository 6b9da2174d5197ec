"""A CSV file as a table of text: nothing guessed, nothing shifted, and a bad row never costs a good one."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from unicodedata import normalize

from tasks.csv_text import FileText, decode

ROW = "(row)"  # the column of a refusal that concerns a whole row
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_SAMPLE_LINES = 200
# Each broken quote may be searched for its end through much text, so there is an end to our patience.
_MOST_BROKEN = 1000
_MOST_BLANK = 1000
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_PARTS = re.compile(r"[,;\t\r\n\"]+")
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])[ ,;\t]*(?:\r\n?|\n|$)", re.IGNORECASE)
_TOO_FEW = "has too few cells"
_INVISIBLE = "\ufeff\u200b"


@dataclass(frozen=True)
class Limits:
    """How much is too much: bytes, rows, columns, and characters in a cell."""

    size: int = 64 * 1024 * 1024
    rows: int = 500_000
    columns: int = 500
    cell: int = 10_000


LIMITS = Limits()


@dataclass(frozen=True)
class Refusal:
    """A cell or row that was not taken in; `row` as a spreadsheet shows it, `reason` never repeats the value.

    With `whole_row` nothing of the row was taken; otherwise the row was, with this cell left blank.
    """

    row: int
    column: str
    code: str
    reason: str
    value: str | None = None
    whole_row: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: as many cells as the header has, trimmed, in composed letters (NFC)."""

    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A file as rows of text. With a `problem` (in words, with the cure) there are no rows at all.

    `rows_in` counts every row below the header that is not blank: `len(rows)` and the refused ones.
    `last_cell_open`: the file ends without a line break, so nobody can say whether its last cell is whole.
    """

    file: str
    headers: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    refused: tuple[Refusal, ...] = ()
    broken: tuple[tuple[str, ...], ...] = ()  # the cells of refused rows, as far as there are any
    rows_in: int = 0
    last_cell_open: bool = False
    encoding: str = ""
    delimiter: str = ""
    problem: str | None = None


@dataclass(frozen=True)
class _Fault:
    """A record that cannot be parted into cells; `text` is what stands there."""

    code: str
    reason: str
    ends_file: bool = False
    text: str = ""


_RAGGED_QUOTES = _Fault("ragged", "a quotation mark opens or closes in the wrong place; write it doubled or remove it")
_UNCLOSED = _Fault(
    "unclosed",
    "a quotation mark opens and is never closed, so the file is incomplete; export it again, or close the mark",
    ends_file=True,
)
_ENDLESS = _Fault(
    "too_long",
    f"a cell is longer than {csv.field_size_limit()} characters, or its quotation mark is never closed; "
    "shorten the cell or close the mark",
    ends_file=True,
)


class _Unreadable(Exception):
    """The file as a whole cannot be taken in; says why and what to do."""


def read_table(content: bytes, *, file: str, limits: Limits = LIMITS) -> Table:
    """Read a CSV file (commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252); every value stays text.

    The header is row 1 for most files, and a row is one record, as in a spreadsheet: line breaks inside quotation
    marks do not count, blank lines do. A row with more or fewer cells than the header is refused, never shifted.
    """
    try:
        if len(content) > limits.size:
            raise _Unreadable(f"is larger than {limits.size // 1024**2} MB; split it, or export fewer columns")
        found = decode(content)
        if found.problem:
            raise _Unreadable(found.problem)
        return _table(found, file, limits)
    except _Unreadable as unreadable:
        return Table(file, problem=f"{file}: {unreadable}")


def tidy(value: str) -> str:
    """A cell without surrounding white space, in composed letters, so that equal names are equal."""
    if value.isascii():
        return value.strip()
    return normalize("NFC", value.strip().strip(_INVISIBLE).strip())


@lru_cache(maxsize=20_000)
def _tidied(cells: tuple[str, ...]) -> tuple[str, ...]:
    # From month to month most rows of a roster are the same.
    return tuple(map(tidy, cells))


def shown(value: str) -> str:
    """A refused value, fit to be stored and shown: short, and without what cannot be seen or encoded."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in value[:200])


def _table(found: FileText, file: str, limits: Limits) -> Table:
    text = found.text
    widest = limits.columns * (limits.cell + 3)
    if _has_longer_line(text, widest):
        raise _Unreadable(f"has a line of more than {widest:,} characters; is it a CSV file?")
    named = _SEPARATOR_LINE.match(text)
    start = named.end() if named else 0
    delimiter = named[1] if named else _delimiter(text, start)
    records = _records(text, delimiter, start)
    number, headers = _header(records, limits)
    rows, refused, broken = _rows(records, number, headers, limits)
    is_open = text[-1:] not in "\r\n"
    stops = _half_written(found, is_open, rows, refused)
    if stops:
        raise _Unreadable(stops)
    return Table(
        file=file,
        headers=headers,
        rows=tuple(rows),
        refused=tuple(refused),
        broken=tuple(broken),
        rows_in=len(rows) + len(refused),
        last_cell_open=is_open and not text.endswith('"'),
        encoding=found.encoding,
        delimiter=delimiter,
    )


def _has_longer_line(text: str, most: int) -> bool:
    start = 0
    while len(text) - start > most:
        end = max(text.rfind("\n", start, start + most + 1), text.rfind("\r", start, start + most + 1))
        if end < 0:
            return True
        start = end + 1
    return False


def _delimiter(text: str, start: int) -> str:
    """What parts the cells: the mark that gives the widest header whose width the rows keep to."""

    def evidence(delimiter: str) -> float:
        lines = (line.group() for line in islice(_LINE.finditer(text, start), _SAMPLE_LINES))
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if any(map(str.strip, cells))]
        except csv.Error:
            return 0.0
        if not widths or widths[0] < 2:
            return 0.0
        rows = widths[1:]
        return widths[0] * (rows.count(widths[0]) / len(rows) if rows else 1.0)

    return max(DELIMITERS, key=evidence)


class _Lines:
    """The lines of a text from an offset on, and how far they have been read."""

    def __init__(self, text: str, start: int) -> None:
        self.text, self.end, self.ran_out = text, start, False

    def __iter__(self) -> Iterator[str]:
        for line in _LINE.finditer(self.text, self.end):
            self.end = line.end()
            yield line.group()
        self.ran_out = True


def _records(text: str, delimiter: str, start: int) -> Iterator[list[str] | _Fault]:
    """Every record of the file in its order: its cells, or what is wrong with it."""
    at, width, broken = start, 0, 0
    while at < len(text):
        lines = _Lines(text, at)
        try:
            for cells in csv.reader(lines, delimiter=delimiter, strict=True):
                at = lines.end
                width = width or (len(cells) if _is_filled(cells) else 0)
                yield cells
            return
        except csv.Error as error:
            fault = _fault(error, lines)
        began, broken = at, broken + 1
        if broken > _MOST_BROKEN:
            raise _Unreadable(f"has broken quotation marks in more than {_MOST_BROKEN} rows; export it again")
        first_end = next(_LINE.finditer(text, at)).end()
        if first_end == lines.end and not fault.ends_file:
            at = lines.end
        elif _goes_on(text, delimiter, first_end, width):
            # A stray mark swallowed rows that are whole by themselves: only the row it stands in is bad.
            fault, at = _RAGGED_QUOTES, first_end
        else:
            at = lines.end
        yield replace(fault, text=text[began:at])
        if fault.ends_file:
            return


def _fault(error: csv.Error, lines: _Lines) -> _Fault:
    if "field limit" in str(error):
        return _ENDLESS
    return _UNCLOSED if lines.ran_out else _RAGGED_QUOTES


def _goes_on(text: str, delimiter: str, start: int, width: int) -> bool:
    """Whether the next line that is not blank is a whole row by itself."""
    lines = (found.group() for found in islice(_LINE.finditer(text, start), _SAMPLE_LINES))
    line = next(filter(str.strip, lines), "")
    if width < 2 or line[-1:] not in "\r\n":
        return False
    try:
        return [len(cells) for cells in csv.reader([line], delimiter=delimiter, strict=True)] == [width]
    except csv.Error:
        return False


def _is_filled(cells: Sequence[str]) -> bool:
    return any(map(str.strip, cells))


def _header(records: Iterator[list[str] | _Fault], limits: Limits) -> tuple[int, tuple[str, ...]]:
    for number, cells in enumerate(records, start=1):
        if isinstance(cells, _Fault):
            raise _Unreadable(f"row {number}, the header: {cells.reason}")
        if not _is_filled(cells) and number <= _MOST_BLANK:
            continue
        if len(cells) > limits.columns:
            raise _Unreadable(f"has {len(cells):,} columns, more than {limits.columns}; export only those needed")
        return number, tuple(" ".join(tidy(cell).split()) for cell in cells)
    raise _Unreadable("has no header and no rows; export it again and put the new file in its place")


def _rows(
    records: Iterator[list[str] | _Fault], header_row: int, headers: tuple[str, ...], limits: Limits
) -> tuple[list[Row], list[Refusal], list[tuple[str, ...]]]:
    rows: list[Row] = []
    refused: list[Refusal] = []
    broken: list[tuple[str, ...]] = []
    blank = 0
    for number, cells in enumerate(records, start=header_row + 1):
        if isinstance(cells, _Fault):
            if cells.ends_file:
                raise _Unreadable(f"row {number}: {cells.reason}")
            refused.append(Refusal(number, ROW, cells.code, cells.reason))
            broken.append(tuple(tidy(part) for part in _PARTS.split(cells.text)))
            continue
        if not _is_filled(cells):
            blank += 1
            if blank > max(_MOST_BLANK, limits.rows):
                raise _Unreadable(f"has more than {blank - 1:,} blank lines; export it again")
            continue
        refusal = _refusal(number, cells, headers, limits)
        if refusal:
            refused.append(refusal)
            broken.append(tuple(tidy(cell) for cell in cells[: limits.columns] if len(cell) <= limits.cell))
        else:
            rows.append(Row(number, _tidied(tuple(cells))))
        if len(rows) + len(refused) > limits.rows:
            raise _Unreadable(f"has more than {limits.rows:,} rows; split it")
    return rows, refused, broken


def _refusal(number: int, cells: list[str], headers: tuple[str, ...], limits: Limits) -> Refusal | None:
    if len(cells) != len(headers):
        how = _TOO_FEW if len(cells) < len(headers) else "has too many cells"
        reason = f"{how}: {len(cells)}, where the header has {len(headers)}; correct the row"
        return Refusal(number, ROW, "ragged", reason)
    if max(map(len, cells)) > limits.cell:
        place = next(index for index, cell in enumerate(cells) if len(cell) > limits.cell)
        reason = f"is longer than {limits.cell:,} characters; shorten it"
        return Refusal(number, headers[place] or f"column {place + 1}", "too_long", reason)
    return None


def _half_written(found: FileText, is_open: bool, rows: Sequence[Row], refused: Sequence[Refusal]) -> str | None:
    """Why the file seems to stop too early; such a file may lack any number of rows, so none of it is taken."""
    mend = "export it again, or complete the last row and end it with a line break"
    if found.cut:
        return f"is incomplete: it ends in the middle of a letter; {mend}"
    last_row = rows[-1].row if rows else 0
    if is_open and not rows and not refused:
        return f"is incomplete: it ends in the header, without a line break; {mend}"
    if is_open and refused and refused[-1].row > last_row and refused[-1].reason.startswith(_TOO_FEW):
        return f"is incomplete: it ends in the middle of row {refused[-1].row}; {mend}"
    return None
