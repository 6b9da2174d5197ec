"""The rows of a roster: which of them can be used, and which say different things of the same person."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.company import People
from tasks.csv_files import Refusal, Row, Table, shown
from tasks.roster_cells import (
    MOST_LETTERS,
    has_control,
    known_word,
    needs_smtputf8,
    read_address,
    words_of,
    wrong_with_id,
)
from tasks.roster_columns import Columns, is_sensitive
from tasks.written_dates import DateColumn, may_go_on

_SHOWN_ROWS = 5
_NO_STATUS = "the status is missing; enter it in the HR system"
_BAD_STATUS = "is not a status that people.status knows; correct it, or add the word to the configuration"
_NO_ADDRESS = "the work address is missing; enter it in the HR system"
_BAD_ADDRESS = "is not an email address that mail can be sent to; correct it in the HR system"
_FOREIGN_LETTERS = (
    "has letters before the @ that many mail servers refuse, such as é or ü; enter an address with a to z in the HR "
    "system"
)
_CONTROL = "holds control characters or broken letters; enter the value anew"
_CUT = "the file ends here without a line break, so this cell may be cut off; end the file with a line break"
_LEAVER_SHARES = "belongs to somebody who has not left, too; the leaver is taken in without an address"


@dataclass(frozen=True)
class Known:
    """A row that was read before and gave no cause for complaint: the next file's same row need not be read again."""

    cells: dict[str, str]
    status: str
    email: str
    person: dict[str, Any]


@dataclass
class Draft:
    """A row that can be used: its cells under our names, as they are written."""

    row: int
    cells: dict[str, str]
    status: str
    email: str
    written: tuple[str, ...] = ()
    known: Known | None = None

    @property
    def person_id(self) -> str:
        """The employee id."""
        return self.cells["person_id"]


@dataclass
class Desk:
    """What is put aside while one file is read; `named` are the ids in it."""

    columns: Columns
    known: Mapping[tuple[str, ...], Known] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    _told: set[tuple[int, str]] = field(default_factory=set)

    def refuse(self, row: int, key: str, code: str, reason: str, value: str = "", *, whole_row: bool = True) -> None:
        """Put a cell, or with it the row, aside; once per cell, and what is sensitive is never copied."""
        header = self.columns.header(key)
        if (row, header) not in self._told:
            kept = shown(value) if value and not is_sensitive(key) else None
            self.refused.append(Refusal(row, header, code, reason, kept, whole_row))
            self._told.add((row, header))

    def refuse_draft(self, draft: Draft, key: str, code: str, reason: str) -> None:
        """Put a row aside that looked good by itself."""
        self.refuse(draft.row, key, code, reason, draft.cells[key])
        self.named.add(draft.person_id)


def usable_rows(table: Table, desk: Desk, rules: People) -> list[Draft]:
    """The rows that can be used by themselves; the others are refused, with every reason there is."""
    statuses = _statuses(rules)
    drafts = []
    for row in table.rows:
        draft = _draft(row, statuses, desk)
        if draft:
            drafts.append(draft)
    return drafts


def _draft(row: Row, statuses: dict[str, str], desk: Desk) -> Draft | None:
    known = desk.known.get(row.cells)
    if known is not None:
        return Draft(row.row, known.cells, known.status, known.email, row.cells, known)
    cells = {key: row.cells[place] for key, place in desk.columns.places.items()}
    before = len(desk.refused)
    wrong_id = wrong_with_id(cells["person_id"])
    if wrong_id:
        desk.refuse(row.row, "person_id", *wrong_id, cells["person_id"])
    for key, value in cells.items():
        if has_control(value):
            desk.refuse(row.row, key, "control", _CONTROL, value)
        if len(value) > MOST_LETTERS:
            desk.refuse(row.row, key, "too_long", f"is longer than {MOST_LETTERS} characters; shorten it", value)
    status = known_word(cells["status"], statuses) if "status" in cells else "active"
    if status is None:
        reason = _BAD_STATUS if cells["status"] else _NO_STATUS
        desk.refuse(row.row, "status", "unknown_status", reason, cells["status"])
    email = _email(row.row, cells["email"], status, desk)
    if status is None or any(refusal.whole_row for refusal in desk.refused[before:]):
        desk.named.add(cells["person_id"])
        return None
    return Draft(row.row, cells, status, email, row.cells)


