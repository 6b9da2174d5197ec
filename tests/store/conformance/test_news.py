"""What is new since the last tick: cohorts first seen, and cohorts held meanwhile, each told once."""

from scene_files import COHORT
from store_rows import HOUR, MONDAY

from cohortflow.store import cohorts, news
from cohortflow.store.database import Database


def test_a_cohort_is_new_until_the_next_tick(running: Database) -> None:
    with running.read() as db:
        assert news.seen_since(db, None) == [COHORT]
        assert news.seen_since(db, MONDAY - HOUR) == [COHORT]
        assert news.seen_since(db, MONDAY) == []


def test_a_hold_is_news_once(running: Database) -> None:
    with running.write() as db:
        cohorts.hold(db, COHORT, "by hand", now=MONDAY + HOUR, actor="role:owner")
    with running.read() as db:
        assert news.held_since(db, MONDAY) == [COHORT]
        assert news.held_since(db, MONDAY + HOUR) == []


def test_a_roster_that_holds_is_news_and_a_resumed_cohort_is_none(running: Database) -> None:
    with running.write() as db:
        cohorts.set_roster_hold(db, [COHORT], "stale", now=MONDAY + HOUR, actor="roster")
    with running.read() as db:
        assert news.held_since(db, MONDAY) == [COHORT]
    with running.write() as db:
        cohorts.set_roster_hold(db, [COHORT], None, now=MONDAY + 2 * HOUR, actor="roster")
    with running.read() as db:
        assert news.held_since(db, MONDAY) == []
