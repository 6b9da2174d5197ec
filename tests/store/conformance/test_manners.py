"""Asked inside the claim, on both databases: how much one person gets, and what people have refused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from scene_files import COHORT
from store_rows import DAY, HOUR, MONDAY, change, claim_mails, intent, mark, put_in_queue, rows

from cohortflow.store import cohorts, frames, instances, lateness, mail_stops, opt_outs, suppressed
from cohortflow.store.database import Database
from cohortflow.store.mail_limits import free_at
from cohortflow.store.opt_outs import Refusal
from schemas.changes import Intent
from schemas.phrases import AtMost

WEEK = 7 * DAY
ALUMNI = {"template": "alumni_invite", "stage": "close", "mail_class": "optional"}


def numbered(n: int, person_id: str = "T01", **other: Any) -> Intent:
    """One of several mails to somebody; a reminder unless said."""
    return intent(person_id, **{"occasion": f"recruit.reminder#{n}", "mail_class": "reminder", **other})


def send_all(database: Database, now: Any = MONDAY) -> list[str]:
    """Claim and mark what may go; the occasions of what went."""
    claimed, _ = claim_mails(database, now)
    for held in claimed:
        mark(database, held, now=now)
    return sorted(held.occasion for held in claimed)


def states(database: Database) -> dict[str, tuple[str, str | None]]:
    return {row["occasion"]: (row["state"], row["reason"]) for row in rows(database, "messages")}


def refuse(database: Database, person_id: str, scope: str) -> bool:
    with database.write() as db:
        return opt_outs.refuse(db, Refusal(person_id, scope, COHORT, "en", "-"), MONDAY, "link")


def test_the_third_reminder_of_a_week_waits_until_the_first_is_a_week_old(running: Database) -> None:
    put_in_queue(running, *(numbered(n) for n in (1, 2, 3)))

    assert len(send_all(running)) == 2
    (waiting,) = (row for row in rows(running, "messages") if row["state"] == "queued")
    assert waiting["not_before"] == MONDAY + WEEK
    assert send_all(running, MONDAY + WEEK - HOUR) == []
    assert send_all(running, MONDAY + WEEK) == [waiting["occasion"]]


def test_what_would_be_too_late_by_then_expires_with_the_reason(running: Database) -> None:
    put_in_queue(running, *(numbered(n, expires_at=MONDAY + 3 * DAY) for n in (1, 2, 3)))

    assert len(send_all(running)) == 2
    (reason,) = (reason for state, reason in states(running).values() if state == "expired")
    assert reason == "the reader gets at most 2 mails in 7 days, and after that it would be of no use"


def test_what_is_due_to_a_person_always_goes_and_counts(running: Database) -> None:
    put_in_queue(running, *(numbered(n, mail_class="service") for n in (1, 2, 3)))
    assert len(send_all(running)) == 3

    put_in_queue(running, numbered(4), numbered(5, mail_class="service"))

    assert send_all(running) == ["recruit.reminder#5"]
    assert states(running)["recruit.reminder#4"] == ("queued", None)


def test_service_mail_of_the_same_batch_counts_too(running: Database) -> None:
    put_in_queue(running, numbered(9), *(numbered(n, mail_class="service") for n in (1, 2)))

    assert send_all(running) == ["recruit.reminder#1", "recruit.reminder#2"]


def test_the_limit_is_each_readers_own(running: Database) -> None:
    put_in_queue(running, *(numbered(n, person) for n in (1, 2, 3) for person in ("T01", "T02")))

    assert len(send_all(running)) == 4


def test_a_mail_whose_fate_is_unknown_counts(running: Database) -> None:
    put_in_queue(running, numbered(1), numbered(2))
    for held in claim_mails(running)[0]:
        mark(running, held, "unknown")

    put_in_queue(running, numbered(3))

    assert send_all(running) == []


def test_two_workers_at_once_keep_to_the_limit(running: Database) -> None:
    put_in_queue(running, *(numbered(n) for n in range(8)))

    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda n: claim_mails(running, owner=str(n), size=1)[0], range(8)))

    assert len([held for batch in batches for held in batch]) == 2


@pytest.mark.parametrize(
    ("ages", "limit", "wait"),
    [
        ((), AtMost(2, 7), 0),
        ((0,), AtMost(2, 7), 0),
        ((0, 1), AtMost(2, 7), 6),
        ((0, 1, 2, 3), AtMost(2, 7), 6),
        ((6, 7), AtMost(2, 7), 0),
        ((6, 6), AtMost(2, 7), 1),
        ((0,), AtMost(1, 1), 1),
    ],
)
def test_when_one_more_mail_is_within_the_limit(ages: tuple[int, ...], limit: AtMost, wait: int) -> None:
    assert free_at([MONDAY - age * DAY for age in ages], limit, MONDAY) == MONDAY + timedelta(days=wait)


# --- refused ------------------------------------------------------------------------------------------------------


def test_who_refused_reminders_gets_none_and_service_mail_all_the_same(running: Database) -> None:
    put_in_queue(running, numbered(1), numbered(2, "T02"), numbered(3, mail_class="service"), intent(**ALUMNI))

    assert refuse(running, "T01", "reminders") and not refuse(running, "T01", "reminders")

    assert send_all(running) == ["recruit.invite#1", "recruit.reminder#2", "recruit.reminder#3"]
    assert states(running)["recruit.reminder#1"] == ("suppressed", "the reader wants no more mails like this one")
    assert len([row for row in rows(running, "events") if row["kind"] == "mail.opted_out"]) == 1


def test_mails_for_former_participants_are_refused_by_themselves(running: Database) -> None:
    put_in_queue(running, numbered(1), intent(**ALUMNI))
    refuse(running, "T01", "alumni")

    assert send_all(running) == ["recruit.reminder#1"]


def test_a_link_refuses_only_what_it_was_made_for(running: Database) -> None:
    put_in_queue(running, numbered(1), numbered(2, "T02"), numbered(3, mail_class="service"))
    ids = {row["occasion"]: row["message_id"] for row in rows(running, "messages")}
    with running.read() as db:
        secret = instances.read_secret(db)
        good = opt_outs.token_for(secret, ids["recruit.reminder#1"], "T01", "reminders")
        read = opt_outs.read_token(db, good)
        assert read is not None and (read.person_id, read.scope) == ("T01", "reminders")
        for at in range(len(good)):
            assert opt_outs.read_token(db, good[:at] + chr(ord(good[at]) ^ 1) + good[at + 1 :]) is None
        others = [
            ids["recruit.reminder#2"] + good[good.index(".") :],
            opt_outs.token_for(secret, ids["recruit.reminder#1"], "T01", "alumni"),
            opt_outs.token_for(secret, ids["recruit.reminder#1"], "T02", "reminders"),
            opt_outs.token_for(secret, ids["recruit.reminder#3"], "T01", "reminders"),
            "",
            ".",
            ids["recruit.reminder#1"],
        ]
        assert [opt_outs.read_token(db, token) for token in others] == [None] * len(others)


def test_an_owners_address_can_be_barred_too(running: Database) -> None:
    put_in_queue(running, intent("role:owner", role="owner"), intent("T02"))
    with running.write() as db:
        known = cohorts.read_row(db, COHORT)
        assert known is not None
        owner = frames.load_cohort(db, known).program.owner
        hashed = mail_stops.address_hash(instances.read_secret(db), owner.upper())
        suppressed.bar(db, [(hashed, suppressed.BOUNCED, MONDAY)])

    assert [held.person_id for held in claim_mails(running)[0]] == ["T02"]


def test_what_corrects_a_calendar_waits_for_who_is_on_leave(running: Database) -> None:
    begins_at = MONDAY + 4 * DAY
    put_in_queue(running, intent("T01", template="invitation_moved", expires_at=begins_at), intent("T01"))
    change(running, "people", status="on_leave")

    assert claim_mails(running) == ([], {"cancelled": 1, "postponed": 1})
    tomorrow = MONDAY.replace(hour=8) + DAY  # nine in Berlin
    assert claim_mails(running, tomorrow - HOUR / 60) == ([], {})
    assert claim_mails(running, tomorrow) == ([], {"postponed": 1})
    change(running, "people", status="active")
    with running.write() as db:
        kept = lateness.kept_for_return(db, tomorrow)
        lateness.ask_again(db, kept, tomorrow)

    (held,), _ = claim_mails(running, tomorrow)
    assert held.template == "invitation_moved"


def test_what_corrects_a_calendar_is_not_sent_once_the_event_has_begun(running: Database) -> None:
    put_in_queue(running, intent("T01", template="invitation_cancelled", expires_at=MONDAY + HOUR))
    change(running, "people", status="on_leave")
    claim_mails(running)
    change(running, "people", status="active")
    with running.write() as db:
        lateness.let_wait(db, COHORT, MONDAY + DAY)

    assert claim_mails(running, MONDAY + DAY) == ([], {"expired": 1})
