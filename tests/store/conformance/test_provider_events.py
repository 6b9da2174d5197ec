"""What the provider tells, on both databases: counted once, in any order, by several posts at once."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from scene_files import COHORT
from store_rows import MONDAY, change, claim_mails, intent, mark, only, put_in_queue, rows

from cohortflow.store import cohorts, frames, instances, provider_events, suppressed
from cohortflow.store.database import Database
from cohortflow.store.evidence import BOUNCED, DEFERRED, DELIVERED, PROCESSED
from cohortflow.store.mail_stops import address_hash
from cohortflow.store.provider_events import ProviderEvent
from cohortflow.store.tables import people

WEIGHTS = {"processed": PROCESSED, "deferred": DEFERRED, "delivered": DELIVERED, "bounce": BOUNCED}


def happened(message_id: str, person_id: str, kind: str, minute: int = 0) -> ProviderEvent:
    at, bars = MONDAY + timedelta(minutes=minute), suppressed.BOUNCED if kind == "bounce" else ""
    return ProviderEvent(message_id, "sg", kind, at, f"{person_id}@ACME.example", WEIGHTS[kind], bars)


def take_in(database: Database, events: list[ProviderEvent]) -> dict[str, int]:
    with database.write() as db:
        return provider_events.take_in(db, events, MONDAY)


def sent(database: Database) -> dict[str, str]:
    """The mails of the three people, accepted: ids by person."""
    put_in_queue(database, intent("T01"), intent("T02"), intent("M01"))
    claimed, _ = claim_mails(database)
    for held in claimed:
        mark(database, held)
    return {held.person_id: held.message_id for held in claimed}


def test_any_order_and_repetition_ends_in_the_same_state(running: Database) -> None:
    ids = sent(running)
    events = [
        happened(ids[person], person, kind, minute)
        for person in ("T01", "T02")
        for kind in ("processed", "deferred", "delivered")
        for minute in (1, 2)
    ] + [happened(ids["T02"], "T02", "bounce", 3), happened(ids["T02"], "T02", "bounce", 1)]
    chosen = random.Random(3)
    for _ in range(5):
        chosen.shuffle(events)
        take_in(running, events[: chosen.randrange(len(events))] * 2)
    take_in(running, events)

    found = {row["person_id"]: (row["state"], row["reason"]) for row in rows(running, "messages")}
    assert found == {
        "T01": ("delivered", None),
        "T02": ("bounced", "the address bounced"),
        "M01": ("accepted", None),
    }
    (barred,) = rows(running, "suppressions")
    assert barred["since"] == MONDAY + timedelta(minutes=1), "the earliest stands, whichever came first"
    assert len(rows(running, "provider_events")) == len(events)


def test_a_mail_in_flight_that_has_left_is_marked_by_its_sender_no_more(running: Database) -> None:
    put_in_queue(running, intent("T01"))
    (held,), _ = claim_mails(running)
    take_in(running, [happened(held.message_id, "T01", "delivered")])

    assert mark(running, held, "retry") == 0

    (row,), (attempt,) = rows(running, "messages"), rows(running, "message_attempts")
    assert (row["state"], row["sent_at"], attempt["outcome"]) == ("delivered", MONDAY, "accepted")


def test_posts_at_once_count_each_event_once(running: Database) -> None:
    ids = sent(running)
    events = [
        happened(ids[person], person, kind, minute)
        for person in ids
        for kind in ("processed", "delivered", "bounce")
        for minute in range(10)
    ]

    def one(n: int) -> dict[str, int]:
        return take_in(running, random.Random(n).sample(events, len(events)))

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(one, range(4)))

    assert sum(each.get("taken", 0) for each in told) == len(events)
    assert {row["state"] for row in rows(running, "messages")} == {"bounced"}
    with running.read() as db:
        assert provider_events.tallies(db) == {"taken": len(events), "seen before": 3 * len(events)}


@pytest.mark.parametrize("kind", ["delivered", "bounce"])
def test_an_event_finds_a_mail_whose_reader_has_another_address_by_now(running: Database, kind: str) -> None:
    ids = sent(running)
    change(running, "messages", state="unknown")
    with running.write() as db:
        db.execute(people.update().values(email="new-" + people.c.email))

    assert take_in(running, [happened(ids["T01"], "T01", kind)])["taken"] == 1
    assert take_in(running, [happened(ids["T01"], "T02", kind)]) == {"to another address": 1}

    states = {row["person_id"]: row["state"] for row in rows(running, "messages")}
    assert states == {"T01": {"bounce": "bounced"}.get(kind, kind), "T02": "unknown", "M01": "unknown"}
    assert barred(running) == (["t01@acme.example"] if kind == "bounce" else [])


def test_each_attempt_is_remembered_with_its_address(running: Database) -> None:
    put_in_queue(running, intent("T01"))
    (held,), _ = claim_mails(running)
    mark(running, held, "later")
    with running.write() as db:
        db.execute(people.update().values(email="new-" + people.c.email))
    (again,), _ = claim_mails(running, MONDAY + timedelta(hours=1))
    mark(running, again)

    both = [happened(held.message_id, person, "bounce") for person in ("T01", "new-T01")]
    assert take_in(running, both)["taken"] == 2
    assert barred(running) == ["new-t01@acme.example", "t01@acme.example"]


def test_an_event_about_an_owner_of_before_is_believed(running: Database) -> None:
    put_in_queue(running, intent("role:owner", role="owner"))
    (held,), _ = claim_mails(running)
    mark(running, held)
    with running.write() as db:
        known = cohorts.read_row(db, COHORT)
        owner = frames.load_cohort(db, known).program.owner if known else ""
        hashed = address_hash(instances.read_secret(db), owner)
    assert only(running, "message_attempts")["address_hash"] == hashed
    told = ProviderEvent(held.message_id, "sg", "delivered", MONDAY, owner.upper(), DELIVERED)

    assert take_in(running, [told])["taken"] == 1


def test_of_an_attempt_of_an_older_version_the_present_address_is_asked(running: Database) -> None:
    ids = sent(running)
    change(running, "message_attempts", address_hash=None)

    assert take_in(running, [happened(ids["T01"], "T01", "delivered")])["taken"] == 1
    with running.write() as db:
        db.execute(people.update().values(email="new-" + people.c.email))
    assert take_in(running, [happened(ids["T02"], "T02", "delivered")]) == {"to another address": 1}


def barred(database: Database) -> list[str]:
    """The addresses that are barred, of those that the people have or had."""
    known = [f"{new}{person}@acme.example" for new in ("", "new-") for person in ("t01", "t02", "m01")]
    with database.read() as db:
        secret = instances.read_secret(db)
    hashes = {row["address_hash"] for row in rows(database, "suppressions")}
    found = sorted(each for each in known if address_hash(secret, each) in hashes)
    assert len(found) == len(hashes)
    return found


def test_the_graver_reason_stands(running: Database) -> None:
    later = MONDAY + timedelta(days=1)
    with running.write() as db:
        assert suppressed.bar(db, [("a", suppressed.SPAM, later), ("b", suppressed.BOUNCED, later)]) == 2
        assert suppressed.bar(db, [("a", suppressed.BOUNCED, MONDAY), ("b", suppressed.SPAM, later)]) == 0

    found = {row["address_hash"]: (row["reason"], row["since"]) for row in rows(running, "suppressions")}
    assert found == {"a": (suppressed.SPAM, MONDAY), "b": (suppressed.SPAM, later)}
