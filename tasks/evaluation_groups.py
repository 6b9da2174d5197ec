"""The cohort by groups, without telling on anybody: small groups are withheld, and whatever would reveal them."""

from collections.abc import Mapping

import pandas as pd

from schemas.report import Breakdown, Group
from tasks.evaluation_shares import share_of

NOT_STATED = "not stated"


def breakdown(people: pd.DataFrame, by: str, smallest: int, over: bool) -> Breakdown:
    """Those who began, by one property.

    Args:
        people: one row per person; the property, met_in_time, completed (true or false), satisfaction (1 to 5 or
            missing).
        over: whether the cohort has ended; before that nobody can have completed.
    """
    named = people.assign(group=people[by].astype("object").where(people[by].notna() & people[by].ne(""), NOT_STATED))
    parts = {str(name): rows for name, rows in named.groupby("group", sort=True)}
    hidden = withheld({name: len(rows) for name, rows in parts.items()}, smallest)
    answered = {name: int(rows["satisfaction"].notna().sum()) for name, rows in parts.items()}
    # Whoever withholds a group withholds its mean; the mean may ask for more groups to be withheld than the count.
    silent = withheld(answered, smallest, also=hidden)
    groups = [_group(name, rows, hidden, silent, over) for name, rows in parts.items()]
    return Breakdown(
        by, tuple(sorted(groups, key=lambda group: (group.people is None, -(group.people or 0), group.name)))
    )


def withheld(sizes: Mapping[str, int], smallest: int, also: frozenset[str] = frozenset()) -> frozenset[str]:
    """Which groups are withheld, so that no reader who knows the total can work out one of them.

    A single withheld group is the total less the others, and several that together count fewer than `smallest` are
    no better. So the next smallest joins them until neither holds. Source: complementary suppression, as in Hundepool
    et al., Statistical Disclosure Control (2012), chapter 4.
    """
    hidden = also | {name for name, size in sizes.items() if size < smallest}
    rest = sorted((size, name) for name, size in sizes.items() if name not in hidden)
    while hidden and rest and (len(hidden) == 1 or sum(sizes[name] for name in hidden) < smallest):
        hidden |= {rest.pop(0)[1]}
    return frozenset(hidden)


def _group(name: str, rows: pd.DataFrame, hidden: frozenset[str], silent: frozenset[str], over: bool) -> Group:
    if name in hidden:
        return Group(name, None, None, None, None)
    size = len(rows)
    met = share_of(int(rows["met_in_time"].sum()), size)
    completed = share_of(int(rows["completed"].sum()), size) if over else None
    mean = None if name in silent else round(float(rows["satisfaction"].mean()), 2)
    return Group(name, size, met, completed, mean)
