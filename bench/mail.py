"""How fast mail leaves, with a durable ledger, rendering included, against a local server in a process of its own.

    python bench/mail.py [--mails 3000] [--only ledger,latency,workers,memory,outbox]

Every figure is a ratio to something measured in the same minute, or a limit: the machine may be busy. Where both sides
only compute, CPU time is compared. The server is the fake SendGrid of the tests; PostgreSQL is a throwaway cluster.
BENCH_DIR says in which folder, else it is one in `var/`. Results go to the screen only.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("COHORTFLOW_ENGINE", "plain")
CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests")]

import sqlalchemy as sa
from post_office import PostOffice, opened_post_office
from pydantic import SecretStr
from scene_files import COHORT
from scenes import enter
from throwaway_postgres import started_cluster

from cohortflow.engine import plainly
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.outbox import OutboxTransport
from cohortflow.mailroom.sendgrid_payload import payload_of
from cohortflow.mailroom.sendgrid_transport import SendGridTransport
from cohortflow.mailroom.transports import MemoryTransport, Transport
from cohortflow.mailroom.windows import opened
from cohortflow.mailroom.writing import open_desk, write_letter
from cohortflow.store import claiming, people
from cohortflow.store.cohorts import lock_row, read_row, resume
from cohortflow.store.messages import Message
from cohortflow.store.record import queue
from cohortflow.store.tables import messages
from flows.delivery import BATCH, deliver_mail, seldom_collected
from flows.house import House, living_in, open_house
from schemas.changes import Intent
from schemas.settings import Settings

KEY = SecretStr("SG.bench")
TURNS = 8


@contextmanager
def bench_folder() -> Iterator[Path]:
    """A folder of its own in BENCH_DIR, or under `var/`, where the outbox is.

    For five minutes after thousands of files were deleted, ext4 passes over each place that was freed and takes many
    times as long to make a file nearby: another run is best begun after that, or with another BENCH_DIR.
    """
    parent = Path(os.environ.get("BENCH_DIR") or CHECKOUT / "var" / "bench")
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


@contextmanager
def house_with(mails: int, transport: Transport, url: str = "") -> Iterator[tuple[House, datetime]]:
    """A house whose running cohort has so many invitations queued, each to somebody else; it waits for the disk."""
    with bench_folder() as folder:
        scene = enter("declared", folder)
        scene.close()
        given = {**scene.house.settings.model_dump(), "durable": True, "database_url": url, "lease_seconds": 300}
        house = open_house(Settings(**given), secret="bench", transport=transport)
        if url:
            from grounds import fill

            from cohortflow.store.database import open_database

            source = open_database(f"sqlite:///{folder / 'var' / 'cohortflow.db'}")
            fill(house.database, source)
            source.close()
        now = scene.occasion("recruit.invite#1")["due_at"] + timedelta(hours=1)
        fill_queue(house, mails, now)
        yield house, now
        house.database.close()


def fill_queue(house: House, mails: int, now: datetime, first: int = 0) -> None:
    """Queue invitations to made-up people, numbered from the first on."""
    row = dict.fromkeys(("manager_id", "department", "title", "level", "languages"), "")
    row |= {"site": "Berlin", "joined_on": now.date(), "status": "active", "more": {}, "sensitive": {}}
    for start in range(first, first + mails, 5000):
        ids = [f"B{number:06}" for number in range(start, min(start + 5000, first + mails))]
        staff = [
            {**row, "person_id": each, "email": f"{each.lower()}@acme.example", "name": f"Bo {each}"} for each in ids
        ]
        with house.database.write() as db:
            people.merge(db, "bench", staff, now.date())
            told = read_row(db, COHORT)
            assert told is not None
            queue(db, COHORT, [_invitation(each, now) for each in ids], told.config_hash, now)
            held = lock_row(db, COHORT)
            if held is not None and held.state == "held":
                resume(db, held, now=now, actor="bench")  # the blast guard: so many were meant
                db.execute(messages.delete().where(messages.c.template == "cohort_held"))


def _invitation(person_id: str, now: datetime) -> Intent:
    return Intent(
        occasion="recruit.invite#1",
        stage="recruit",
        template="invite",
        person_id=person_id,
        role="mentee",
        language="en",
        mail_class="service",
        due_at=now,
        not_before=now,
    )


class Took(NamedTuple):
    """What something took: by the clock, and of this process's own CPU time, which a busy machine disturbs less."""

    seconds: float
    cpu: float


@contextmanager
def timed() -> Iterator[list[Took]]:
    """Take the time of the block; it is in the list afterwards."""
    taken: list[Took] = []
    began, cpu = time.perf_counter(), time.process_time()
    yield taken
    taken.append(Took(time.perf_counter() - began, time.process_time() - cpu))


