"""The mail ledger: claimed once, asked again inside the claim, marked by its owner alone, never lost track of."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from scene_files import COHORT
from store_rows import (
    DAY,
    HOUR,
    MONDAY,
    asking,
    change,
    claim_mails,
    intent,
    mark,
    only,
    put_in_queue,
    rows,
    write_down,
)

from cohortflow.store import cohorts, instances, mail_stops, messages
from cohortflow.store.database import Database
from cohortflow.store.tables import suppressions
from schemas.changes import Changes, NewAnswer

NOW = MONDAY


def state_of(database: Database) -> tuple[str, str | None]:
    row = only(database, "messages")
    return row["state"], row["reason"]


def lapse(database: Database) -> list[messages.Message]:
    with database.write() as db:
        return messages.lapse(db, NOW)


def test_a_mail_is_claimed_once(running: Database) -> None:
    put_in_queue(running, intent("T01"), intent("T02"))

    (first, _), (second, _) = claim_mails(running), claim_mails(running, owner="two")

    assert len(first) == 2 and second == []
    assert {row["state"] for row in rows(running, "messages")} == {"sending"}


def test_many_workers_never_claim_the_same_mail(running: Database) -> None:
    put_in_queue(running, *(intent(f"P{n:02}") for n in range(40)))

    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda n: claim_mails(running, owner=str(n), size=3)[0], range(40)))

    claimed = [each.message_id for batch in batches for each in batch]
    assert len(claimed) == len(set(claimed)) == 40


def test_a_batch_is_no_larger_than_asked(running: Database) -> None:
    put_in_queue(running, *(intent(f"P{n}") for n in range(5)))

    assert [len(claim_mails(running, size=2)[0]) for _ in range(4)] == [2, 2, 1, 0]


def test_nothing_goes_before_its_instant(running: Database) -> None:
    put_in_queue(running, intent(not_before=NOW + HOUR))

    assert claim_mails(running, NOW) == ([], {})
    with running.read() as db:
        assert messages.waiting(db, NOW) == 0 and messages.next_instant(db) == NOW + HOUR
        assert messages.waiting(db, NOW + HOUR) == 1


@pytest.mark.parametrize("columns", [{"state": "held"}, {"roster_hold": "the roster is old"}])
def test_a_held_cohort_sends_only_what_is_urgent(running: Database, columns: dict[str, str]) -> None:
    put_in_queue(running, intent("T01"), intent("role:owner", role="owner", urgent=True))
    with running.write() as db:
        cohorts.change(db, COHORT, **columns)

    assert [each.person_id for each in claim_mails(running)[0]] == ["role:owner"]


@pytest.mark.parametrize(
    ("person", "participant", "told"),
    [
        ({"status": "left"}, {}, ("cancelled", "the reader has left")),
        ({"status": "on_leave"}, {}, ("cancelled", "the reader is on leave")),
        ({}, {"state": "withdrawn"}, ("cancelled", "the reader has left")),
        ({}, {"state": "left"}, ("cancelled", "the reader has left")),
    ],
)
def test_who_is_gone_gets_no_mail(
    running: Database, person: dict[str, str], participant: dict[str, str], told: tuple[str, str]
) -> None:
    write_down(running, Changes(participants={"T01": {"role": "mentee", "may_be": "mentee", "state": "invited"}}))
    put_in_queue(running, intent("T01"))
    for table, values in (("people", person), ("participants", participant)):
        if values:
            change(running, table, **values)

    assert claim_mails(running) == ([], {told[0]: 1})
    assert state_of(running) == told


def test_a_reminder_does_not_reach_who_has_answered(running: Database) -> None:
    put_in_queue(running, asking("T01"), asking("T02"))
    answer = NewAnswer("recruit", "apply", "T01", "-", {}, NOW, "test")
    write_down(running, Changes(answers=[answer]))

    claimed, stopped = claim_mails(running)

    assert [each.person_id for each in claimed] == ["T02"] and stopped == {"cancelled": 1}


def test_what_came_too_late_expires(running: Database) -> None:
    put_in_queue(running, intent(expires_at=NOW))

    assert claim_mails(running, NOW) == ([], {"expired": 1})
    assert state_of(running) == ("expired", "too late to be of use")


def test_a_barred_address_gets_no_mail(running: Database) -> None:
    put_in_queue(running, intent("T01"), intent("T02"))
    with running.write() as db:
        barred = mail_stops.address_hash(instances.read_secret(db), " T01@ACME.example ")
        db.execute(suppressions.insert().values(address_hash=barred, reason="bounced", since=NOW))

    claimed, stopped = claim_mails(running)

    assert [each.person_id for each in claimed] == ["T02"] and stopped == {"suppressed": 1}


def test_at_night_a_mail_waits_for_its_readers_morning(running: Database) -> None:
    put_in_queue(running, intent("T01"))

    assert claim_mails(running, NOW + timedelta(hours=10)) == ([], {"postponed": 1})
    assert only(running, "messages")["not_before"] == (NOW + DAY).replace(hour=8)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("accepted", "accepted"), ("refused", "refused"), ("unknown", "unknown"), ("retry", "queued")],
)
def test_a_claimed_mail_is_marked_with_what_became_of_it(running: Database, outcome: str, state: str) -> None:
    put_in_queue(running, intent())
    (held,), _ = claim_mails(running)

    assert mark(running, held, outcome) == 1

    row = only(running, "messages")
    assert (row["state"], row["lease_owner"], row["lease_until"]) == (state, None, None)
    assert row["sent_at"] == (NOW if outcome == "accepted" else None)
    assert only(running, "message_attempts")["outcome"] == outcome


def test_what_was_surely_not_sent_is_tried_later_each_time_and_then_refused(running: Database) -> None:
    put_in_queue(running, intent())
    waits, now = [], NOW
    for _ in range(3):
        (held,), _ = claim_mails(running, now)
        mark(running, held, "retry", now)
        waits.append(only(running, "messages")["retry_at"] - now)
        assert claim_mails(running, now) == ([], {})
        now = only(running, "messages")["retry_at"]
    (held,), _ = claim_mails(running, now)
    mark(running, held, "retry", now)

    assert waits == sorted(waits) and len(set(waits)) == 3
    assert state_of(running)[0] == "refused" and len(rows(running, "message_attempts")) == 4


def test_a_vanished_sender_leaves_an_unknown_mail_and_never_a_queued_one(running: Database) -> None:
    put_in_queue(running, intent())
    claim_mails(running)
    assert lapse(running) == [] and state_of(running)[0] == "sending"

    change(running, "messages", lease_until=0)
    with running.read() as db:
        assert messages.any_in_doubt(db)
    (doubtful,) = lapse(running)

    assert doubtful.fence == 2 and state_of(running) == ("unknown", "the sender stopped before it could tell")
    assert claim_mails(running, NOW + DAY) == ([], {}) and [each.fence for each in lapse(running)] == [2]


def test_a_sender_that_wakes_up_late_changes_nothing(running: Database) -> None:
    put_in_queue(running, intent())
    (held,), _ = claim_mails(running)
    change(running, "messages", lease_until=0)
    lapse(running)
    before = only(running, "messages")

    assert mark(running, held, "retry") == 0

    assert only(running, "messages") == before


@pytest.mark.parametrize(("accepted", "state"), [(True, "accepted"), (False, "queued")])
def test_evidence_settles_an_unknown_mail_once(running: Database, accepted: bool, state: str) -> None:
    put_in_queue(running, intent())
    claim_mails(running)
    change(running, "messages", lease_until=0)
    (doubtful,) = lapse(running)

    def settle(accepted: bool) -> bool:
        with running.write() as db:
            return messages.settle(db, doubtful, accepted=accepted, now=NOW, actor="transport")

    assert settle(accepted) and not settle(not accepted)
    assert state_of(running) == (state, None)


def test_counts_are_told_by_state(running: Database) -> None:
    put_in_queue(running, intent("T01"), intent("T02"))
    claim_mails(running, size=1)

    with running.read() as db:
        found: dict[str, Any] = messages.counts(db)
        assert found == messages.counts(db, COHORT) == {"queued": 1, "sending": 1}
        assert messages.counts(db, "another/cohort") == {}
