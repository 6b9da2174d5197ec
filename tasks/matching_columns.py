"""The two sides of a match, and their columns as arrays: codes, ranks and sets that can be compared all at once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from schemas.matching import MatchSetting

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Both = tuple[list[list[str]], list[list[str]]]


@dataclass(frozen=True)
class Sides:
    """Mentees and mentors, each sorted by person, so that no result depends on the order of rows."""

    mentees: pd.DataFrame
    mentors: pd.DataFrame
    setting: MatchSetting

    @classmethod
    def of(cls, applicants: pd.DataFrame, setting: MatchSetting) -> "Sides":
        """The two sides of a table of applicants."""
        ordered = applicants.sort_values("person_id", kind="stable")
        mentees, mentors = (ordered[ordered["role"] == role] for role in ("mentee", "mentor"))
        return cls(mentees.reset_index(drop=True), mentors.reset_index(drop=True), setting)

    @property
    def shape(self) -> tuple[int, int]:
        """Mentees by mentors."""
        return len(self.mentees), len(self.mentors)

    def has(self, column: str) -> bool:
        """Whether the applicants carry this column at all."""
        return column in self.mentees.columns

    def cells(self, mentee_column: str, mentor_column: str | None = None) -> Both:
        """Each person's values of a column as a list of words; nobody has any in a column that is not there."""
        mentor_column = mentor_column or mentee_column
        return _lists(self.mentees, mentee_column), _lists(self.mentors, mentor_column)

    def numbers(self, column: str) -> tuple[Floats, Floats]:
        """Each person's number in a column, NaN where it is not known."""
        return _numbers(self.mentees[column]), _numbers(self.mentors[column])

    def ranks(self) -> tuple[Floats, Floats]:
        """Each person's place in the order of levels, NaN where it is not known."""
        order = {level: float(rank) for rank, level in enumerate(self.setting.levels)}
        mentees, mentors = (
            np.array([order.get(words[0], np.nan) if words else np.nan for words in side], dtype=np.float64)
            for side in self.cells("level")
        )
        return mentees, mentors

    def level_gap(self) -> Floats:
        """How many levels each mentor stands above each mentee, NaN where one level is not known."""
        mentees, mentors = self.ranks()
        return mentors[None, :] - mentees[:, None]


def words_of(cell: object) -> list[str]:
    """The words of a cell: a list as it is, text split at its semicolons, nothing for what is missing."""
    if isinstance(cell, list | tuple | set | frozenset | np.ndarray):
        parts: Iterable[str] = map(str, sorted(cell) if isinstance(cell, set | frozenset) else cell)
    else:
        parts = [] if pd.isna(cell) else str(cell).split(";")  # type: ignore[call-overload]
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def spoken(word: str) -> str:
    """A value or a column as a person would say it."""
    return word.replace("_", " ")


def folded(side: list[list[str]]) -> list[frozenset[str]]:
    """Each person's words as a set in which case does not count."""
    return [frozenset(word.casefold() for word in words) for words in side]


def overlap(mentees: list[frozenset[str]], mentors: list[frozenset[str]]) -> tuple[Ints, Ints, Ints]:
    """How many words each two share, and how many each of them has.

    Whole numbers held in float32 and multiplied as matrices are exact below 2^24, on any machine.
    """
    words = {word: at for at, word in enumerate(sorted(frozenset().union(*mentees, *mentors)))}
    left, right = _incidence(mentees, words), _incidence(mentors, words)
    return (left @ right.T).astype(np.int64), _sizes(mentees), _sizes(mentors)


def jaccard(mentees: list[frozenset[str]], mentors: list[frozenset[str]]) -> Ints:
    """Shared words in thousandths of all words of the two; 0 where neither has any."""
    shared, left, right = overlap(mentees, mentors)
    return 1000 * shared // np.maximum(left[:, None] + right[None, :] - shared, 1)


def same_text(mentees: list[list[str]], mentors: list[list[str]]) -> Bools:
    """Whether two have the same words; what is not known is the same as nothing."""
    codes: dict[frozenset[str], int] = {}
    left, right = (
        np.array([codes.setdefault(words, len(codes)) if words else -1 for words in folded(side)], dtype=np.int64)
        for side in (mentees, mentors)
    )
    return (left[:, None] == right[None, :]) & (left >= 0)[:, None]


def both_known(mentees: list[list[str]], mentors: list[list[str]]) -> Bools:
    """Whether both of two have any word."""
    left, right = (np.array([bool(words) for words in side], dtype=bool) for side in (mentees, mentors))
    return left[:, None] & right[None, :]


def _lists(side: pd.DataFrame, column: str) -> list[list[str]]:
    return [words_of(cell) for cell in side[column]] if column in side.columns else [[] for _ in range(len(side))]


def _numbers(values: pd.Series) -> Floats:
    if isinstance(values.dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(values.dtype):
        days = values.dt.tz_localize(None).to_numpy(dtype="datetime64[D]")
        return np.where(np.isnat(days), np.nan, days.astype(np.int64))
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _incidence(side: list[frozenset[str]], words: dict[str, int]) -> NDArray[np.float32]:
    table = np.zeros((len(side), len(words)), dtype=np.float32)
    for row, own in enumerate(side):
        table[row, [words[word] for word in own]] = 1
    return table


def _sizes(side: list[frozenset[str]]) -> Ints:
    return np.array([len(words) for words in side], dtype=np.int64)
