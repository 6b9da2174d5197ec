"""Preferences: for each, a table of whole thousandths (0 to 1000) over all pairs, and words for what it found.

A preference whose column nobody has answered is worth nothing to anybody; a preference that is not known is an error.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from schemas.errors import DataError
from schemas.rules import Matching
from tasks.matching_columns import Bools, Ints, Sides, both_known, folded, jaccard, overlap, same_text, spoken
from tasks.matching_hours import shared_hours

Say = Callable[[int, int], str]
Scored = tuple[Ints, Say]

# Thousandths by how many levels the mentor stands above: near enough to remember, far enough to have seen more.
CAREER_STAGE = {0: 400, 1: 1000, 2: 1000, 3: 1000, 4: 700, 5: 400}
FAR_ABOVE = 100
# Enough to find a time; more of it must not outweigh what the two could talk about.
ENOUGH_HOURS = 4


@dataclass(frozen=True)
class Criterion:
    """One preference: what it gives each pair in thousandths, what that counts, and how to say it of one pair."""

    name: str
    weight: int
    table: Ints
    say: Say


def criteria(sides: Sides, rules: Matching) -> list[Criterion]:
    """Every preference of a program, computed for all pairs."""
    return [Criterion(name, weight, *_score(name, sides)) for name, weight in rules.prefer.items()]


def points(found: list[Criterion], shape: tuple[int, int]) -> tuple[Ints, int]:
    """Exact points of every pair, and the most a pair could have."""
    total = np.zeros(shape, dtype=np.int64)
    for criterion in found:
        total += criterion.weight * criterion.table
    return total, 1000 * sum(criterion.weight for criterion in found)


def reasons(found: list[Criterion], mentee: int, mentor: int, most: int = 3) -> list[str]:
    """What speaks most for a pair, in words, the weightiest first."""
    worth = [(-criterion.weight * int(criterion.table[mentee, mentor]), at) for at, criterion in enumerate(found)]
    best = [found[at] for value, at in sorted(worth) if value < 0][:most]
    return [criterion.say(mentee, mentor) for criterion in best] or ["may be paired by every rule of the program"]


def _score(name: str, sides: Sides) -> Scored:
    kind, _, column = (part.strip() for part in name.partition(":"))
    if column in sides.setting.sensitive and column:
        raise DataError(
            f"matching.prefer.{name}: '{column}' is under people.sensitive and may not be read by the match"
        )
    if kind in OF_A_COLUMN and column:
        return OF_A_COLUMN[kind](sides, column)
    if kind in PLAIN and not column:
        return PLAIN[kind](sides)
    known = ", ".join([*PLAIN, *(f"{word}: COLUMN" for word in OF_A_COLUMN)])
    raise DataError(f"matching.prefer: '{name}' is not a preference known here; write one of {known}")


def _full(holds: Bools) -> Ints:
    return np.where(holds, 1000, 0).astype(np.int64)


def _skills(sides: Sides) -> Scored:
    """The share of the skills a mentee wants that the mentor offers."""
    wanted, offered = sides.cells("skills_wanted", "skills_offered")
    has = folded(offered)
    shared, asked, _ = overlap(folded(wanted), has)

    def say(mentee: int, mentor: int) -> str:
        both = [spoken(skill) for skill in wanted[mentee] if skill.casefold() in has[mentor]]
        if asked[mentee] == 1:
            return f"offers the skill wanted: {both[0]}"
        return f"offers {len(both)} of {asked[mentee]} skills wanted: {', '.join(both)}"

    return 1000 * shared // np.maximum(asked, 1)[:, None], say


def _alike(column: str) -> Callable[[Sides], Scored]:
    def score(sides: Sides) -> Scored:
        mentees, mentors = sides.cells(column)
        return _full(same_text(mentees, mentors)), lambda mentee, _: _same_words(column, mentees[mentee])

    return score


def _same_words(column: str, words: list[str]) -> str:
    return f"same {spoken(column)}: {', '.join(map(spoken, words))}"


def _same_department(sides: Sides) -> Scored:
    return _full(same_text(*sides.cells("department"))), lambda *_: "works in the same department"


def _different_department(sides: Sides) -> Scored:
    cells = sides.cells("department")
    return _full(both_known(*cells) & ~same_text(*cells)), lambda *_: "works in another department"


def _career_stage(sides: Sides) -> Scored:
    """Best is a mentor one to three levels above; at the same level or far above counts less, below nothing."""
    gap = sides.level_gap()
    known = np.where(np.isnan(gap), -1, gap).astype(np.int64)
    table = np.where(known > max(CAREER_STAGE), FAR_ABOVE, 0).astype(np.int64)
    for levels, worth in CAREER_STAGE.items():
        table[known == levels] = worth

    def say(mentee: int, mentor: int) -> str:
        levels = int(known[mentee, mentor])
        return f"{levels} {'level' if levels == 1 else 'levels'} above" if levels else "at the same level"

    return table, say


def _availability(sides: Sides) -> Scored:
    """Hours a week both can meet, of the few that are enough; so that naming one hour does not win the best hour."""
    hours = shared_hours(sides)

    def say(mentee: int, mentor: int) -> str:
        common = hours[mentee, mentor]
        return f"can meet in {common:g} {'hour' if common == 1 else 'hours'} of the same week"

    return (1000 * np.minimum(hours, ENOUGH_HOURS) // ENOUGH_HOURS).astype(np.int64), say


def _ranked_choice(sides: Sides) -> Scored:
    """How high each put the other in their list of choices; the mean of both where both sides chose."""
    mentee_lists, mentor_lists = sides.cells("choices")
    by_mentee = _choice_table(mentee_lists, sides.mentors["person_id"].tolist())
    by_mentor = _choice_table(mentor_lists, sides.mentees["person_id"].tolist()).T
    chose = [table for table, lists in ((by_mentee, mentee_lists), (by_mentor, mentor_lists)) if any(lists)]
    mentors, mentees = sides.mentors["person_id"].tolist(), sides.mentees["person_id"].tolist()

    def say(mentee: int, mentor: int) -> str:
        places = (("mentee", mentee_lists[mentee], mentors[mentor]), ("mentor", mentor_lists[mentor], mentees[mentee]))
        said = [f"choice {own.index(other) + 1} of the {who}" for who, own, other in places if other in own]
        return " and ".join(said)

    return sum(chose, np.zeros(sides.shape, dtype=np.int64)) // max(len(chose), 1), say


def _choice_table(lists: list[list[str]], others: list[str]) -> Ints:
    """1000 for the first of a list, falling evenly to its last; 0 for whoever is not on it."""
    at = {person: position for position, person in enumerate(others)}
    table = np.zeros((len(lists), len(others)), dtype=np.int64)
    for row, wishes in enumerate(lists):
        for rank, person in reversed(list(enumerate(wishes))):
            if person in at:
                table[row, at[person]] = 1000 - 1000 * rank // len(wishes)
    return table


def _similar(sides: Sides, column: str) -> Scored:
    """Near in a number, a date or a level; overlapping in a list; the same in a word."""
    cells = sides.cells(column)
    table = _closeness(sides, column)
    return (
        table,
        lambda mentee, mentor: (
            _same_words(column, cells[0][mentee]) if table[mentee, mentor] == 1000 else f"similar {spoken(column)}"
        ),
    )


def _different(sides: Sides, column: str) -> Scored:
    table = np.where(both_known(*sides.cells(column)), 1000 - _closeness(sides, column), 0)
    return table.astype(np.int64), lambda *_: f"different {spoken(column)}"


def _closeness(sides: Sides, column: str) -> Ints:
    mentees, mentors = sides.cells(column)
    if column == "level":
        return _near(*sides.ranks(), float(len(sides.setting.levels) - 1))
    if sides.has(column) and all(_is_measured(side[column]) for side in (sides.mentees, sides.mentors)):
        left, right = sides.numbers(column)
        known = np.concatenate([left, right])
        known = known[~np.isnan(known)]
        return _near(left, right, float(np.ptp(known)) if len(known) else 0.0)
    if any(len(words) > 1 for words in [*mentees, *mentors]):
        return jaccard(folded(mentees), folded(mentors))
    return _full(same_text(mentees, mentors))


def _near(left: np.ndarray, right: np.ndarray, width: float) -> Ints:
    gap = np.abs(left[:, None] - right[None, :])
    near = 1000 - np.floor(1000 * gap / width) if width > 0 else np.where(np.isnan(gap), np.nan, 1000)
    return np.nan_to_num(near, nan=0).astype(np.int64)


def _is_measured(values: pd.Series) -> bool:
    """Whether a column holds numbers or dates; digits written as text are names, such as a cost centre's."""
    if pd.api.types.is_bool_dtype(values):
        return False
    measured = pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)
    return measured or pd.api.types.infer_dtype(values, skipna=True) in {"integer", "floating", "mixed-integer-float"}


def _text(sides: Sides, column: str) -> Scored:
    """Words of four letters or more that both used, as a share of all they used: simple, and blind to synonyms."""
    mentees, mentors = (
        [frozenset(re.findall(r"\w{4,}", " ".join(words).casefold())) for words in side] for side in sides.cells(column)
    )
    return jaccard(mentees, mentors), lambda *_: f"similar words under {spoken(column)}"


PLAIN: dict[str, Callable[[Sides], Scored]] = {
    "skills_wanted_offered": _skills,
    "career_goal": _alike("career_goal"),
    "ranked_choice": _ranked_choice,
    "different_department": _different_department,
    "same_department": _same_department,
    "working_style": _alike("working_style"),
    "career_stage": _career_stage,
    "availability": _availability,
}
OF_A_COLUMN: dict[str, Callable[[Sides, str], Scored]] = {"similar": _similar, "different": _different, "text": _text}
