"""How long the spine takes: a whole cohort lived with each engine, and a tick that finds nothing to do.

    python bench/spine.py [--people 200,1000,5000] [--engines plain,prefect] [--cohorts 10,10000]

Times are seconds on this machine at this moment; the loop beside them says how fast the machine was, so that two runs
can be compared as ratios. Results go to the screen only.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from cohortflow.engine import plainly
from cohortflow.mailroom.transports import MemoryTransport
from cohortflow.simulation.company import found_company
from cohortflow.simulation.driver import simulated
from cohortflow.simulation.prefect_runtime import prefect_running
from cohortflow.store.tables import cohorts, occasions
from flows.house import House, living_in, open_house
from flows.tick import one_pass
from schemas.settings import Settings

CHECKOUT = Path(__file__).resolve().parent.parent
PROGRAM = CHECKOUT / "program_configs" / "emerging-leaders.yaml"
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
OCCASIONS_EACH = 20


def loop_seconds() -> float:
    """A yardstick: five million additions."""
    began, total = time.perf_counter(), 0
    for number in range(5_000_000):
        total += number
    return time.perf_counter() - began


def bench_simulate(people: int, engine: str) -> None:
    """One cohort from the first invitation to the last report."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as home:
        if engine == "prefect":
            with prefect_running(Path(home)) as wait:
                wait()
                with simulated(PROGRAM, "2027-spring", people=people, engine=engine) as life:
                    mails, passes = len(life.transport), life.passes
        else:
            with simulated(PROGRAM, "2027-spring", people=people, engine=engine) as life:
                mails, passes = len(life.transport), life.passes
    print(
        f"simulate {people:>6} people  {engine:<8}{time.perf_counter() - began:8.1f} s  {mails} mails, {passes} passes"
    )


@contextmanager
def quiet_house(count: int) -> Iterator[House]:
    """A house with many cohorts none of which has anything to do today."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        inbox = home / "inbox" / "workers"
        inbox.mkdir(parents=True)
        (inbox / "workers-2026-12-01.csv").write_text(found_company(200, 1, NOW.date()).roster_csv(NOW.date()))
        settings = Settings(
            home=home, program_dir=CHECKOUT / "program_configs", durable=False, database_url="", mail=""
        )
        house = open_house(settings, secret="bench", transport=MemoryTransport())
        with living_in(house), plainly():
            one_pass(NOW)
            fill(house, count)
            yield house
        house.database.close()


def fill(house: House, count: int) -> None:
    """Put cohorts with future occasions into the store."""
    lines = [_cohort(number) for number in range(count)]
    waiting = [_occasion(str(line["cohort_id"]), k) for line in lines for k in range(OCCASIONS_EACH)]
    with house.database.write() as db:
        db.execute(cohorts.insert(), lines)
        for start in range(0, len(waiting), 10_000):
            db.execute(occasions.insert(), waiting[start : start + 10_000])


def _cohort(number: int) -> dict[str, object]:
    program_id, key = f"bulk-{number % 40}", f"c{number}"
    named = {"cohort_id": f"{program_id}/{key}", "program_id": program_id, "key": key, "line": {}}
    return {**named, "state": "running", "config_hash": "-", "first_seen_at": NOW, "begun_at": NOW}


def _occasion(cohort_id: str, number: int) -> dict[str, object]:
    due_at = NOW + timedelta(days=30 + number)
    named = {"cohort_id": cohort_id, "key": f"recruit.reminder#{number}", "about": "-", "stage": "recruit"}
    told = {"kind": "mail", "action": "send", "place": number, "details": {}, "state": "pending", "config_hash": "-"}
    return {**named, **told, "due_at": due_at, "ready_at": due_at}


def bench_idle(count: int, ticks: int = 5) -> None:
    """A tick with nothing ready: statements, the time the database takes, and the whole."""
    with quiet_house(count) as house:
        spent = {"statements": 0, "seconds": 0.0, "began": 0.0}

        @sa.event.listens_for(house.database.engine, "before_cursor_execute")
        def before(*_: object) -> None:
            spent["began"] = time.perf_counter()

        @sa.event.listens_for(house.database.engine, "after_cursor_execute")
        def after(*_: object) -> None:
            spent["statements"] += 1
            spent["seconds"] += time.perf_counter() - spent["began"]

        one_pass(NOW + timedelta(minutes=10))
        spent |= {"statements": 0, "seconds": 0.0}
        began = time.perf_counter()
        for number in range(ticks):
            one_pass(NOW + timedelta(minutes=20 + 10 * number))
        whole = (time.perf_counter() - began) / ticks
        print(
            f"idle tick {count:>6} cohorts {spent['statements'] / ticks:6.0f} statements"
            f"  {1000 * spent['seconds'] / ticks:7.1f} ms in the database  {1000 * whole:7.1f} ms in all"
        )


def main() -> None:
    """Run what the options ask for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", default="200,1000,5000")
    options.add_argument("--engines", default="plain,prefect")
    options.add_argument("--cohorts", default="10,10000")
    given = options.parse_args()
    print(f"yardstick: 5 million additions in {loop_seconds():.2f} s")
    for count in filter(None, given.cohorts.split(",")):
        bench_idle(int(count))
    for people in filter(None, given.people.split(",")):
        for engine in filter(None, given.engines.split(",")):
            bench_simulate(int(people), engine)


if __name__ == "__main__":
    main()
