"""A database that is down, slow, frozen, full or started anew under load: plain words, nothing twice, nothing lost."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from small_town import OPENS, TICK, Town, Worker, founded, until
from throwaway_postgres import Power, powered_cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PROGRAMS = ("circle-a", "circle-b")
EVERYBODY = dict.fromkeys(PROGRAMS, 60)
LEASE = 2


@pytest.fixture(scope="module")
def power() -> Iterator[Power]:
    """A PostgreSQL that may be switched off."""
    with powered_cluster() as found:
        yield found


@pytest.fixture
def powered_town(tmp_path: Path, power: Power) -> Iterator[Town]:
    """A town on it; what is committed there survives."""
    name = power.cluster.create()
    with founded(tmp_path, power.cluster.url(name), durable=True) as found:
        yield found
    power.cluster.drop(name)


@contextmanager
def locked(town: Town) -> Iterator[None]:
    """Somebody holds what every worker writes."""
    with town.database.write() as db:
        if not town.database.is_sqlite:
            db.execute(sa.text("lock table messages, occasions in access exclusive mode"))
        yield


def insist_that_all_are_invited(town: Town) -> None:
    """In the end, everybody has one invitation and every invariant holds."""
    assert town.invited(*PROGRAMS) == EVERYBODY, town.told()
    town.insist()


def asked(town: Town, query: sa.TextClause) -> int:
    """A number, asked for in a transaction of its own."""
    with town.database.read() as db:
        return int(db.execute(query).scalar_one())


def told_plainly(worker: Worker, words: str) -> bool:
    """Whether a worker failed with a sentence and no traceback."""
    return worker.code == 1 and words in worker.said() and "Traceback" not in worker.said()


@pytest.mark.postgres
def test_a_database_that_is_down_is_waited_for(powered_town: Town, power: Power) -> None:
    powered_town.let_it_be(OPENS)
    power.cut()
    failed = powered_town.tick()
    power.back()

    assert told_plainly(failed, "the database cannot be reached"), failed.said()
    powered_town.settle()
    insist_that_all_are_invited(powered_town)


@pytest.mark.postgres
def test_a_database_started_anew_under_load_loses_nothing(powered_town: Town, power: Power) -> None:
    powered_town.let_it_be(OPENS)
    workers = [powered_town.start() for _ in range(2)]
    until("letters go out", powered_town.letters)  # of either: the other may find nothing left to claim
    power.cut()
    for worker in workers:
        worker.ended()
        assert worker.code == 0 or "Traceback" not in worker.said(), worker.said()
    before = powered_town.letters()
    power.back()

    powered_town.settle()
    assert before.items() <= powered_town.letters().items()
    insist_that_all_are_invited(powered_town)


@pytest.mark.postgres
def test_a_database_that_freezes_is_sat_out(powered_town: Town, power: Power) -> None:
    powered_town.let_it_be(OPENS)
    worker = powered_town.asleep_while_sending()
    power.freeze()
    worker.wake()
    time.sleep(LEASE)
    assert not worker.is_over()
    power.thaw()

    assert worker.ended() == 0, worker.said()
    powered_town.settle()
    insist_that_all_are_invited(powered_town)


def test_a_slow_database_is_waited_for(town: Town) -> None:
    town.let_it_be(OPENS)
    with locked(town):
        worker = town.start(*TICK)  # a fork would share what SQLite knows of its locks
        time.sleep(8)
        assert not worker.is_over(), worker.said()

    assert worker.ended() == 0, worker.said()
    town.settle()
    insist_that_all_are_invited(town)


def test_a_database_locked_for_too_long_fails_in_plain_words(town: Town) -> None:
    town.let_it_be(OPENS)
    with locked(town):
        failed = town.tick(None, *TICK, database_timeout=1)

    assert told_plainly(failed, "the database is locked"), failed.said()
    assert town.count("messages") == 0
    town.settle()
    insist_that_all_are_invited(town)


def test_a_full_disk_fails_in_plain_words(tmp_path: Path) -> None:
    with founded(tmp_path, f"sqlite:///{tmp_path / 'var' / 'cohortflow.db'}") as town:
        town.let_it_be(OPENS)
        failed = town.tick(largest_file=50_000)

        assert failed.code == 1 and "Traceback" not in failed.said()
        assert "the database is full" in failed.said()
        town.settle()
        insist_that_all_are_invited(town)


@pytest.mark.postgres
def test_a_full_postgresql_fails_in_plain_words(shared_town: Town) -> None:
    shared_town.let_it_be(OPENS)
    with shared_town.database.write() as db:
        db.execute(sa.text(FULL))
    failed = shared_town.tick()
    with shared_town.database.write() as db:
        db.execute(sa.text("drop trigger full_disk on messages"))

    assert failed.code == 1 and "the database is full" in failed.said(), failed.said()
    assert shared_town.count("messages") == 0
    shared_town.settle()
    insist_that_all_are_invited(shared_town)


FULL = """
create function full_disk() returns trigger language plpgsql as
$$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$;
create trigger full_disk before insert on messages execute function full_disk()
"""


@pytest.mark.postgres
def test_a_worker_asleep_in_a_transaction_does_not_keep_others_waiting(shared_town: Town) -> None:
    shared_town.let_it_be(OPENS)
    sleeper = shared_town.start(database_timeout=2, lease_seconds=1)
    until(
        "an occasion is claimed", lambda: [row for row in shared_town.rows("occasions") if row["lease_owner"]], sleeper
    )
    with shared_town.database.write() as db:
        # It has changed the cohort's row, and waits here to read the secret of its mails.
        db.execute(sa.text("lock table instance in access exclusive mode"))
        waiting = sa.text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
        until("the worker waits", lambda: asked(shared_town, waiting), sleeper)
        sleeper.sleep()
    time.sleep(10)

    shared_town.settle()
    insist_that_all_are_invited(shared_town)
    sleeper.wake()
    sleeper.ended()
    assert "Traceback" not in sleeper.said()
    insist_that_all_are_invited(shared_town)
