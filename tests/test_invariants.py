"""Whole lives, and what held at every moment of them."""

from pathlib import Path

import pytest
from invariants import check_invariants, excluded_pairs

from cohortflow.simulation.driver import Life, simulated

PROGRAMS = Path(__file__).parents[1] / "program_configs"


def look_at_new_pairs(life: Life) -> None:
    """What a program forbids is judged by the roster of the day a pair was proposed."""
    assert not excluded_pairs(life.house, life.now)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "key", "people", "seed"),
    [
        ("emerging-leaders", "2027-spring", 140, 1),
        ("emerging-leaders", "2027-autumn", 120, 2),
        ("first-steps", "2027-summer", 150, 3),
    ],
)
def test_every_invariant_holds_over_a_whole_life(program: str, key: str, people: int, seed: int) -> None:
    with simulated(PROGRAMS / f"{program}.yaml", key, people=people, seed=seed, hook=look_at_new_pairs) as life:
        assert life.problems == []
        check_invariants(life.house, finished=True)
        assert life.house.database is not None
        assert len(life.transport) > 50
