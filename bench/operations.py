"""Peak Monday, an idle tick, a second worker, memory, and what our part costs over an empty Prefect flow.

    python bench/operations.py [--cohorts 1000] [--programs 40] [--people 200]
                               [--only idle,peak,workers,memory,overhead]

Limits: 1,000 cohorts of 200 people in 40 programs, a quarter of them ready: every mail queued within 10 minutes by one
worker; a second worker on PostgreSQL gives at least 1.5 times the throughput; an idle tick of 10,000 cohorts takes at
most 10 statements and 50 ms of the database's time; memory flat over 500 ticks; a stage of 200 people, mails rendered
and not sent, under 300 ms more than an empty Prefect flow, and at least 20 times faster than a task per person.

`peak` and `workers` run the flows as plain functions, one process being one worker; what Prefect's runs add is measured
by `overhead` and told as an estimate. Figures are of this machine at this moment; the yardstick says how fast it was.
"""

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from cohortflow.engine import flow, plainly, task
from cohortflow.mailroom.transports import MemoryTransport
from cohortflow.store import claiming, messages
from cohortflow.store.database import open_database
from cohortflow.store.people import roster
from cohortflow.store.tables import messages as messages_table
from flows.advance import advance_program
from flows.delivery import written
from flows.house import House, living_in, open_house
from flows.recruitment import recruit
from flows.tick import advance_programs, one_pass
from schemas.settings import Settings

CHECKOUT = Path(__file__).resolve().parent.parent
MONDAY = date(2027, 1, 4)
COMPANY = """\
version: 1
company: Acme
calendar: { time_zone: Etc/UTC, sites: { Office: { zone: Etc/UTC } } }
people:
  from: inbox/workers/*.csv
  columns: { id: Employee ID, email: Work Email, name: Preferred Name, manager: Manager ID, department: Department,
             title: Job Title, level: Grade, site: Location, joined: Hire Date, languages: Languages, status: Status }
  levels: [P1, P2, P3, P4, P5, P6, P7, P8]
  status: { active: [Active], on_leave: [Leave], left: [Terminated] }
  hold_if: { older_than: 24 months }
email: { from: Acme Mentoring <mentoring@acme.example>, hours: "00:00-23:59", days: every day }
"""
PROGRAM = """\
version: 1
name: Circle {number}
type: one_on_one
purpose: Help people find their way
owner: owner@acme.example
approvers: [approver@acme.example]
sponsor: sponsor@acme.example
who:
  mentors: {{ level: P6 or above, department: D{number} }}
  mentees: {{ level: P3 to P5, department: D{number} }}
stages: {{ recruit: {{ opens: 8 weeks before start }} }}
matching: {{ prefer: {{ career_goal: 100 }} }}
cohorts:
"""
HEADER = (
    "Employee ID,Work Email,Preferred Name,Manager ID,Department,Job Title,Grade,Location,Hire Date,Languages,Status"
)


def at(day: date, hour: int = 9) -> datetime:
    """An hour of a day."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def write_files(home: Path, programs: int, cohorts: int, people: int) -> None:
    """Programs with people of their own; every fourth cohort opens on Monday, the others a month later."""
    configs, inbox = home / "program_configs", home / "inbox" / "workers"
    configs.mkdir(parents=True)
    inbox.mkdir(parents=True)
    shutil.copytree(CHECKOUT / "program_configs" / "forms", configs / "forms")
    (configs / "company.yaml").write_text(COMPANY)
    rows = [HEADER]
    for number in range(programs):
        lines = []
        for place in range(number, cohorts, programs):
            starts = MONDAY + timedelta(weeks=8 if place // programs % 4 == 0 else 13)
            lines.append(f"  c{place}: {{ starts: {starts}, ends: {starts + timedelta(weeks=20)}, seats: 50 }}")
        text = PROGRAM.format(number=number) + "\n".join(lines) + "\n"
        (configs / f"circle-{number}.yaml").write_text(text)
        for each in range(people):
            name, level = f"{number:02}{each:03}", "P7" if each % 2 else "P4"
            rows.append(
                f"E{name},e{name}@acme.example,Person {name},,D{number},Seller,{level},Office,2020-01-01,en,Active"
            )
    (inbox / "workers-2027-01-02.csv").write_text("\n".join(rows) + "\n")


@contextmanager
def company(programs: int, cohorts: int, people: int, url: str = "") -> Iterator[House]:
    """A house on the Saturday before: everything is declared, nothing is due."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_files(home, programs, cohorts, people)
        settings = Settings(home=home, program_dir=home / "program_configs", database_url=url, mail="")
        house = open_house(settings, secret="bench", transport=MemoryTransport())
        with living_in(house):
            with plainly():
                one_pass(at(MONDAY - timedelta(days=2)))
            yield house
        house.database.close()


