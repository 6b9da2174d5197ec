"""More mails at once than anybody foresaw: held in the transaction that queues them, and one mail to the owner."""

from datetime import timedelta

import pytest
from scene_files import COHORT
from store_rows import (
    DAY,
    MONDAY,
    add,
    change,
    claim,
    claim_mails,
    finish,
    intent,
    occasion,
    only,
    put_in_queue,
    rows,
)

from cohortflow.store import cohorts, frames
from cohortflow.store.blast_guard import foreseen
from cohortflow.store.database import Database
from schemas.changes import Intent


def invitations(count: int, **other: str) -> list[Intent]:
    return [intent(f"P{n:04}", **other) for n in range(count)]


def limit_to_three(database: Database) -> None:
    """The cohort's line allows three mails a tick."""
    with database.write() as db:
        row = cohorts.read_row(db, COHORT)
        assert row is not None
        cohorts.change(db, COHORT, line={**dict(row.line), "email": {"max_mails_per_tick": "3"}})


def allowed(database: Database, stage: str = "recruit") -> int:
    with database.read() as db:
        row = cohorts.read_row(db, COHORT)
        assert row is not None
        return foreseen(frames.load_cohort(db, row), stage, 0)


def cohort(database: Database) -> dict[str, object]:
    return only(database, "cohorts")


def test_as_many_as_were_foreseen_go(running: Database) -> None:
    put_in_queue(running, *invitations(allowed(running)))

    assert cohort(running)["state"] == "running"
    assert len(claim_mails(running, size=1_000)[0]) == allowed(running)


@pytest.mark.parametrize("stage", ["recruit", "match"])
def test_one_more_and_nothing_leaves_but_a_mail_to_the_owner(running: Database, stage: str) -> None:
    most = allowed(running, stage)
    put_in_queue(running, *invitations(most + 1, stage=stage))

    assert cohort(running)["state"] == "held"
    assert str(cohort(running)["held_reason"]).startswith(f"{most + 1} mails were made ready at once, where {most} are")
    claimed, _ = claim_mails(running, size=1_000)
    assert [(held.person_id, held.template) for held in claimed] == [("role:owner", "cohort_held")]
    kinds = [row["kind"] for row in rows(running, "events")]
    assert kinds[:2] == ["cohort.held", "mail.guarded"]


def test_the_owner_is_told_once_however_often_more_comes(running: Database) -> None:
    most = allowed(running)
    put_in_queue(running, *invitations(most + 1))
    put_in_queue(running, *invitations(most + 50, occasion="recruit.reminder#1"))

    assert len([row for row in rows(running, "messages") if row["template"] == "cohort_held"]) == 1


def test_resumed_all_of_them_go_and_the_next_mistake_is_held_again(running: Database) -> None:
    most = allowed(running)
    put_in_queue(running, *invitations(most + 1))
    with running.write() as db:
        row = cohorts.lock_row(db, COHORT)
        assert row is not None
        cohorts.resume(db, row, now=MONDAY, actor="role:owner")

    assert len(claim_mails(running, size=1_000)[0]) == most + 2
    put_in_queue(running, *invitations(most + 1, occasion="recruit.reminder#1"))
    assert cohort(running)["state"] == "held"
    assert len([row for row in rows(running, "messages") if row["template"] == "cohort_held"]) == 2


def test_the_declared_limit_counts_all_mails_of_a_tick(running: Database) -> None:
    limit_to_three(running)
    put_in_queue(running, *invitations(2), intent("role:owner", role="owner", urgent=True))
    assert cohort(running)["state"] == "running"

    put_in_queue(running, *invitations(2, occasion="recruit.reminder#1"))

    assert cohort(running)["state"] == "held"
    assert "4 mails were made ready at once, where 3" in str(cohort(running)["held_reason"])
    assert "none of them is sent until somebody has looked" in str(cohort(running)["held_reason"])


def test_what_a_delivery_beside_the_tick_has_sent_is_said(running: Database) -> None:
    limit_to_three(running)
    put_in_queue(running, *invitations(2))
    change(running, "messages", state="accepted", sent_at=MONDAY)

    put_in_queue(running, *invitations(2, occasion="recruit.reminder#1"))

    told = str(cohort(running)["held_reason"])
    assert "2 of them had left by then, and no other is sent until somebody has looked" in told


def test_beside_a_tick_no_mail_leaves_before_all_are_counted(running: Database) -> None:
    limit_to_three(running)
    add(running, occasion("recruit.invite#1"), occasion("recruit.reminder#1"))
    first = claim(running)
    assert first is not None and finish(running, first)
    put_in_queue(running, *invitations(2), intent("role:owner", role="owner", urgent=True))

    beside, _ = claim_mails(running)
    assert [message.person_id for message in beside] == ["role:owner"], "what is to be known at once is no part of it"
    second = claim(running)
    assert second is not None and finish(running, second)
    put_in_queue(running, *invitations(2, occasion="recruit.reminder#1"))

    assert cohort(running)["state"] == "held"
    assert "none of them is sent" in str(cohort(running)["held_reason"])


def test_mails_of_a_limited_cohort_go_when_its_tick_is_done_or_has_failed(running: Database) -> None:
    limit_to_three(running)
    add(running, occasion("recruit.invite#1"))
    put_in_queue(running, *invitations(2))
    assert claim_mails(running)[0] == []

    change(running, "occasions", retry_at=MONDAY + DAY)
    assert claim_mails(running, MONDAY)[0] == [], "they are asked again in a minute"
    assert len(claim_mails(running, MONDAY + timedelta(minutes=1))[0]) == 2


def test_a_cohort_that_has_ended_ends_again_when_resumed(running: Database) -> None:
    with running.write() as db:
        cohorts.change(db, COHORT, state="closed", closed_at=MONDAY - DAY)
    put_in_queue(running, *invitations(allowed(running, "close") + 1, stage="close"))
    assert cohort(running)["state"] == "held"

    with running.write() as db:
        row = cohorts.lock_row(db, COHORT)
        assert row is not None
        cohorts.resume(db, row, now=MONDAY, actor="role:owner")

    assert cohort(running)["state"] == "closed"
