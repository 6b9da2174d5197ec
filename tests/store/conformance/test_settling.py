"""Unknown mails: named, settled by a verdict once, and by a rule once; breakers that every worker sees."""

from collections.abc import Callable

import pytest
from store_rows import DAY, MONDAY, claim_mails, intent, only, put_in_queue, rows

from cohortflow.store import breakers, messages, settling
from cohortflow.store.database import Database
from schemas.errors import DataError

NOW = MONDAY


@pytest.fixture
def unknown(running: Database) -> str:
    """The id of a mail that may or may not have left."""
    put_in_queue(running, intent())
    (held,), _ = claim_mails(running)
    with running.write() as db:
        messages.mark(db, [(held, "unknown", "no answer")], NOW, owner="one")
    return held.message_id


def verdict(database: Database, message_id: str, word: settling.Verdict, actor: str = "dana") -> str:
    with database.write() as db:
        return settling.give_verdict(db, message_id, word, NOW + DAY, actor=actor)


def test_an_unknown_mail_is_named_with_what_is_known(running: Database, unknown: str) -> None:
    with running.read() as db:
        (row,) = settling.unknown_mails(db)

    assert (row["message_id"], row["unknown_at"], row["reason"]) == (unknown, NOW, "no answer")
    assert (row["attempts"], row["tried_by"], row["tried_at"]) == (1, "one", NOW)


def test_a_verdict_of_sent_counts_from_when_it_was_tried(running: Database, unknown: str) -> None:
    assert verdict(running, unknown, "sent") == "accepted"

    row = only(running, "messages")
    assert (row["state"], row["sent_at"], row["unknown_at"], row["reason"]) == ("accepted", NOW, None, None)
    assert [each["actor"] for each in rows(running, "message_attempts")] == ["one", "dana"]


def test_a_verdict_of_resend_is_an_attempt_and_then_another(running: Database, unknown: str) -> None:
    verdict(running, unknown, "resend")

    (again,), _ = claim_mails(running, NOW + DAY, owner="two")

    assert again.attempts == 3
    assert [each["actor"] for each in rows(running, "message_attempts")] == ["one", "dana", "two"]


def test_a_verdict_is_given_once(running: Database, unknown: str) -> None:
    verdict(running, unknown, "sent")

    with pytest.raises(DataError, match="is accepted, not unknown"):
        verdict(running, unknown, "resend")


def test_a_rule_waits_its_time_and_speaks_once(running: Database, unknown: str) -> None:
    def overdue(hours: int) -> list[str]:
        with running.read() as db:
            return [row["message_id"] for row in settling.given_up_by_rule(db, NOW + DAY * (hours / 24))]

    assert overdue(-1) == [] and overdue(1) == [unknown]
    verdict(running, unknown, "resend", settling.BY_RULE)
    (held,), _ = claim_mails(running, NOW + DAY)
    with running.write() as db:
        messages.mark(db, [(held, "unknown", "no answer")], NOW + DAY, owner="one")

    assert overdue(100) == []


def test_a_closed_way_never_makes_a_mail_refused(running: Database) -> None:
    put_in_queue(running, intent())
    now = NOW
    for _ in range(6):
        (held,), _ = claim_mails(running, now)
        with running.write() as db:
            messages.mark(db, [(held, "later", "not connected", 60)], now, owner="one")
        assert claim_mails(running, now) == ([], {})
        now = only(running, "messages")["retry_at"]

    assert only(running, "messages")["state"] == "queued" and only(running, "messages")["failures"] == 0


def test_a_breaker_holds_for_its_key_until_it_is_closed(running: Database) -> None:
    def within(do: Callable[..., object], *given: object, **named: object) -> object:
        with running.write() as db:
            return do(db, *given, **named)

    for code in ("401", "403"):
        within(breakers.trip, "sendgrid", "key", code, NOW, actor="one")

    assert within(breakers.tripped, "sendgrid", "key") == "401"
    assert within(breakers.tripped, "sendgrid", "another key") is None
    assert within(breakers.close, NOW, actor="dana") == 1
    assert within(breakers.tripped, "sendgrid", "key") is None
    within(breakers.trip, "sendgrid", "key", "403", NOW, actor="one")
    assert within(breakers.tripped, "sendgrid", "key") == "403"
