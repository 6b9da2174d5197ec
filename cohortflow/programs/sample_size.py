"""What a group of a given size can show: how surely a share is known, and which difference would be seen."""

from math import sqrt
from statistics import NormalDist

ALPHA, POWER = 0.05, 0.80
PRECISION = 1e-6


def half_width(share: float, people: int, level: float = 1 - ALPHA) -> float:
    """Half the width of the interval in which the true share lies, when `share` of `people` is observed.

    Source: Wilson (1927), JASA 22: z / (1 + z²/n) * sqrt(p(1-p)/n + z²/4n²). Unlike p ± z * sqrt(p(1-p)/n) it
    stays honest for few people and for shares near 0 and 1.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    spread = sqrt(share * (1 - share) / people + z * z / (4 * people * people))
    return z / (1 + z * z / people) * spread


def smallest_difference(share: float, people: int) -> float:
    """How far below `share` another group of the same size must lie to be told apart with 80 % power.

    Source: the two-proportion sample size, n = (z_a * sqrt(2 p q) + z_b * sqrt(p1 q1 + p2 q2))² / (p1 - p2)² with p
    the mean of both and z for a two-sided 5 %, solved for p2 by halving; see Cohen, Statistical Power Analysis (1988),
    chapter 6, and Fleiss, Levin & Paik (2003), chapter 4.

    Returns:
        The difference as a share; `share` itself when even a group at 0 would not be told apart.
    """
    near, far = 0.0, share
    if _people_needed(share, 0.0) > people:
        return share
    while far - near > PRECISION:
        middle = (near + far) / 2
        near, far = (near, middle) if _people_needed(share, share - middle) <= people else (middle, far)
    return far


def _people_needed(first: float, second: float) -> float:
    """People per group needed to tell two true shares apart."""
    if first == second:
        return float("inf")
    z_alpha, z_beta = NormalDist().inv_cdf(1 - ALPHA / 2), NormalDist().inv_cdf(POWER)
    mean = (first + second) / 2
    chance = z_alpha * sqrt(2 * mean * (1 - mean))
    spread = z_beta * sqrt(first * (1 - first) + second * (1 - second))
    return ((chance + spread) / (first - second)) ** 2
