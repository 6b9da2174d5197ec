"""The pairs are the best there are: against every possibility when few, against a proof when many."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortflow.pairing.exact import assign
from schemas.errors import DataError


def problem(scores, allowed=None, capacity=None):
    """Arrays as the engine takes them; everything is allowed and every mentor has one seat unless said."""
    table = np.array(scores, dtype=np.int64)
    may = np.ones(table.shape, dtype=bool) if allowed is None else np.array(allowed, dtype=bool)
    seats = np.ones(table.shape[1], dtype=np.int64) if capacity is None else np.array(capacity, dtype=np.int64)
    return table, may, seats


@st.composite
def small_problems(draw, lowest=0):
    mentees, mentors = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    numbers = st.integers(lowest, draw(st.sampled_from([1, 3, 1000])))

    def grid(values):
        return [[draw(values) for _ in range(mentors)] for _ in range(mentees)]

    return problem(grid(numbers), grid(st.booleans()), [draw(st.integers(0, 3)) for _ in range(mentors)])


def every_outcome(scores, allowed, capacity, minimum=0):
    """(matched, total) of every choice that respects the seats, by trying them all."""
    least = tuple(min(int(seats), minimum) for seats in capacity)

    @cache
    def from_mentee(mentee, left):
        if mentee == len(scores):
            met = all(seats - free >= need for seats, free, need in zip(capacity, left, least, strict=True))
            return frozenset({(0, 0)} if met else set())
        outcomes = set(from_mentee(mentee + 1, left))
        for mentor in np.flatnonzero(allowed[mentee]):
            if left[mentor]:
                rest = (*left[:mentor], left[mentor] - 1, *left[mentor + 1 :])
                score = int(scores[mentee, mentor])
                outcomes |= {(count + 1, total + score) for count, total in from_mentee(mentee + 1, rest)}
        return frozenset(outcomes)

    return from_mentee(0, tuple(int(seats) for seats in capacity))


def outcome(mentor_of, scores):
    matched = np.flatnonzero(mentor_of >= 0)
    return len(matched), int(scores[matched, mentor_of[matched]].sum())


def assert_possible(mentor_of, allowed, capacity):
    matched = np.flatnonzero(mentor_of >= 0)
    assert allowed[matched, mentor_of[matched]].all()
    assert (np.bincount(mentor_of[matched], minlength=len(capacity)) <= capacity).all()


@settings(max_examples=150, deadline=None)
@given(small_problems())
def test_most_matched_then_best_fit_is_optimal(given_problem):
    scores, allowed, capacity = given_problem

    mentor_of = assign(scores, allowed, capacity, most_first=True)

    assert_possible(mentor_of, allowed, capacity)
    assert outcome(mentor_of, scores) == max(every_outcome(scores, allowed, capacity))


@settings(max_examples=150, deadline=None)
@given(small_problems(lowest=-4))
def test_best_fit_then_most_matched_is_optimal(given_problem):
    scores, allowed, capacity = given_problem

    mentor_of = assign(scores, allowed, capacity, most_first=False)

    assert_possible(mentor_of, allowed, capacity)
    best = max((total, count) for count, total in every_outcome(scores, allowed, capacity))
    assert outcome(mentor_of, scores) == best[::-1]


@settings(max_examples=100, deadline=None)
@given(small_problems(lowest=-4))
def test_scores_below_zero_never_cost_a_match(given_problem):
    scores, allowed, capacity = given_problem

    mentor_of = assign(scores, allowed, capacity, most_first=True)

    assert outcome(mentor_of, scores) == max(every_outcome(scores, allowed, capacity))


@settings(max_examples=150, deadline=None)
@given(small_problems(), st.integers(1, 2), st.booleans())
def test_every_mentor_gets_the_least_number_or_it_is_said(given_problem, minimum, most_first):
    scores, allowed, capacity = given_problem
    outcomes = every_outcome(scores, allowed, capacity, minimum)

    if not outcomes:
        with pytest.raises(DataError, match="cannot be met"):
            assign(scores, allowed, capacity, most_first=most_first, minimum=minimum)
        return
    mentor_of = assign(scores, allowed, capacity, most_first=most_first, minimum=minimum)

    loads = np.bincount(mentor_of[mentor_of >= 0], minlength=len(capacity))
    assert (loads >= np.minimum(capacity, minimum)).all()
    aims = outcomes if most_first else {(total, count) for count, total in outcomes}
    assert outcome(mentor_of, scores) == (max(aims) if most_first else max(aims)[::-1])


def test_a_constant_just_above_the_best_score_would_be_too_small():
    scores, allowed, capacity = problem(
        [[10, 0, 0], [0, 10, 0], [0, 0, 0]], [[True, True, False], [False, True, True], [True, False, False]]
    )

    mentor_of = assign(scores, allowed, capacity, most_first=True)

    assert mentor_of.tolist() == [1, 2, 0]


def improving_cycle(scores, allowed, capacity, mentor_of):
    """Whether moving people around a cycle would raise the total: none means proven optimal (Klein 1967)."""
    mentees, mentors = scores.shape
    sink = mentees + mentors
    loads = np.bincount(mentor_of[mentor_of >= 0], minlength=mentors)
    tails, heads, costs = [], [], []
    for mentee, mentor in np.argwhere(allowed & (capacity > 0)):
        taken, cost = mentor_of[mentee] == mentor, int(scores[mentee, mentor])
        tails.append(mentees + mentor if taken else mentee)
        heads.append(mentee if taken else mentees + mentor)
        costs.append(cost if taken else -cost)
    for mentor in range(mentors):
        free, used = int(loads[mentor] < capacity[mentor]), int(loads[mentor] > 0)
        tails += [mentees + mentor] * free + [sink] * used
        heads += [sink] * free + [mentees + mentor] * used
        costs += [0] * (free + used)
    for mentee, mentor in enumerate(mentor_of):
        tails.append(sink if mentor < 0 else mentee)
        heads.append(mentee if mentor < 0 else sink)
        costs.append(0)
    distance = np.zeros(sink + 1, dtype=np.int64)
    for _ in range(sink + 2):
        shorter = distance.copy()
        np.minimum.at(shorter, heads, distance[tails] + costs)
        if (shorter == distance).all():
            return False
        distance = shorter
    return True


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_whole_cohort_is_proven_optimal(seed):
    draw = np.random.default_rng(seed)
    scores, allowed = draw.integers(0, 100_000, (60, 25)), draw.random((60, 25)) < 0.4
    capacity = draw.integers(0, 4, 25)

    mentor_of = assign(scores, allowed, capacity, most_first=False)

    assert_possible(mentor_of, allowed, capacity)
    assert not improving_cycle(scores, allowed, capacity, mentor_of)


def test_a_pair_worth_nothing_is_still_a_pair():
    scores, allowed, capacity = problem([[0], [0]], capacity=[2])

    assert assign(scores, allowed, capacity, most_first=False).tolist() == [0, 0]


def test_the_same_question_has_the_same_answer():
    scores, allowed, capacity = problem(np.ones((40, 15)), capacity=[2] * 15)

    answers = {tuple(assign(scores, allowed, capacity, most_first=True)) for _ in range(5)}

    assert len(answers) == 1


@pytest.mark.parametrize(("mentees", "mentors"), [(0, 0), (0, 3), (3, 0)])
def test_nobody_on_one_side_pairs_nobody(mentees, mentors):
    scores, allowed, capacity = problem(np.zeros((mentees, mentors)), capacity=[1] * mentors)

    assert assign(scores, allowed, capacity, most_first=True).tolist() == [-1] * mentees


def test_a_mentor_without_a_seat_takes_nobody():
    scores, allowed, capacity = problem([[9, 1]], capacity=[0, 1])

    assert assign(scores, allowed, capacity, most_first=True).tolist() == [1]


def test_too_few_mentees_for_the_minimum_tells_the_numbers():
    scores, allowed, capacity = problem(np.ones((3, 2)), capacity=[2, 2])

    with pytest.raises(DataError, match="2 mentors need 4 mentees together, and there are 3"):
        assign(scores, allowed, capacity, most_first=True, minimum=2)


def test_rules_that_make_the_minimum_impossible_are_named():
    scores, allowed, capacity = problem([[1, 1], [1, 1]], [[True, False], [True, False]])

    with pytest.raises(DataError, match=r"loosen matching\.never"):
        assign(scores, allowed, capacity, most_first=True, minimum=1)


def test_broken_scores_are_refused_as_our_mistake():
    with pytest.raises(ValueError, match="whole numbers"):
        assign(np.array([[0.5]]), np.array([[True]]), np.array([1]), most_first=True)
