"""Exactly optimal pairs: every mentee at most one mentor, every mentor at most as many mentees as there are seats."""

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from schemas.errors import DataError

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def assign(scores: Ints, allowed: Bools, capacity: Ints, *, most_first: bool, minimum: int = 0) -> Ints:
    """Give every mentee a mentor, or none, so that no other choice is better.

    Better means, with `most_first`: more people matched, then a higher total score; without: a higher total score,
    then more people matched. Equal choices are settled by position, so the caller's order decides, and nothing else.

    Args:
        scores: whole numbers, one row per mentee, one column per mentor.
        allowed: the pairs that may exist at all.
        capacity: seats of each mentor; 0 takes nobody.
        minimum: mentees that every mentor with a seat must get (no more than that mentor's seats).

    Returns:
        The column of the mentor for each mentee, -1 for a mentee left without one.

    Raises:
        DataError: the minimum cannot be met.

    Source: minimum-cost flow, solved by OR-Tools (cost scaling, Goldberg 1997).
    """
    _insist_on_shapes(scores, allowed, capacity)
    pairs = np.argwhere(allowed & (capacity > 0))
    if minimum > 0:
        _insist_on_enough(len(scores), np.minimum(capacity, minimum))
    if not len(pairs) and minimum == 0:
        return np.full(len(scores), -1, dtype=np.int64)
    values = _values(scores[pairs[:, 0], pairs[:, 1]], min(len(scores), int(capacity.sum())), most_first=most_first)
    return _solve(pairs, values, capacity, np.minimum(capacity, minimum), len(scores))


def _insist_on_shapes(scores: Ints, allowed: Bools, capacity: Ints) -> None:
    if scores.shape != allowed.shape or scores.shape[1:] != capacity.shape:
        raise ValueError(f"shapes differ: scores {scores.shape}, allowed {allowed.shape}, capacity {capacity.shape}")
    if not np.issubdtype(scores.dtype, np.integer):
        raise ValueError("scores must be whole numbers; only those are added without rounding")
    if (capacity < 0).any():
        raise ValueError("a capacity is below 0")


def _insist_on_enough(mentees: int, least: Ints) -> None:
    needed = int(least.sum())
    if needed > mentees:
        mentors = int((least > 0).sum())
        raise DataError(
            f"the least number of mentees per mentor cannot be met: {mentors} mentors need {needed} mentees together, "
            f"and there are {mentees}; lower min_mentees_per_mentor or take in fewer mentors"
        )


def _values(scores: Ints, most: int, *, most_first: bool) -> Ints:
    """Both aims in one number per pair: the second can never outweigh the smallest step of the first."""
    if not len(scores):
        return scores.astype(np.int64)
    if most_first:
        # "Larger than the largest score" is not enough: one more pair can cost the best score of every other pair.
        spread = max(int(scores.max()), 0) - min(int(scores.min()), 0)
        return scores.astype(np.int64) + most * spread + 1
    return scores.astype(np.int64) * (most + 1) + 1


def _solve(pairs: Ints, values: Ints, capacity: Ints, least: Ints, mentees: int) -> Ints:
    mentors, sink = len(capacity), mentees + len(capacity)
    people, seats = np.arange(mentees), mentees + np.arange(mentors)
    flow = SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        pairs[:, 0], mentees + pairs[:, 1], np.ones(len(pairs), dtype=np.int64), -values
    )
    flow.add_arcs_with_capacity_and_unit_cost(seats, np.full(mentors, sink), capacity - least, np.zeros(mentors, int))
    # Staying without a mentor is an arc of its own, so that every flow is complete.
    flow.add_arcs_with_capacity_and_unit_cost(
        people, np.full(mentees, sink), np.ones(mentees, dtype=np.int64), np.zeros(mentees, dtype=np.int64)
    )
    flow.set_nodes_supplies(people, np.ones(mentees, dtype=np.int64))
    flow.set_nodes_supplies(seats, -least)
    flow.set_node_supply(sink, int(least.sum()) - mentees)
    _insist_on_optimal(flow.solve(), flow)
    chosen = pairs[flow.flows(arcs) > 0] if len(pairs) else pairs
    mentor_of = np.full(mentees, -1, dtype=np.int64)
    mentor_of[chosen[:, 0]] = chosen[:, 1]
    return mentor_of


def _insist_on_optimal(status: SimpleMinCostFlow.Status, flow: SimpleMinCostFlow) -> None:
    if status == flow.INFEASIBLE:
        raise DataError(
            "the least number of mentees per mentor cannot be met: the hard rules leave too few mentees for some "
            "mentors; lower min_mentees_per_mentor or loosen matching.never and matching.must"
        )
    if status != flow.OPTIMAL:
        raise DataError(
            f"the pairs could not be computed exactly (solver: {status.name}); the weights under matching.prefer are "
            "too large for this many people; divide them all by the same number"
        )
