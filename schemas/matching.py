"""What the match must know besides the applicants and the program's rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd


def no_earlier_matches() -> pd.DataFrame:
    """The table of earlier matches of people who have never been matched."""
    return pd.DataFrame({"mentee_id": [], "mentor_id": [], "ended_on": []}, dtype="str")


@dataclass(frozen=True)
class MatchSetting:
    """The surroundings of one match.

    Attributes:
        on: the cohort's first day; zones are compared as they are at noon UTC of that day.
        levels: the company's levels, lowest first.
        earlier: earlier matches (mentee_id, mentor_id, ended_on; no end means not ended).
        files: for every file named by `in_file`, its pairs; which of the two is the mentor does not matter.
        apart: pairs that may not be whatever the rules say, such as one that has just ended; either order.
        min_per_mentor: mentees every mentor must get.
        sensitive: columns that may not be read here under any rule.
    """

    on: date
    levels: tuple[str, ...] = ()
    earlier: pd.DataFrame = field(default_factory=no_earlier_matches)
    files: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    apart: frozenset[tuple[str, str]] = frozenset()
    min_per_mentor: int = 0
    sensitive: frozenset[str] = frozenset()
