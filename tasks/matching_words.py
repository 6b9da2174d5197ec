"""Why someone is left without a partner, and why seats do not suffice, in words for a coordinator."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.matching_columns import Bools, Ints, Sides
from tasks.matching_rules import Exclusion


@dataclass(frozen=True)
class Outcome:
    """A finished match: who got whom, out of which possibilities."""

    mentor_of: Ints
    allowed: Bools
    capacity: Ints
    ruled_out: list[Exclusion]


def counted(number: int, one: str, many: str | None = None) -> str:
    """ "1 seat", "2 seats"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def unmatched_rows(sides: Sides, outcome: Outcome) -> pd.DataFrame:
    """One row per person without a partner, mentees first, each with the reason."""
    taken = np.bincount(outcome.mentor_of[outcome.mentor_of >= 0], minlength=len(outcome.capacity))
    rows = [
        (sides.mentees["person_id"].iloc[mentee], "mentee", _why_no_mentor(outcome, mentee))
        for mentee in np.flatnonzero(outcome.mentor_of < 0).tolist()
    ]
    rows += [
        (sides.mentors["person_id"].iloc[mentor], "mentor", _why_no_mentee(outcome, mentor))
        for mentor in np.flatnonzero(taken == 0).tolist()
    ]
    return pd.DataFrame(rows, columns=["person_id", "role", "reason"], dtype="str")


def _why_no_mentor(outcome: Outcome, mentee: int) -> str:
    if not len(outcome.capacity):
        return "nobody takes part as a mentor"
    has_room = outcome.capacity > 0
    if not has_room.any():
        return "no mentor has a seat left"
    possible = outcome.allowed[mentee]
    if not possible.any():
        return f"no mentor passes the rules: {_tally(outcome.ruled_out, (mentee, slice(None)), has_room)}"
    mentors = possible & has_room
    if not mentors.any():
        return "every mentor allowed by the rules has no seat left"
    seats = int(outcome.capacity[mentors].sum())
    numbers = f"{counted(int(mentors.sum()), 'mentor')}, {counted(seats, 'seat')}"
    return f"every mentor allowed for you is full: {numbers}, all taken by better-fitting pairs"


def _why_no_mentee(outcome: Outcome, mentor: int) -> str:
    if outcome.capacity[mentor] == 0:
        return "offers no seat, or has none left"
    if not len(outcome.mentor_of):
        return "nobody takes part as a mentee"
    possible = outcome.allowed[:, mentor]
    if not possible.any():
        everybody = np.ones(len(possible), dtype=bool)
        return f"no mentee passes the rules: {_tally(outcome.ruled_out, (slice(None), mentor), everybody)}"
    mentees, seats = len(outcome.mentor_of), int(outcome.capacity.sum())
    if mentees < seats:
        fewer = f"{counted(mentees, 'mentee')}, {counted(seats, 'seat')}"
        return f"mentor without a mentee: fewer mentees than seats ({fewer})"
    return f"the {counted(int(possible.sum()), 'mentee')} allowed by the rules fit other mentors better"


def _tally(ruled_out: list[Exclusion], line: tuple[int | slice, int | slice], counts: Bools) -> str:
    """How many each rule excludes, everyone counted once: at the first rule that excludes them."""
    left = counts.copy()
    parts: list[str] = []
    for words, forbidden in ruled_out:
        here = forbidden[line] & left
        if here.any():
            parts.append(f"{int(here.sum())} {'' if parts else 'excluded '}{words}")
        left &= ~here
    return ", ".join(parts) if parts else "none has a seat left"