def count_mails(house: House) -> int:
    """How many mails are queued or gone."""
    with house.database.read() as db:
        return sum(messages.counts(db).values())


def bench_peak(programs: int, cohorts: int, people: int) -> None:
    """One worker queues every mail of a Monday."""
    with company(programs, cohorts, people) as house, plainly():
        began, used = time.perf_counter(), time.process_time()
        found = advance_programs(at(MONDAY))
        for program_id in found.programs:
            advance_program(program_id, at(MONDAY))
        seconds, used = time.perf_counter() - began, time.process_time() - used
        mails = count_mails(house)
    print(
        f"peak: {cohorts} cohorts of {people} in {programs} programs, {len(found.programs)} of them ready: "
        f"{mails} mails queued in {seconds:.0f} s ({used:.0f} s of one core), {mails / seconds:.0f} a second   "
        "(limit 600 s)"
    )


def bench_workers(programs: int, cohorts: int, people: int) -> None:
    """The same on PostgreSQL by one worker and by two, each doing one program at a time."""
    sys.path.insert(0, str(CHECKOUT / "tests"))
    from throwaway_postgres import started_cluster

    took, used = {}, {}
    with started_cluster() as cluster:
        for workers in (1, 2):
            with company(programs, cohorts, people, cluster.url(cluster.create())) as house, plainly():
                ready = advance_programs(at(MONDAY)).programs
                advance_program(ready.pop(0), at(MONDAY))  # warms what the workers inherit
                house.database.close()
                began, before = time.perf_counter(), seconds_of_children()
                _share_out(house, ready, workers)
                took[workers], used[workers] = time.perf_counter() - began, seconds_of_children() - before
                assert count_mails(house) == sum(1 for place in range(cohorts) if place // programs % 4 == 0) * people
    print(
        f"workers: {programs - 1} programs on PostgreSQL: {took[1]:.1f} s by one, {took[2]:.1f} s by two: "
        f"{took[1] / took[2]:.2f} times   (limit 1.5; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, "
        f"of which the workers used {used[1]:.1f} and {used[2]:.1f} s)"
    )


def seconds_of_children() -> float:
    """What processes that have ended used of the cores; the rest of their time they waited."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _share_out(house: House, ready: list[str], workers: int) -> None:
    take, give = os.pipe()
    os.write(give, bytes(range(len(ready))))
    os.close(give)
    children = [_worker(house, ready, take) for _ in range(workers)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * workers


def _worker(house: House, ready: list[str], take: int) -> int:
    if child := os.fork():
        return child
    code = 1
    try:
        own = replace(house, database=open_database(house.settings.database))
        with living_in(own):
            while number := os.read(take, 1):
                advance_program(ready[number[0]], at(MONDAY))
        code = 0
    finally:
        os._exit(code)


def bench_memory(ticks: int = 1000) -> None:
    """What a worker holds once every stage has come to pass, and after as many ticks again."""
    with company(10, 100, 20) as house, plainly():
        assert isinstance(house.transport, MemoryTransport)
        held, now = {}, at(MONDAY)
        for number in range(1, ticks + 1):
            one_pass(now + timedelta(hours=3 * number))
            house.transport.sent.clear()
            if number in (ticks // 2, ticks):
                held[number] = resident_mb()
    (first, before), (last, after) = held.items()
    print(f"memory: {before:.0f} MB after {first} ticks, {after:.0f} MB after {last}   (limit: flat)")


def resident_mb() -> float:
    """What this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


@flow("empty")
def empty() -> None:
    """An empty Prefect flow."""


@task
def invite_one(person_id: str) -> int:
    """The naive shape: one task reads one person, writes one row, claims it and renders one mail."""
    house, row = HOUSES[-1], ROWS[person_id]
    with house.database.read() as db:
        assert len(roster(db, [person_id])) == 1
    with house.database.write() as db:
        db.execute(messages_table.insert().values(**row))
    with house.database.write() as db:
        batch, _ = claiming.claim_batch(db, at(MONDAY), owner="naive", lease_seconds=60, size=1)
    return len(written(house, batch, at(MONDAY)))


@flow("naive")
def naive() -> None:
    """A task per person, for the mails that were taken out of the ledger before."""
    for person_id in ROWS:
        assert invite_one(person_id) == 1


HOUSES: list[House] = []
ROWS: dict[str, dict[str, Any]] = {}


def take_out(house: House, *cohort_id: str) -> None:
    """Take the queued mails of a cohort out of the ledger, to be written one by one; of all, if none is named."""
    queued = messages_table.c.state == "queued"
    mine = sa.and_(queued, messages_table.c.cohort_id.in_(cohort_id)) if cohort_id else queued
    with house.database.write() as db:
        for row in db.execute(messages_table.select().where(mine)).mappings() if cohort_id else ():
            ROWS[row["person_id"]] = dict(row)
        db.execute(messages_table.delete().where(mine))


class Cost(NamedTuple):
    """Milliseconds by the clock, and of this process's own work: the server's is not in it, nor waiting for it."""

    clock: float
    own: float

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.clock - other.clock, self.own - other.own)

    def __str__(self) -> str:
        return f"{self.clock:.0f} ms ({self.own:.0f} of its own)"