def delivered(house: House, now: datetime) -> Took:
    """What a delivery of everything takes; it must have accepted all."""
    with timed() as taken, plainly(), living_in(house):
        totals = deliver_mail(now)
    assert set(totals) <= {"accepted"}, totals
    return taken[0]


def head_of_queue(house: House, mails: int) -> list[Message]:
    """So many of the mails that wait, as a claim hands them out."""
    with house.database.read() as db:
        rows = db.execute(sa.select(*claiming.TOLD).limit(mails)).mappings().all()
        return [claiming.claimed_message(row) for row in rows]


def letters_of(house: House, batch: list[Message], now: datetime) -> list[Letter]:
    """Mails written, as a delivery does with a batch."""
    with house.database.read() as db:
        desk = open_desk(db, batch, house.stationery, "https://portal.acme.example", lambda _: None, now)  # type: ignore[arg-type, return-value]
        return [write_letter(desk, message) for message in batch]


def render_only(house: House, now: datetime, mails: int) -> Took:
    """What it takes to write so many mails, in batches as a delivery does, and nothing else."""
    batch = head_of_queue(house, mails)
    with timed() as taken, seldom_collected():
        for start in range(0, len(batch), BATCH):
            letters_of(house, batch[start : start + BATCH], now)
    return taken[0]


def posting(office: PostOffice, in_flight: int = 400) -> SendGridTransport:
    """Our transport, pointed at the local server."""
    return SendGridTransport(KEY, office.host, timeout=60, in_flight=in_flight)


def bench_ledger(mails: int, url: str) -> None:
    """At 0 ms: the whole way against rendering alone, in turns, for the machine is faster now and slower then."""
    with opened_post_office() as office, house_with(mails, posting(office), url) as (house, now):
        render_only(house, now, 200)
        rendered, whole = [render_only(house, now, mails)], [delivered(house, now)]
        for turn in range(1, TURNS):
            fill_queue(house, mails, now, turn * mails)
            rendered.append(render_only(house, now, mails))
            whole.append(delivered(house, now))
        assert len(office.record()["accepted"]) == TURNS * mails
    alone, all_of_it = (Took(*map(sum, zip(*each, strict=True))) for each in (rendered, whole))
    rates = [TURNS * mails / each.seconds for each in (all_of_it, alone)]
    told = f"by the clock {alone.seconds / all_of_it.seconds:.2f}: {rates[0]:,.0f} and {rates[1]:,.0f} mails/s"
    verdict(f"ledger, 0 ms, {_name(url)}, CPU", alone.cpu / all_of_it.cpu, 0.4, told)


def _name(url: str) -> str:
    return "PostgreSQL" if url else "SQLite"


def bench_latency(mails: int, url: str) -> None:
    """At 80 ms: the whole way against the `sendgrid` package in a loop."""
    with opened_post_office(0.08) as office, house_with(mails, posting(office), url) as (house, now):
        loop = package_in_a_loop(office, house, now, 24)
        office.plan([])
        rate = mails / delivered(house, now).seconds
        assert len(set(office.record()["accepted"])) == len(office.record()["accepted"]) == mails
    verdict(f"80 ms, {_name(url)}, times the package", rate / loop, 40, f"{rate:,.0f} and {loop:.1f} mails/s")


def package_in_a_loop(office: PostOffice, house: House, now: datetime, mails: int) -> float:
    """Mails per second that the package posts one after the other, written beforehand."""
    import sendgrid

    payloads = [payload_of(letter) for letter in letters_of(house, head_of_queue(house, mails), now)]
    client = sendgrid.SendGridAPIClient(api_key="SG.bench", host=office.host)
    began = time.perf_counter()
    for payload in payloads:
        assert client.send(payload).status_code == 202
    return mails / (time.perf_counter() - began)


def bench_workers(mails: int, url: str) -> None:
    """At 80 ms on PostgreSQL: what a second process adds, each with as many requests in flight as one may have."""
    rates = []
    for workers in (1, 2):
        with opened_post_office(0.08) as office, house_with(mails, posting(office, 40), url) as (house, now):
            house.database.close()
            began = time.perf_counter()
            children = [_worker(house, now) for _ in range(workers)]
            assert [os.waitpid(child, 0)[1] for child in children] == [0] * workers
            rates.append(mails / (time.perf_counter() - began))
            found = office.record()["accepted"]
            assert len(found) == len(set(found)) == mails
            with house.database.write() as db:
                wipe(db)
    verdict("a second process, PostgreSQL", rates[1] / rates[0], 1.3, f"{rates[0]:,.0f} and {rates[1]:,.0f} mails/s")


