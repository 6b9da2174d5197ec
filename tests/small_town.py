"""A home with some programs of many people, and `cohortflow tick` as real processes that can be killed or put to sleep.

Time is the instance clock's: it stands at a Monday in 2027 and is set on by hand, so that a day passes in no time.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from first_circle import COMPANY, PROGRAM
from invariants import check_invariants
from prefect_installation import CHECKOUT
from scene_files import HEADER

from cohortflow.mailroom.transports import MemoryTransport
from cohortflow.store import instances
from cohortflow.store.database import Database, open_database
from cohortflow.store.schema import migrate
from cohortflow.store.tables import metadata
from flows.house import House
from schemas.settings import Settings

MONDAY = datetime(2027, 1, 4, 10, tzinfo=UTC)
OPENS = datetime(2027, 1, 5, tzinfo=UTC)
DOMAIN = "acme.example"
TICK = [sys.executable, "-m", "cohortflow.cli.main", "tick"]


@dataclass
class OnDisk(MemoryTransport):
    """What lies in an outbox, as the invariants ask for it."""

    handed: list[str] = field(default_factory=list)


@dataclass
class Town:
    """A home, its database, and the processes that work there."""

    home: Path
    database: Database
    environment: dict[str, str]
    workers: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def outbox(self) -> Path:
        """Where the mail lies."""
        return self.home / "var" / "outbox"

    def let_it_be(self, at: datetime) -> None:
        """Set the instance clock, which runs on from there."""
        with self.database.write() as db:
            instances.set_clock(db, base=at, started=datetime.now(UTC))

    def start(self, **more: str) -> "subprocess.Popen[str]":
        """A worker that does one whole pass."""
        worker = subprocess.Popen(
            TICK,
            cwd=CHECKOUT,
            env=self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.workers.append(worker)
        return worker

    def tick(self, at: datetime | None = None, **more: str) -> "subprocess.CompletedProcess[str]":
        """One whole pass by a process of its own, at an instant if one is given."""
        if at is not None:
            self.let_it_be(at)
        return ended(self.start(**more))

    def rows(self, table: str, **where: object) -> list[dict[str, Any]]:
        """The rows of a table, by its key."""
        it = metadata.tables[table]
        query = sa.select(it).order_by(*it.primary_key.columns)
        for name, value in where.items():
            query = query.where(it.c[name] == value)
        with self.database.read() as db:
            return [dict(row) for row in db.execute(query).mappings()]

    def count(self, table: str, **where: object) -> int:
        """How many rows of a table are as named."""
        it = metadata.tables[table]
        query = sa.select(sa.func.count()).select_from(it).where(*[it.c[name] == value for name, value in where.items()])
        with self.database.read() as db:
            return int(db.execute(query).scalar_one())

    def letters(self) -> dict[str, tuple[int, int]]:
        """Which file each letter is: one that was put there again would be another."""
        found = ((path.name, path.stat()) for path in self.outbox.glob("*.eml"))
        return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found}

    def invited(self, *programs: str) -> dict[str, int]:
        """How many invitations each program has in the outbox."""
        there = {name.removesuffix(".eml") for name in self.letters()}
        rows = [row for row in self.rows("messages", template="invite") if row["message_id"] in there]
        return {each: sum(row["cohort_id"] == f"{each}/now" for row in rows) for each in programs}

    def insist(self, *, finished: bool = True) -> None:
        """Every invariant holds, and no worker has left anything held."""
        handed = [name.removesuffix(".eml") for name in self.letters()]
        house = House(Settings(home=self.home), self.database, OnDisk(handed=handed))
        check_invariants(house, finished=finished)
        held = [row for name in ("occasions", "messages") for row in self.rows(name) if row["lease_until"] is not None]
        assert not held or not finished, f"{len(held)} leases were left behind"


def ended(worker: "subprocess.Popen[str]", seconds: float = 120) -> "subprocess.CompletedProcess[str]":
    """What a worker said when it ended by itself."""
    out, err = worker.communicate(timeout=seconds)
    return subprocess.CompletedProcess(worker.args, worker.returncode, out, err)


def until(
    what: str, found: Callable[[], Any], worker: "subprocess.Popen[str] | None" = None, seconds: float = 60
) -> Any:
    """Look again and again until there is an answer.

    Raises:
        AssertionError: there was none in time, or the worker that was to bring it about has ended.
    """
    before = time.monotonic() + seconds
    while not (answer := found()):
        assert worker is None or worker.poll() is None, f"{what}: the worker ended first\n{ended(worker).stderr}"
        assert time.monotonic() < before, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.001)
    return answer


def kill(worker: "subprocess.Popen[str]") -> None:
    """Kill a worker at once, as a power cut does."""
    worker.kill()
    worker.communicate()


def asleep(worker: "subprocess.Popen[str]") -> None:
    """Put a worker to sleep, and see that it is."""
    worker.send_signal(signal.SIGSTOP)
    state = Path(f"/proc/{worker.pid}/stat")
    until("asleep", lambda: state.read_text().rpartition(")")[2].split()[0] == "T", seconds=5)


@contextmanager
def founded(home: Path, url: str, people: int = 60, programs: int = 2, **more: str) -> Iterator[Town]:
    """A town the day before its cohorts' first day: everything is taken in, nothing is due."""
    found_files(home, people, programs)
    kept: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith("COHORTFLOW_")}
    settings = {"HOME": str(home), "DATABASE_URL": url, "LEASE_SECONDS": "2", "ENGINE": "plain", **more}
    environment = dict(kept) | {f"COHORTFLOW_{name}": value for name, value in settings.items()}
    town = Town(home, open_database(url), environment)
    migrate(town.database)
    try:
        first = town.tick(MONDAY)
        assert first.returncode == 0, first.stderr
        yield town
    finally:
        for worker in town.workers:
            if worker.poll() is None:
                kill(worker)
        town.database.close()


def found_files(home: Path, people: int, programs: int) -> None:
    """What HR drops: programs that all open on the same day, and the export."""
    configs, inbox = home / "program_configs", home / "inbox" / "workers"
    configs.mkdir(parents=True)
    inbox.mkdir(parents=True)
    shutil.copytree(CHECKOUT / "program_configs" / "forms", configs / "forms")
    company = COMPANY.format(zone="Etc/UTC", domain=DOMAIN)
    (configs / "company.yaml").write_text(company.replace("\nemail:", "\n  hold_if: { older_than: 24 months }\nemail:"))
    starts = OPENS.date() + timedelta(weeks=8)
    for number in range(programs):
        name = f"Circle {'ABCDEFGHIJ'[number]}"
        text = PROGRAM.format(starts=starts, ends=starts + timedelta(weeks=20), domain=DOMAIN)
        (configs / f"{name.lower().replace(' ', '-')}.yaml").write_text(text.replace("First Circle", name))
    (inbox / "workers-2027-01-04.csv").write_text("\n".join([HEADER, *map(_person, range(people))]) + "\n")


def _person(number: int) -> str:
    level = "P7" if number % 2 else "P4"
    return f"E{number:04},e{number:04}@{DOMAIN},Person {number:04},,Sales,Seller,{level},Office,2020-01-01,en,Active"
