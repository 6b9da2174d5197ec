"""Transactions: all or nothing, one moment for a reader, and no deadlock among writers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from scene_files import COHORT
from store_rows import MONDAY, add, intent, occasion, only, put_in_queue, rows, write_down

from cohortflow.store import claiming, cohorts, occasions
from cohortflow.store.database import Database
from cohortflow.store.record import Overtaken
from schemas.changes import Changes


def test_a_reader_sees_one_moment(running: Database) -> None:
    with running.read() as db:
        before = occasions.states(db, COHORT)
        add(running, occasion())
        assert occasions.states(db, COHORT) == before == {}

    with running.read() as db:
        assert occasions.states(db, COHORT) == {("recruit.opens", "-"): "pending"}


def test_what_fails_leaves_nothing(running: Database) -> None:
    with pytest.raises(ZeroDivisionError), running.write() as db:
        occasions.insert(db, COHORT, [occasion()], "hash", MONDAY)
        cohorts.change(db, COHORT, state="closed")
        raise ZeroDivisionError

    assert rows(running, "occasions") == [] and only(running, "cohorts")["state"] == "running"


def test_writers_wait_for_each_other(running: Database) -> None:
    def write(number: int) -> None:
        with running.write() as db:
            row = cohorts.read_row(db, COHORT)
            assert row is not None
            cohorts.change(db, COHORT, refused_line=str(number))
            occasions.insert(db, COHORT, [occasion(f"recruit.reminder#{number}")], "hash", MONDAY)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(24)))

    assert len(rows(running, "occasions")) == 24
    assert only(running, "cohorts")["version"] == 25


def test_a_decision_does_not_wait_for_a_mail_that_is_being_claimed(running: Database) -> None:
    put_in_queue(running, intent())
    called_off = Changes(mails={only(running, "messages")["message_id"]: {"state": "cancelled", "reason": "off"}})

    with ThreadPoolExecutor(1) as pool:
        with running.write() as delivery:
            # Its notes, for which it will want the cohort's row, come at its end.
            batch, _ = claiming.claim_batch(delivery, MONDAY, owner="one", lease_seconds=60, notes={})
            deciding = pool.submit(write_down, running, called_off)
            if not running.is_sqlite:  # which lets nobody write beside it anyway
                with pytest.raises(Overtaken):
                    deciding.result(20)
        with pytest.raises(Overtaken):
            deciding.result(20)

    assert len(batch) == 1 and only(running, "messages")["state"] == "sending"


def test_a_change_on_an_old_version_is_no_change(running: Database) -> None:
    with running.write() as db:
        assert cohorts.change(db, COHORT, version=1, refused_line="first")
        assert not cohorts.change(db, COHORT, version=1, refused_line="second")

    assert only(running, "cohorts")["refused_line"] == "first"
