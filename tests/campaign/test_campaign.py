"""The campaign: every fault of a provider times a SIGKILL before every statement and around every request.

One and two workers, SQLite and PostgreSQL. The fake provider's own record is the judge: no mail twice, none lost, every
unknown one named; with the provider's events all of them are settled. `make test` tries a sample that changes its
points from fault to fault. CAMPAIGN=full (`make campaign`) kills one worker on SQLite at every single point under every
fault, and elsewhere at every third, beginning with the first, second or third from fault to fault.
"""

import os
import random
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import sendgrid_contract
from campaigning import MAILS, Case, Court, Tally
from fake_sendgrid import FAULTS
from side_by_side import side_by_side

IS_FULL = os.environ.get("CAMPAIGN") == "full"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200 if IS_FULL else 900)]
EACH = {1: 3, 2: 3}  # how many cases of a fault, by the number of workers, where not all are tried
LONGEST_LIFE = 95  # points that a worker may reach, more or less
Courts = Callable[[str, int], Court]


def points(fault: str, workers: int, kind: str) -> range:
    """Where the first worker is killed; what lies beyond the end of its life is left out."""
    if not IS_FULL:
        stride = LONGEST_LIFE // EACH[workers]
        return range(1 + random.Random(f"{fault} {workers} {kind}").randrange(stride - 8), LONGEST_LIFE, stride)
    stride = 1 if (workers, kind) == (1, "sqlite") else 3
    return range(1 + FAULTS.index(fault) % stride, 400, stride)


def cases(fault: str, workers: int, kind: str) -> Iterator[Case]:
    """A fault first and others after it, as many as there are mails, with a kill at one point after the other."""
    dice = random.Random(f"{fault} {workers}")
    for number, point in enumerate(points(fault, workers, kind)):
        faults = (fault, *dice.choices(FAULTS, k=MAILS - 3), dice.choice(("accept", *FAULTS)))
        others = tuple(dice.choice((0, dice.randrange(1, LONGEST_LIFE))) for _ in range(workers - 1))
        again = dice.randrange(1, 90) if number % 3 == 2 else 0
        yield Case(faults, (point, *others), again, early=number % 4 == 1)


def tried(fault: str, workers: int, kind: str, courts: Courts, number: int) -> Tally:
    """All cases of a fault, until no worker lives long enough to be killed."""
    court, tally = courts(kind, number), Tally()
    for case in cases(fault, workers, kind):
        if not court.try_case(case, tally):
            break
    return tally


def campaign(kind: str, courts: Courts) -> dict[int, Tally]:
    """The tallies by the number of workers."""
    for number in (0, 1):
        warm = Tally()
        assert courts(kind, number).try_case(Case(()), warm) and warm.complaints == []
    jobs = {(fault, workers): partial(tried, fault, workers, kind, courts) for workers in (1, 2) for fault in FAULTS}
    results = side_by_side(list(jobs.values()))
    found = {1: Tally(), 2: Tally()}
    for (_, workers), tally in zip(jobs, results, strict=True):
        assert isinstance(tally, Tally), tally
        found[workers].add(tally)
    return found


@pytest.fixture(scope="module")
def on_sqlite(courts: Courts) -> dict[int, Tally]:
    return campaign("sqlite", courts)


@pytest.fixture(scope="module")
def on_postgres(courts: Courts) -> dict[int, Tally]:
    return campaign("postgres", courts)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_mail_is_lost_or_doubled_on_sqlite(on_sqlite: dict[int, Tally], workers: int) -> None:
    _check("SQLite", workers, on_sqlite)


@pytest.mark.postgres
@pytest.mark.parametrize("workers", [1, 2])
def test_no_mail_is_lost_or_doubled_on_postgres(on_postgres: dict[int, Tally], workers: int) -> None:
    _check("PostgreSQL", workers, on_postgres)


def _check(kind: str, workers: int, tallies: dict[int, Tally]) -> None:
    tally = tallies[workers]
    print(f"\n{kind}, {workers} at once: {tally}")
    assert tally.complaints == []
    assert tally.kills >= (300 if IS_FULL else 30)
    assert tally.unknown and tally.by_events and tally.by_operator


@pytest.mark.postgres
def test_the_campaign_is_large_enough(on_sqlite: dict[int, Tally], on_postgres: dict[int, Tally]) -> None:
    tallies = [*on_sqlite.values(), *on_postgres.values()]
    faults = sum(tally.kills + tally.faults for tally in tallies)
    print(f"\n{faults:,} faults in {sum(tally.cases for tally in tallies):,} cases")
    assert faults >= (10_000 if IS_FULL else 1_000)


def test_every_request_keeps_the_contract(on_sqlite: dict[int, Tally], record_property: Callable[..., None]) -> None:
    whose = "the official document and ours" if sendgrid_contract.official() else "ours only"
    record_property("contract", whose)
    print(f"\nthe contract: {whose}")
    bodies = set().union(*(tally.bodies for tally in on_sqlite.values()))
    assert len(bodies) >= 3
    assert [said for body in bodies for said in sendgrid_contract.complaints(body)] == []
