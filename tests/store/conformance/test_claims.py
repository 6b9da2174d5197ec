"""Occasions: inserted once, ready at the right instant, claimed by one, given back later each time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from scene_files import COHORT
from store_rows import DAY, HOUR, MONDAY, add, change, claim, finish, occasion, only, rows

from cohortflow.store import cohorts, occasions, rescheduling
from cohortflow.store.database import Database

NOW = MONDAY


def test_an_occasion_is_inserted_once(running: Database) -> None:
    assert add(running, occasion(), occasion("recruit.closes")) == 2
    assert add(running, occasion(due_at=NOW + DAY), occasion("recruit.invite#1")) == 1

    assert [row["due_at"] for row in rows(running, "occasions") if row["key"] == "recruit.opens"] == [NOW]


def test_the_same_key_about_another_match_is_another_occasion(running: Database) -> None:
    assert add(running, occasion(), occasion(about="m-1"), occasion(about="m-2")) == 3


def test_nothing_is_claimed_before_it_is_due(running: Database) -> None:
    add(running, occasion(due_at=NOW + HOUR))

    assert claim(running, NOW) is None
    assert claim(running, NOW + HOUR) is not None


def test_what_waits_is_ready_when_it_may_and_not_before_it_is_due(running: Database) -> None:
    add(
        running,
        occasion("recruit.opens"),
        occasion("recruit.invite#1", NOW - HOUR, waits_for="recruit.opens"),
        occasion("recruit.reminder#1", NOW + DAY, waits_for="recruit.opens"),
    )
    first = claim(running, NOW)
    assert first is not None and first.key == "recruit.opens" and claim(running, NOW) is None

    finish(running, first, NOW + HOUR)

    ready = {row["key"]: row["ready_at"] for row in rows(running, "occasions")}
    assert ready["recruit.invite#1"] == NOW + HOUR  # due long ago: from the moment it may
    assert ready["recruit.reminder#1"] == NOW + DAY  # due later: from its own instant


def test_what_comes_after_something_done_is_ready_at_once(running: Database) -> None:
    add(running, occasion())
    held = claim(running)
    assert held is not None
    finish(running, held, NOW + HOUR)

    add(running, occasion("recruit.invite#1", waits_for="recruit.opens"), now=NOW + DAY)

    assert rows(running, "occasions")[1]["ready_at"] == NOW + HOUR


def test_a_decision_never_falls_ready(running: Database) -> None:
    add(running, occasion(), occasion("match.approval", kind="decision", waits_for="recruit.opens"))
    held = claim(running)
    assert held is not None
    finish(running, held)

    assert rows(running, "occasions")[1]["ready_at"] is None and claim(running, NOW + DAY) is None


def test_occasions_are_claimed_in_the_order_they_fell_ready(running: Database) -> None:
    add(running, occasion("b", NOW), occasion("a", NOW), occasion("c", NOW - HOUR))

    claimed = [claim(running) for _ in range(3)]

    assert [held.key for held in claimed if held] == ["c", "b", "a"]


def test_one_of_many_workers_wins(running: Database) -> None:
    add(running, occasion())

    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda n: claim(running, owner=str(n)), range(8)))

    assert sum(held is not None for held in claimed) == 1


def test_many_workers_share_the_work(running: Database) -> None:
    add(running, *(occasion(f"recruit.mail#{n}") for n in range(12)))

    with ThreadPoolExecutor(4) as pool:
        claimed = [held.key for held in pool.map(lambda n: claim(running), range(40)) if held]

    assert sorted(claimed) == sorted(f"recruit.mail#{n}" for n in range(12))


def test_a_lease_keeps_others_away_until_it_has_run_out(running: Database) -> None:
    add(running, occasion())
    first = claim(running)
    assert first is not None and claim(running, NOW + DAY) is None

    change(running, "occasions", lease_until=0)
    second = claim(running, owner="two")

    assert second is not None and (second.fence, second.attempts) == (2, 2)


def test_a_stale_fence_changes_nothing(running: Database) -> None:
    add(running, occasion())
    first = claim(running)
    change(running, "occasions", lease_until=0)
    second = claim(running, owner="two")
    assert first is not None and second is not None
    before = only(running, "occasions")

    assert not finish(running, first)
    with running.write() as db:
        occasions.fail(db, first, now=NOW, error="woken up late")

    assert only(running, "occasions") == before
    with running.read() as db:
        assert (occasions.is_held(db, first), occasions.is_held(db, second)) == (False, True)
    assert finish(running, second) and not finish(running, second)


def test_failures_are_given_back_later_each_time(running: Database) -> None:
    add(running, occasion())
    waits, now = [], NOW
    for _ in range(6):
        held = claim(running, now)
        assert held is not None
        with running.write() as db:
            occasions.fail(db, held, now=now, error="e" * 999)
        retry_at = only(running, "occasions")["retry_at"]
        waits.append(retry_at - now)
        assert claim(running, retry_at - timedelta(seconds=1)) is None
        now = retry_at

    assert waits == sorted(waits) and waits[0] == timedelta(0) and waits[-1] == waits[-2] == timedelta(hours=6)
    assert len(only(running, "occasions")["last_error"]) == 200


@pytest.mark.parametrize("columns", [{"state": "held"}, {"roster_hold": "the roster is old"}])
def test_nothing_of_a_held_cohort_is_ready(running: Database, columns: dict[str, str]) -> None:
    add(running, occasion())
    with running.write() as db:
        cohorts.change(db, COHORT, **columns)

    assert claim(running, NOW + DAY) is None
    with running.read() as db:
        assert occasions.ready_work(db, NOW + DAY) == {} and occasions.next_instant(db) is None


def test_ready_work_names_each_stage_once(running: Database) -> None:
    add(running, occasion(), occasion("recruit.invite#1"), occasion("check_in#2.pulse#1", stage="check_in"))

    with running.read() as db:
        assert occasions.ready_work(db, NOW) == {
            "small-circle": [(COHORT, "recruit", "recruit"), (COHORT, "check_in", "check_in#2")]
        }


def test_only_what_nobody_has_in_hand_can_be_moved(running: Database) -> None:
    add(running, occasion("a", NOW), occasion("b", NOW + DAY), occasion("c", NOW + DAY, waits_for="a"))
    assert claim(running) is not None

    with running.write() as db:
        gates = {"a": None, "b": None, "c": "a"}
        items = [occasion(key, NOW + 2 * DAY, waits_for=gate) for key, gate in gates.items()]
        moved = [rescheduling.move(db, COHORT, item, NOW) for item in items]

    assert moved == [False, True, True]
    assert [row["ready_at"] for row in rows(running, "occasions")] == [NOW, NOW + 2 * DAY, None]


def test_closing_without_a_claim_lets_go_what_waited(running: Database) -> None:
    add(running, occasion(kind="decision"), occasion("recruit.invite#1", waits_for="recruit.opens"))

    with running.write() as db:
        assert occasions.close(db, COHORT, "recruit.opens", "-", "done", now=NOW, reason=None)
        assert not occasions.close(db, COHORT, "recruit.opens", "-", "done", now=NOW, reason=None)

    held = claim(running)
    assert held is not None and held.key == "recruit.invite#1"
