"""Mails of alarms: one to each run that was to write it, and one to the same words told twice in a row."""

from datetime import timedelta

from store_rows import MONDAY

from cohortflow.store import canary
from cohortflow.store.database import Database

ALARM, FAILED, OTHER = "a run has failed or crashed", "hold (hold-cohort): Failed.", "resume (resume-cohort): Failed."


def claimed(database: Database, run: str, about: str, minutes: int = 0) -> bool:
    """Whether a run may write the mail of an alarm."""
    with database.write_alone() as db:
        return canary.claim_alarm(db, run, ALARM, about, MONDAY + timedelta(minutes=minutes))


def test_a_run_that_is_repeated_writes_none_however_late(running: Database) -> None:
    assert claimed(running, "first", FAILED)
    assert not claimed(running, "first", FAILED, minutes=60)


def test_the_same_words_by_another_run_are_the_same_alarm_for_ten_minutes(running: Database) -> None:
    assert claimed(running, "first", FAILED)
    assert not claimed(running, "second", FAILED, minutes=9)
    assert claimed(running, "third", OTHER, minutes=9)
    assert claimed(running, "fourth", FAILED, minutes=11)


def test_a_run_told_of_the_same_words_writes_none_when_it_is_repeated_later(running: Database) -> None:
    assert claimed(running, "first", FAILED)
    assert not claimed(running, "second", FAILED, minutes=9)
    assert not claimed(running, "second", FAILED, minutes=60)
    assert claimed(running, "third", FAILED, minutes=11), "the ten minutes begin with the mail"