def _statuses(rules: People) -> dict[str, str]:
    """Our status by each word of the HR system."""
    listed = rules.status
    ours = {"active": listed.active, "on_leave": listed.on_leave, "left": listed.left}
    return {written: status for status, words in ours.items() for written in words_of(words)}


def _email(row: int, written: str, status: str | None, desk: Desk) -> str:
    """The address, or "" where it is refused.

    HR systems close the address of a leaver. The row must come in all the same, or the company would go on writing
    to somebody who has left.
    """
    found = read_address(written) if written else None
    if found is None and (written or status != "left"):
        bad = _FOREIGN_LETTERS if needs_smtputf8(written) else _BAD_ADDRESS
        code, reason = ("bad_email", bad) if written else ("missing_email", _NO_ADDRESS)
        desk.refuse(row, "email", code, reason, written, whole_row=status != "left")
    return found or ""


def refuse_cut_row(table: Table, drafts: list[Draft], desk: Desk, closed: Mapping[str, Sequence[str]]) -> list[Draft]:
    """Without the last row where nobody can say whether its last cell is whole: "Fem" would be taken for a word.

    Args:
        closed: the words that columns with a closed choice may hold, by column.
    """
    key = desk.columns.last_key()
    if not table.last_cell_open or not drafts or drafts[-1].row != table.rows[-1].row or key is None:
        return drafts
    *others, last = drafts
    if key == "joined_on":
        is_whole = _is_whole_date(drafts)
    else:
        is_whole = _is_whole_word(last.cells[key], closed.get(key) or [draft.cells[key] for draft in others])
    if is_whole:
        return drafts
    desk.refuse_draft(last, key, "maybe_cut", _CUT)
    return others


def _is_whole_date(drafts: Sequence[Draft]) -> bool:
    written = [draft.cells["joined_on"] for draft in drafts]
    return DateColumn(written).read(written[-1]) is not None and not may_go_on(written[-1])


def _is_whole_word(value: str, words: Iterable[str]) -> bool:
    """Whether a word is one of those known, and not the beginning of another of them."""
    begun = {word.casefold() for word in words if word.casefold().startswith(value.casefold())}
    return begun == {value.casefold()}


def once_each(drafts: Sequence[Draft]) -> list[Draft]:
    """The rows without those that repeat an earlier one word for word."""
    return list({tuple(draft.cells.values()): draft for draft in reversed(drafts)}.values())[::-1]


def without_contradictions(drafts: Sequence[Draft], desk: Desk) -> list[Draft]:
    """The rows without those that contradict another about an employee id or an address: nobody knows which is right.

    A leaver's address may have been given to somebody else since (or to the same person, come back under a new id);
    then the leaver is taken in without it.
    """
    by_id, by_email = defaultdict(list), defaultdict(list)
    for draft in drafts:
        by_id[draft.person_id].append(draft)
        if draft.email:
            by_email[draft.email].append(draft)
    bad: set[int] = set()
    for same in by_id.values():
        bad |= _refuse_all(same, "person_id", "contradictory_id", "the same employee id", desk)
    for same in by_email.values():
        if len({draft.person_id for draft in same}) > 1:
            bad |= _part_owners(same, desk)
    return [draft for draft in drafts if draft.row not in bad]


def _part_owners(same: Sequence[Draft], desk: Desk) -> set[int]:
    here = [draft for draft in same if draft.status != "left"]
    for draft in same:
        if draft.status == "left":
            desk.refuse(draft.row, "email", "shared_email", _LEAVER_SHARES, draft.cells["email"], whole_row=False)
            draft.email = ""
    if len({draft.person_id for draft in here}) < 2:
        return set()
    return _refuse_all(here, "email", "contradictory_email", "the same work address", desk)


def _refuse_all(drafts: Sequence[Draft], key: str, code: str, what: str, desk: Desk) -> set[int]:
    if len(drafts) < 2:
        return set()
    rows = [draft.row for draft in drafts]
    listed = ", ".join(map(str, rows[:_SHOWN_ROWS])) + (", ..." if len(rows) > _SHOWN_ROWS else "")
    for draft in drafts:
        reason = f"{what} stands in rows {listed}, and they differ; keep the right one in the HR system"
        desk.refuse_draft(draft, key, code, reason)
    return set(rows)
