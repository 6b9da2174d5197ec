"""A home with some programs of many people, and workers that are real processes, who can be killed or put to sleep.

Time is the instance clock's: it stands at a Monday in 2027 and is set on by hand, so that a day passes in no time.
"""

import itertools
import logging
import os
import resource
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from first_circle import COMPANY, PROGRAM
from invariants import check_invariants
from prefect_installation import CHECKOUT
from scene_files import HEADER

from cohortflow.engine import plainly
from cohortflow.mailroom.transports import MemoryTransport
from cohortflow.store import instances, messages, occasions
from cohortflow.store.database import Database, open_database
from cohortflow.store.schema import migrate
from cohortflow.store.tables import REAL_NOW, metadata
from flows.house import House, living_in, open_house
from flows.tick import one_pass
from schemas.errors import CohortflowError
from schemas.settings import Settings

MONDAY = datetime(2027, 1, 4, 10, tzinfo=UTC)
OPENS = datetime(2027, 1, 5, tzinfo=UTC)
DOMAIN = "acme.example"
TICK = (sys.executable, "-m", "cohortflow.cli.main", "tick")


@dataclass
class OnDisk(MemoryTransport):
    """What lies in an outbox, as the invariants ask for it."""

    handed: list[str] = field(default_factory=list)


@dataclass
class Worker:
    """A process that does one whole pass."""

    pid: int
    log: Path
    code: int | None = None

    def is_over(self) -> bool:
        """Whether it has ended."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code is not None

    def said(self) -> str:
        """What it has printed."""
        return self.log.read_text()

    def ended(self, seconds: float = 120) -> int:
        """Wait until it has ended by itself; its exit code."""
        until("the worker has ended", self.is_over, seconds=seconds)
        assert self.code is not None
        return self.code

    def kill(self) -> None:
        """Kill it at once, as a power cut does."""
        if not self.is_over():
            os.kill(self.pid, signal.SIGKILL)
            self.ended(5)

    def is_asleep(self) -> bool:
        """Whether it has been stopped."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def sleep(self) -> None:
        """Put it to sleep, and see that it is."""
        os.kill(self.pid, signal.SIGSTOP)
        until("asleep", self.is_asleep, seconds=5)

    def wake(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)


