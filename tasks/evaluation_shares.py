"""Shares and scores of answers, each with how surely it is known."""

from math import sqrt

import pandas as pd

from cohortflow.programs.sample_size import half_width
from schemas.report import NetPromoter, Satisfaction, Share

Z = 1.959964
SCALE = range(1, 6)


def share_of(part: int, whole: int) -> Share:
    """`part` of `whole` with its Wilson interval; nothing of nothing is 0, known not at all.

    Source: Wilson (1927), JASA 22; centre (p + z²/2n) / (1 + z²/n).
    """
    if whole == 0:
        return Share(0, 0, 0.0, 0.0, 100.0)
    p = min(part / whole, 1.0)
    centre = (p + Z * Z / (2 * whole)) / (1 + Z * Z / whole)
    spread = half_width(p, whole)
    low, high = max(0.0, centre - spread), min(1.0, centre + spread)
    return Share(part, whole, round(100 * p, 1), round(100 * low, 1), round(100 * high, 1))


def net_promoter(final: pd.DataFrame, smallest: int) -> NetPromoter | None:
    """The net promoter score of the final survey; None with fewer answers than `smallest`.

    Source: Reichheld (2003), Harvard Business Review 81(12): promoters 9 and 10, detractors 0 to 6. The interval is
    the adjusted Wald of Rocks (2016), The American Statistician 70(4): that of a difference of two multinomial shares,
    variance (p + d - (p - d)²) / n, with three answers added, 3/4 of one to either side; so it stays wide where few
    answered and all of them agree.
    """
    given = final["recommend"].dropna().astype(int) if "recommend" in final else pd.Series(dtype=int)
    answered = len(given)
    if answered < max(smallest, 1):
        return None
    promoters, detractors = int((given >= 9).sum()), int((given <= 6).sum())
    p, d = (promoters + 0.75) / (answered + 3), (detractors + 0.75) / (answered + 3)
    centre, spread = 100 * (p - d), 100 * Z * sqrt((p + d - (p - d) ** 2) / (answered + 3))
    return NetPromoter(
        score=round(100 * (promoters - detractors) / answered, 1),
        low=round(max(-100.0, centre - spread), 1),
        high=round(min(100.0, centre + spread), 1),
        promoters=share_of(promoters, answered),
        passives=share_of(answered - promoters - detractors, answered),
        detractors=share_of(detractors, answered),
    )


def satisfaction(final: pd.DataFrame, smallest: int) -> Satisfaction | None:
    """The mean satisfaction of the final survey; None with fewer answers than `smallest`."""
    given = final["satisfaction"].dropna().astype(int) if "satisfaction" in final else pd.Series(dtype=int)
    if len(given) < max(smallest, 1):
        return None
    counts = tuple(int((given == answer).sum()) for answer in SCALE)
    return Satisfaction(round(float(given.mean()), 2), len(given), counts)
