"""Whole lives, and what held at every moment of them."""

from collections import defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa
from invariants import check_invariants, excluded_pairs

from cohortflow.simulation.driver import Life, simulated
from cohortflow.store.tables import matches, people

PROGRAMS = Path(__file__).parents[1] / "program_configs"


class Watcher:
    """Looks on after every pass: at new pairs, and at who works where (people move while a cohort lives)."""

    def __init__(self) -> None:
        self.sites: dict[str, set[str]] = defaultdict(set)

    def __call__(self, life: Life) -> None:
        with life.house.database.read() as db:
            new = db.execute(sa.select(sa.func.count()).where(matches.c.proposed_at == life.now)).scalar_one()
            for row in db.execute(sa.select(people.c.person_id, people.c.site)):
                self.sites[row.person_id].add(row.site)
        if new:
            # What a program forbids is judged by the roster of the day.
            assert not excluded_pairs(life.house, life.now)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "key", "company", "seed"),
    [
        ("emerging-leaders", "2027-spring", 120, 1),
        ("emerging-leaders", "2027-autumn", 140, 2),
        ("first-steps", "2027-summer", 120, 3),
    ],
)
def test_every_invariant_holds_over_a_whole_life(program: str, key: str, company: int, seed: int) -> None:
    watcher = Watcher()
    with simulated(PROGRAMS / f"{program}.yaml", key, people=company, seed=seed, hook=watcher) as life:
        assert life.problems == []
        assert len(life.transport) > 50
        check_invariants(life.house, finished=True, moved=watcher.sites)