def wipe(db: object) -> None:
    """Empty the tables, so that the next house begins anew."""
    from cohortflow.store.tables import metadata

    for table in reversed(metadata.sorted_tables):
        db.execute(table.delete())  # type: ignore[attr-defined]


def _worker(house: House, now: datetime) -> int:
    child = os.fork()
    if child:
        return child
    try:
        house.worker = f"worker-{os.getpid()}"
        deliver_mail_in(house, now)
        house.database.close()
        os._exit(0)
    finally:
        os._exit(1)


def bench_memory(few: int, many: int) -> None:
    """How much larger a process becomes that delivers a hundred times as many mails."""
    peaks = []
    for mails in (few, many):
        with opened_post_office() as office, house_with(0, posting(office)) as (house, now):
            house.database.close()
            # Queued by a child, too: what that takes would stay with this process, and with all that it bears.
            in_a_child(partial(fill_queue, house, mails, now))
            peaks.append(in_a_child(partial(deliver_mail_in, house, now)))
            assert len(office.record()["accepted"]) == mails
    grown = peaks[1] - peaks[0]
    verdict(
        f"memory, {few:,} to {many:,} mails, MB more", grown, 40, f"{peaks[0]:.0f} and {peaks[1]:.0f} MB", at_most=True
    )


def deliver_mail_in(house: House, now: datetime) -> None:
    """Deliver everything, plainly."""
    with plainly(), living_in(house):
        deliver_mail(now)


def in_a_child(work: Callable[[], None]) -> float:
    """Do something in a process of its own; the most memory that it had, in MB."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            work()
            os.write(writing, str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss).encode())
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    os.close(writing)
    peak = int(os.read(reading, 32)) / 1024
    os.close(reading)
    return peak


def bench_outbox(mails: int) -> None:
    """Files written, each exactly once and durable before it counts as accepted: by themselves, and by a delivery."""
    with bench_folder() as folder, house_with(mails, MemoryTransport()) as (house, now):
        alone, house.transport = OutboxTransport(folder / "alone"), OutboxTransport(folder / "whole")
        transport = handed_over(alone, letters_of(house, head_of_queue(house, mails), now), now)
        whole = delivered(house, now)
        for outbox in (alone, house.transport):
            assert len(list(outbox.folder.glob("*.eml"))) == mails
    verdict("outbox, durable, mails/s", mails / transport.seconds, 2000, "letters that are written")
    told = f"rendering and ledger included; {mails / whole.cpu:,.0f} per second of CPU"
    verdict("a delivery into the outbox, mails/s", mails / whole.seconds, 2000, told)


def handed_over(transport: Transport, letters: list[Letter], now: datetime) -> Took:
    """What it takes to hand letters over, in batches as a delivery does."""
    with timed() as taken, opened(transport) as window:
        accepted = 0
        for start in range(0, len(letters), BATCH):
            for letter in letters[start : start + BATCH]:
                window.put(letter, now, float("inf"))
            accepted += len(window.outcomes(0 if window.room else BATCH))
        accepted += len(window.outcomes(len(letters) - accepted))
    assert accepted == len(letters)
    return taken[0]


def verdict(what: str, figure: float, limit: float, told: str, *, at_most: bool = False) -> None:
    """One line."""
    kept = figure <= limit if at_most else figure >= limit
    sign = "<=" if at_most else ">="
    print(f"{what:<44}{figure:10.2f}   {sign} {limit:<6} {'reached' if kept else 'MISSED':<8} {told}", flush=True)


def main() -> None:
    """Run what the options ask for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mails", type=int, default=3000)
    options.add_argument("--many", type=int, default=100_000)
    options.add_argument("--only", default="ledger,latency,workers,memory,outbox")
    options.add_argument("--databases", default="sqlite,postgres")
    given = options.parse_args()
    chosen, kinds = given.only.split(","), given.databases.split(",")
    if "outbox" in chosen:
        bench_outbox(given.mails)  # first, for the others delete thousands of files
    with ExitStack() as stack:
        cluster = stack.enter_context(started_cluster() if "postgres" in kinds else nullcontext())
        for kind in kinds:
            url = "" if kind == "sqlite" else cluster.url(cluster.create())
            if "ledger" in chosen:
                bench_ledger(given.mails, url or "")
            if "latency" in chosen:
                bench_latency(given.mails, url and cluster.url(cluster.create()))
            if "workers" in chosen and url:
                bench_workers(given.mails, cluster.url(cluster.create()))
    if "memory" in chosen:
        bench_memory(1000, given.many)


if __name__ == "__main__":
    main()
