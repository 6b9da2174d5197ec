"""Hard rules: for each, the pairs it makes impossible.

Every rule is a statement about a pair. `never` forbids the pairs it holds for, `must` those it does not hold for. What
is not known (a person without a zone, a site or a level) makes no statement hold.
"""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from pandas.tseries.offsets import BaseOffset

from schemas.errors import DataError
from schemas.hard_rules import RULES, HardRule
from schemas.phrases import Span
from schemas.rules import Matching
from tasks.matching_columns import Bools, Sides, both_known, folded, overlap, same_text, spoken
from tasks.matching_hours import clock_gap, shared_hours

Exclusion = tuple[str, Bools]
# What pandas calls the units in which a program counts time.
OFFSETS: dict[str, Callable[[int], BaseOffset]] = {
    "days": lambda n: pd.DateOffset(days=n),
    "weeks": lambda n: pd.DateOffset(weeks=n),
    "months": lambda n: pd.DateOffset(months=n),
    "working days": lambda n: pd.offsets.BusinessDay(n),
}


def exclusions(sides: Sides, staff: pd.DataFrame, rules: Matching) -> list[Exclusion]:
    """Each rule in words ("by reporting line") with the pairs it forbids; nobody ever mentors themselves."""
    found: list[Exclusion] = [
        ("by being the same person", _self(sides)),
        ("by a match that ended", _scatter(sides.setting.apart, sides)),
    ]
    found += [(_words(rule, broken=True), _holds(rule, sides, staff, "never")) for rule in rules.never]
    found += [(_words(rule, broken=False), ~_holds(rule, sides, staff, "must")) for rule in rules.must]
    return found


def _words(rule: HardRule, *, broken: bool) -> str:
    column = spoken(rule.argument)
    told = {
        "reporting_line": "by reporting line",
        "time_zone_gap": "by time-zone gap",
        "matched_before": "by an earlier match",
        "in_file": f"by {rule.argument}",
        "level_window": "by level",
        "shared_hours": "by too few shared hours",
        "same": f"by the same {column}" if broken else f"by a different {column}",
        "different": f"by a different {column}" if broken else f"by the same {column}",
        "share": f"by shared {column}" if broken else f"by no shared {column}",
    }
    return told.get(rule.kind, f"by {spoken(rule.kind)}")


def _holds(rule: HardRule, sides: Sides, staff: pd.DataFrame, where: str) -> Bools:
    if rule.kind not in STATEMENTS:
        raise DataError(
            f"matching.{where}: '{rule.kind}' is not a rule known here; write one of {', '.join(STATEMENTS)}"
        )
    needed = rule.argument if RULES[rule.kind].names_column else NEEDS.get(rule.kind)
    if needed and not sides.has(needed):
        raise DataError(
            f"matching.{where}.{rule.kind}: nobody has a column '{needed}', so the rule cannot be kept; map it under "
            "people.columns, ask for it in the form, or take the rule out"
        )
    return STATEMENTS[rule.kind](rule, sides, staff)


def _self(sides: Sides) -> Bools:
    return sides.mentees["person_id"].to_numpy(object)[:, None] == sides.mentors["person_id"].to_numpy(object)[None, :]


def _reporting_line(rule: HardRule, sides: Sides, staff: pd.DataFrame) -> Bools:
    """Either of the two stands above the other, at most so many levels up the chain."""
    # Someone the roster has just lost may still be named as a manager.
    everyone = pd.concat([staff["person_id"], sides.mentees["person_id"], sides.mentors["person_id"]])
    people = pd.Index(everyone.unique())
    above = np.full(len(people) + 1, -1)  # nobody, at -1, has nobody above
    above[: len(staff)] = people.get_indexer(staff["manager_id"])
    mentees, mentors = (people.get_indexer(side["person_id"]) for side in (sides.mentees, sides.mentors))
    related = np.zeros(sides.shape, dtype=bool)
    over_mentee, over_mentor = mentees, mentors
    # A circle in the data goes round at most this often.
    for _ in range(min(rule.low or 0, len(people))):
        over_mentee, over_mentor = above[over_mentee], above[over_mentor]
        related |= (over_mentee[:, None] == mentors[None, :]) & (over_mentee >= 0)[:, None]
        related |= (over_mentor[None, :] == mentees[:, None]) & (over_mentor >= 0)[None, :]
    return related


def _time_zone_gap(rule: HardRule, sides: Sides, staff: pd.DataFrame) -> Bools:
    return clock_gap(sides) > (rule.low or 0)


def _matched_before(rule: HardRule, sides: Sides, staff: pd.DataFrame) -> Bools:
    earlier = sides.setting.earlier
    if rule.span is not None:
        ended_on = pd.to_datetime(earlier["ended_on"])
        earlier = earlier[ended_on.isna() | (ended_on >= _long_ago(rule.span, sides))]
    return _scatter(zip(earlier["mentee_id"], earlier["mentor_id"], strict=True), sides)


def _long_ago(span: Span, sides: Sides) -> pd.Timestamp:
    return pd.Timestamp(sides.setting.on) - OFFSETS[span.unit](span.count)


def _in_file(rule: HardRule, sides: Sides, staff: pd.DataFrame) -> Bools:
    if rule.argument not in sides.setting.files:
        raise DataError(f"matching: the file '{rule.argument}' was not read; put it beside the program's file")
    return _scatter(sides.setting.files[rule.argument], sides)


def _scatter(pairs: Iterable[tuple[str, str]], sides: Sides) -> Bools:
    """The pairs of a list that are among the applicants, whichever of the two comes first."""
    mentee_at = {person: at for at, person in enumerate(sides.mentees["person_id"])}
    mentor_at = {person: at for at, person in enumerate(sides.mentors["person_id"])}
    listed = np.zeros(sides.shape, dtype=bool)
    for one, other in pairs:
        for mentee, mentor in ((one, other), (other, one)):
            if mentee in mentee_at and mentor in mentor_at:
                listed[mentee_at[mentee], mentor_at[mentor]] = True
    return listed


def _same(rule: HardRule, sides: Sides, staff: pd.DataFrame) -> Bools:
    return same_text(*sides.cells(rule.argument))


def _different(rule: HardRule, sides: Sides, staff: pd.DataFrame) -> Bools:
    cells = sides.cells(rule.argument)
    return both_known(*cells) & ~same_text(*cells)


def _share(rule: HardRule, sides: Sides, staff: pd.DataFrame) -> Bools:
    mentees, mentors = sides.cells(rule.argument)
    return overlap(folded(mentees), folded(mentors))[0] > 0


def _level_window(rule: HardRule, sides: Sides, staff: pd.DataFrame) -> Bools:
    """ "2 levels above" is exactly two, "at least 1 level above" has no upper end."""
    low = 1 if rule.low is None else rule.low
    open_end = rule.low is None or rule.argument.startswith("at least")
    high = rule.high if rule.high is not None else (np.inf if open_end else low)
    gap = sides.level_gap()
    return (gap >= low) & (gap <= high)


def _shared_hours(rule: HardRule, sides: Sides, staff: pd.DataFrame) -> Bools:
    return shared_hours(sides) >= (rule.low or 0)


STATEMENTS: dict[str, Callable[[HardRule, Sides, pd.DataFrame], Bools]] = {
    "reporting_line": _reporting_line,
    "time_zone_gap": _time_zone_gap,
    "matched_before": _matched_before,
    "in_file": _in_file,
    "same": _same,
    "different": _different,
    "level_window": _level_window,
    "share": _share,
    "shared_hours": _shared_hours,
}
NEEDS = {"time_zone_gap": "zone", "shared_hours": "zone", "level_window": "level"}
