"""Match, decided: who is paired with whom, why, and why somebody is left."""

from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd
from pandera.typing import DataFrame

from cohortflow.engine import task
from cohortflow.pairing.exact import assign
from schemas.checked import checked
from schemas.errors import DataError
from schemas.matching import MatchSetting, no_earlier_matches
from schemas.rules import Matching
from schemas.tables import Applicant, Pair, Reporting, Unmatched
from tasks.matching_columns import Ints, Sides
from tasks.matching_rules import exclusions
from tasks.matching_scores import Criterion, criteria, points, reasons
from tasks.matching_words import Outcome, counted, unmatched_rows

__all__ = ["MatchSetting", "no_earlier_matches", "propose_pairs", "propose_replacement", "shortfall"]

MOST_FIRST = "most people matched, then best fit"
AIMS = (MOST_FIRST, "best fit")


@task
@checked
def propose_pairs(
    applicants: DataFrame[Applicant], staff: DataFrame[Reporting], rules: Matching, setting: MatchSetting
) -> tuple[DataFrame[Pair], DataFrame[Unmatched]]:
    """The best possible pairs under the program's rules, and everybody who is left.

    No other choice of pairs is better under `rules.aim`; where several are equally good, the order of person ids
    decides, never the order of rows.

    Returns:
        Pairs by mentee, and the unmatched: mentees, then mentors, each by person.

    Raises:
        DataError: a rule or preference that cannot be carried out; nothing is paired then.
    """
    return _propose(applicants, staff, rules, setting)


@task
@checked
def propose_replacement(
    applicants: DataFrame[Applicant], staff: DataFrame[Reporting], rules: Matching, setting: MatchSetting
) -> tuple[DataFrame[Pair], DataFrame[Unmatched]]:
    """New partners for those who are free, in a cohort that is running: everybody else keeps theirs.

    Args:
        applicants: the free mentees, and the mentors with the seats they still have.
        setting: `apart` names the pairs that have just ended; the least number per mentor does not count here.
    """
    return _propose(applicants, staff, rules, replace(setting, min_per_mentor=0))


@task
@checked
def shortfall(applicants: DataFrame[Applicant]) -> str | None:
    """Why not everybody can be matched however one pairs them, as arithmetic; nothing when the seats suffice."""
    is_mentor = applicants["role"] == "mentor"
    seats = int(applicants.loc[is_mentor, "capacity"].sum()) if is_mentor.any() else 0
    mentors, mentees = int(is_mentor.sum()), int((~is_mentor).sum())
    if mentees <= seats:
        return None
    offered = f"{counted(mentors, 'mentor')} with {counted(seats, 'seat')}"
    return f"{counted(mentees, 'mentee')}, {offered}: {mentees - seats} will wait"


def _propose(
    applicants: pd.DataFrame, staff: pd.DataFrame, rules: Matching, setting: MatchSetting
) -> tuple[DataFrame[Pair], DataFrame[Unmatched]]:
    _insist_on_possible(applicants, rules, setting)
    sides = Sides.of(applicants, setting)
    ruled_out = exclusions(sides, staff, rules)
    allowed = ~np.logical_or.reduce([forbidden for _, forbidden in ruled_out])
    wishes = criteria(sides, rules)
    worth, attainable = points(wishes, sides.shape)
    seats = _seats(sides)
    most_first = rules.aim == MOST_FIRST
    mentor_of = assign(worth, allowed, seats, most_first=most_first, minimum=setting.min_per_mentor)
    pairs = _pair_rows(sides, mentor_of, wishes, worth, attainable)
    left = unmatched_rows(sides, Outcome(mentor_of, allowed, seats, ruled_out))
    return cast("DataFrame[Pair]", pairs), cast("DataFrame[Unmatched]", left)  # held against their models outside


def _insist_on_possible(applicants: pd.DataFrame, rules: Matching, setting: MatchSetting) -> None:
    if rules.aim not in AIMS:
        raise DataError(
            f"matching.aim: '{rules.aim}' is carried out by a later version; write '{AIMS[0]}' or '{AIMS[1]}'"
        )
    if rules.score_from:
        raise DataError("matching.score_from: is carried out by a later version; take it out and write matching.prefer")
    kept_apart = sorted(setting.sensitive.intersection(applicants.columns))
    if kept_apart:
        raise DataError(f"the match was handed columns that are under people.sensitive: {', '.join(kept_apart)}")


def _seats(sides: Sides) -> Ints:
    if "capacity" not in sides.mentors.columns:
        return np.zeros(len(sides.mentors), dtype=np.int64)
    return sides.mentors["capacity"].to_numpy(dtype=np.int64, na_value=0)


def _pair_rows(sides: Sides, mentor_of: Ints, wishes: list[Criterion], worth: Ints, attainable: int) -> pd.DataFrame:
    mentees = np.flatnonzero(mentor_of >= 0)
    mentors = mentor_of[mentees]
    earned = worth[mentees, mentors]
    # Rounded half up in whole numbers; a program without preferences has none that a pair could miss.
    score = (200 * earned + attainable) // (2 * attainable) if attainable else np.full(len(mentees), 100)
    said = [reasons(wishes, mentee, mentor) for mentee, mentor in zip(mentees.tolist(), mentors.tolist(), strict=True)]
    return pd.DataFrame(
        {
            "mentee_id": sides.mentees["person_id"].to_numpy()[mentees],
            "mentor_id": sides.mentors["person_id"].to_numpy()[mentors],
            "score": score,
            "points": earned,
            "reasons": pd.Series(said, dtype=object),
        }
    )