@dataclass
class Town:
    """A home, its database, and the processes that work there."""

    settings: Settings
    database: Database
    workers: list[Worker] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """Where everything lies."""
        return self.settings.home

    def let_it_be(self, at: datetime) -> None:
        """Set the instance clock, which runs on from there."""
        with self.database.write() as db:
            real = datetime.fromtimestamp(db.execute(sa.select(REAL_NOW)).scalar_one(), UTC)
            instances.set_clock(db, base=at, started=real)

    def start(
        self,
        *command: str,
        environment: Mapping[str, str] | None = None,
        largest_file: int | None = None,
        asleep_at_letter: int = 0,
        **settings: Any,
    ) -> Worker:
        """A worker: a process forked from this one, which has loaded everything; or a command, if one is given.

        Args:
            environment: what a command is told besides the settings.
            largest_file: bytes; the disk is full beyond them.
            asleep_at_letter: how many letters it puts into the outbox before it stops, as if put to sleep there.
        """
        log = self.home / f"worker-{len(self.workers)}.log"
        there = self.settings.model_copy(update=settings)
        if child := os.fork():
            self.workers.append(Worker(child, log))
            return self.workers[-1]
        code = 1
        try:
            os.setsid()
            out = os.open(log, os.O_CREAT | os.O_WRONLY, 0o600)
            os.dup2(out, 1)
            os.dup2(out, 2)
            if largest_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
            if command:
                os.execve(command[0], command, environment_of(there) | dict(environment or {}))
            if asleep_at_letter:
                _sleep_at_letter(asleep_at_letter)
            code = _one_pass(there)
        finally:
            os._exit(code)

    def tick(self, at: datetime | None = None, *command: str, **settings: Any) -> Worker:
        """One whole pass by a process of its own, at an instant if one is given; it has ended."""
        if at is not None:
            self.let_it_be(at)
        worker = self.start(*command, **settings)
        worker.ended()
        return worker

    def sender(self, are_out: Callable[[], Any], **settings: Any) -> Worker:
        """A worker in the middle of sending.

        On a busy machine one may not come to it within half of its short lease: it puts its mails off for a minute, which
        passes here at once, and ends; the next one tries.
        """
        for _ in range(8):
            worker = self.start(**settings)
            until("mails go out", lambda worker=worker: are_out() or worker.is_over())
            if not worker.is_over():
                return worker
            self.let_a_while_pass()
        raise AssertionError(f"nobody was met while sending\n{self.told()}")

    def asleep_while_sending(self, **settings: Any) -> Worker:
        """A worker that sleeps between two letters of a batch, where it holds mails and no lock."""
        return self.sender(lambda: self.workers[-1].is_asleep(), asleep_at_letter=5, **settings)

    def put_to_sleep(self, worker: Worker) -> None:
        """Between two of its writes: in the middle of one it would keep its locks, which has a test of its own."""
        for _ in range(200):
            worker.sleep()
            if self.nobody_writes():
                return
            worker.wake()
            time.sleep(0.003)
        raise AssertionError("it was always writing")

    def nobody_writes(self) -> bool:
        """Whether no transaction has written anything that it has not committed."""
        if self.database.is_sqlite:
            other = sqlite3.connect(self.settings.database.removeprefix("sqlite:///"), timeout=0)
            statement = "begin immediate"
        else:
            other = psycopg.connect(self.settings.database)
            statement = "lock table messages, occasions, cohorts in exclusive mode nowait"
        with closing(other):
            try:
                other.execute(statement)
            except (sqlite3.OperationalError, psycopg.errors.LockNotAvailable):
                return False
        return True

    def let_a_while_pass(self) -> None:
        """So much that what was put off for a minute may go."""
        with self.database.read() as db:
            now = instances.shown_now(db)
        self.let_it_be(now + timedelta(minutes=2))

    def settle(self) -> None:
        """Tick on until nothing is left to do: a worker on a busy machine does not get far within a short lease."""
        for _ in range(8):
            time.sleep(self.settings.lease_seconds)
            assert self.tick().code == 0, self.told()
            with self.database.read() as db:
                now = instances.shown_now(db)
                open_mails = sum(messages.counts(db).get(state, 0) for state in ("queued", "sending", "unknown"))
                if not open_mails and not occasions.ready_work(db, now):
                    return
            self.let_a_while_pass()

    def told(self) -> str:
        """What every worker has said, for when something went wrong."""
        return "\n".join(f"{worker.log.name} ({worker.code}): {worker.said()}" for worker in self.workers)

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
        query = (
            sa.select(sa.func.count()).select_from(it).where(*[it.c[name] == value for name, value in where.items()])
        )
        with self.database.read() as db:
            return int(db.execute(query).scalar_one())

    def letters(self) -> dict[str, tuple[int, int]]:
        """Which file each letter is: one that was put there again would be another."""
        found = ((path.name, path.stat()) for path in self.settings.outbox.glob("*.eml"))
        return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found}

    def invited(self, *programs: str) -> dict[str, int]:
        """How many invitations each program has in the outbox."""
        there = {name.removesuffix(".eml") for name in self.letters()}
        rows = [row for row in self.rows("messages", template="invite") if row["message_id"] in there]
        return {each: sum(row["cohort_id"] == f"{each}/now" for row in rows) for each in programs}

    def insist(self, *, finished: bool = True) -> None:
        """Every invariant holds, and no worker has left anything held."""
        handed = [name.removesuffix(".eml") for name in self.letters()]
        house = House(self.settings, self.database, OnDisk(handed=handed))
        check_invariants(house, finished=finished)
        held = [row for name in ("occasions", "messages") for row in self.rows(name) if row["lease_until"] is not None]
        assert not held or not finished, f"{len(held)} leases were left behind"