def cost_of(work: Callable[[], Any], times: int = 1) -> Cost:
    """The median of some tries."""
    found = []
    for _ in range(times):
        began, used = time.perf_counter(), time.process_time()
        work()
        found.append(Cost(1000 * (time.perf_counter() - began), 1000 * (time.process_time() - used)))
    return Cost(*(statistics.median(each) for each in zip(*found, strict=True)))


def bench_overhead(people: int = 200) -> None:
    """A stage of 200 people under Prefect, its mails rendered, beside an empty flow and beside a task per person."""
    from cohortflow.simulation.prefect_runtime import prefect_running

    later = at(MONDAY + timedelta(days=14))
    with tempfile.TemporaryDirectory() as home, prefect_running(Path(home), with_events=True) as wait:
        wait()
        with company(1, 32, people) as house:
            ready = [f"circle-0/c{place}" for place in range(0, 32, 4)]
            with plainly():
                advance_programs(at(MONDAY))
                for cohort_id in ready:
                    recruit(cohort_id, "recruit", at(MONDAY))
            cost_of(empty, 3)
            nothing = cost_of(empty, 5)
            recruit(ready.pop(), "recruit", later)  # warms it
            stage = cost_of(lambda: recruit(ready.pop(), "recruit", later), 3)
            take_out(house, ready.pop())
            letters = cost_of(lambda: render_batch(house, people), 3)
            HOUSES.append(house)
            take_out(house)  # nothing else may wait
            assert len(ROWS) == people
            each = cost_of(naive) - nothing
    ours = Cost(stage.clock + letters.clock, stage.own + letters.own) - nothing
    print(
        f"overhead: an empty flow {nothing}; a stage of {people} people {stage}, its letters {letters}: "
        f"{ours} more   (limit 300)\n"
        f"naive: a task per person {each} more: {each.clock / ours.clock:.0f} times ours by the clock, "
        f"{each.own / ours.own:.0f} by work   (limit 20)"
    )


def render_batch(house: House, size: int) -> None:
    """Claim and write letters, and send none."""
    with house.database.write() as db:
        batch, _ = claiming.claim_batch(db, at(MONDAY), owner="bench", lease_seconds=60, size=size)
    assert len(written(house, batch, at(MONDAY))) == size


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=1000)
    parser.add_argument("--programs", type=int, default=40)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--only", default="idle,peak,workers,memory,overhead")
    asked = parser.parse_args()
    chosen = asked.only.split(",")
    from spine import bench_idle, loop_seconds

    print(f"yardstick: {loop_seconds():.2f} s for five million additions, load {os.getloadavg()[0]:.1f}")
    works = {
        "idle": lambda: bench_idle(10_000),
        "peak": lambda: bench_peak(asked.programs, asked.cohorts, asked.people),
        "workers": lambda: bench_workers(asked.programs // 4, asked.cohorts // 4, asked.people),
        "memory": bench_memory,
        "overhead": lambda: bench_overhead(asked.people),
    }
    for name in chosen:
        works[name]()


if __name__ == "__main__":
    main()