def _sleep_at_letter(number: int) -> None:
    """Stop this process when it has named so many letters, whatever else goes on."""
    seen = itertools.count(1)

    def watch(event: str, _args: tuple[object, ...]) -> None:
        if event == "os.link" and next(seen) == number + 1:
            os.kill(os.getpid(), signal.SIGSTOP)

    sys.addaudithook(watch)


def _one_pass(settings: Settings) -> int:
    """What `cohortflow tick` does, without loading it anew."""
    sys.stdout, sys.stderr = os.fdopen(1, "w", 1), os.fdopen(2, "w", 1)
    logging.basicConfig(level=logging.WARNING, force=True)
    try:
        house = open_house(settings)
        with living_in(house), plainly():
            return 1 if one_pass()["failed"] else 0
    except CohortflowError as error:
        print(error, file=sys.stderr, flush=True)
    except BaseException:
        traceback.print_exc()
    return 1


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as a command is told them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COHORTFLOW_")}
    told = {"HOME": settings.home, "DATABASE_URL": settings.database_url, "LEASE_SECONDS": settings.lease_seconds}
    told |= {"DATABASE_TIMEOUT": settings.database_timeout, "DURABLE": settings.durable, "ENGINE": "plain"}
    return kept | {f"COHORTFLOW_{name}": str(value) for name, value in told.items()}


def until(what: str, found: Callable[[], Any], worker: Worker | None = None, seconds: float = 60) -> Any:
    """Look again and again until there is an answer.

    Raises:
        AssertionError: there was none in time, or the worker that was to bring it about has ended.
    """
    before = time.monotonic() + seconds
    while not (answer := found()):
        assert worker is None or not worker.is_over(), f"{what}: the worker ended first\n{worker and worker.said()}"
        assert time.monotonic() < before, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.001)
    return answer


@contextmanager
def founded(
    home: Path, url: str, people: int = 60, programs: int = 2, apart: int = 0, **settings: Any
) -> Iterator[Town]:
    """A town the day before its cohorts' first day: everything is taken in, nothing is due.

    Args:
        apart: days between the first days of one program and the next.
    """
    found_files(home, people, programs, apart)
    given = {"lease_seconds": 2, "durable": False, "mail": "", **settings}
    there = Settings(home=home, program_dir=home / "program_configs", database_url=url, **given)
    town = Town(there, open_database(url, durable=there.durable))
    migrate(town.database)
    try:
        first = town.tick(MONDAY)
        assert first.code == 0, first.said()
        yield town
    finally:
        for worker in town.workers:
            worker.kill()
        town.database.close()


def found_files(home: Path, people: int, programs: int, apart: int) -> None:
    """What HR drops: programs whose first days are so many days apart, and the export."""
    configs, inbox = home / "program_configs", home / "inbox" / "workers"
    configs.mkdir(parents=True)
    inbox.mkdir(parents=True)
    shutil.copytree(CHECKOUT / "program_configs" / "forms", configs / "forms")
    company = COMPANY.format(zone="Etc/UTC", domain=DOMAIN)
    (configs / "company.yaml").write_text(company.replace("\nemail:", "\n  hold_if: { older_than: 24 months }\nemail:"))
    for number in range(programs):
        starts = OPENS.date() + timedelta(weeks=8, days=number * apart)
        name = f"Circle {'ABCDEFGHIJ'[number]}"
        text = PROGRAM.format(starts=starts, ends=starts + timedelta(weeks=20), domain=DOMAIN)
        (configs / f"{name.lower().replace(' ', '-')}.yaml").write_text(text.replace("First Circle", name))
    (inbox / "workers-2027-01-04.csv").write_text("\n".join([HEADER, *map(_person, range(people))]) + "\n")


def _person(number: int) -> str:
    level = "P7" if number % 2 else "P4"
    return f"E{number:04},e{number:04}@{DOMAIN},Person {number:04},,Sales,Seller,{level},Office,2020-01-01,en,Active"
