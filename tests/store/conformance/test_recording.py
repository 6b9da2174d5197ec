"""One transaction for one decision: everything it writes, or nothing; the same key a second time is the same mail."""

from typing import Any

import pytest
import sqlalchemy as sa
from scene_files import COHORT
from store_rows import MONDAY, add, asking, change, claim, intent, occasion, only, put_in_queue, rows, write_down

from cohortflow.store import instances
from cohortflow.store.database import Database
from cohortflow.store.record import Overtaken
from schemas.changes import Changes, NewAnswer, NewMatch, Note

TABLES = ("cohorts", "participants", "matches", "answers", "messages", "occasions", "events")


def a_bit_of_everything(**other: Any) -> Changes:
    """A decision that writes to every table."""
    answer = NewAnswer("recruit", "apply", "T01", "-", {"consent": True}, MONDAY, "test")
    given: dict[str, Any] = {
        "notes": [Note("cohort.begun", counts={"invited": 2})],
        "participants": {"T01": {"role": "mentee", "may_be": "mentee", "state": "matched"},
                         "M01": {"role": "mentor", "may_be": "mentor", "state": "matched"}},
        "new_matches": [NewMatch("T01", "M01", 80, ("You both speak German",))],
        "answers": [answer],
        "intents": [intent("T01"), intent("M01")],
        "occasions": [occasion("match.rematch", about="m-1")],
        "cohort": {"refused_line": "seen"},
    }  # fmt: skip
    return Changes(**{**given, **other})


def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    return {table: rows(database, table) for table in TABLES}


def test_a_decision_is_written_whole(running: Database) -> None:
    add(running, occasion(), occasion("recruit.invite#1", waits_for="recruit.opens"))
    held = claim(running)

    write_down(running, a_bit_of_everything(), held=held)

    written = everything(running)
    assert [len(written[table]) for table in TABLES] == [1, 2, 1, 1, 2, 3, 2]
    assert written["occasions"][0]["state"] == "done" and written["occasions"][1]["ready_at"] == MONDAY
    assert [event["kind"] for event in written["events"]] == ["cohort.begun", "occasion.done"]


def test_a_decision_on_an_old_version_is_not_written(running: Database) -> None:
    before = everything(running)

    with pytest.raises(Overtaken):
        write_down(running, a_bit_of_everything(), version=0)

    assert everything(running) == before


def test_a_decision_whose_claim_is_lost_is_not_written(running: Database) -> None:
    add(running, occasion())
    stale = claim(running)
    change(running, "occasions", lease_until=0)
    assert claim(running, owner="two") is not None
    before = everything(running)

    with pytest.raises(Overtaken):
        write_down(running, a_bit_of_everything(), held=stale)

    assert everything(running) == before


def test_a_decision_the_tables_refuse_leaves_nothing(running: Database) -> None:
    before = everything(running)
    himself = NewMatch("T01", "T01", 80, ())

    with pytest.raises(sa.exc.IntegrityError):
        write_down(running, a_bit_of_everything(new_matches=[himself]))

    assert everything(running) == before


def test_nobody_has_two_live_matches_as_a_mentee(running: Database) -> None:
    write_down(running, a_bit_of_everything())

    with pytest.raises(sa.exc.IntegrityError):
        write_down(running, Changes(new_matches=[NewMatch("T01", "M02", 70, ())]))

    change(running, "matches", state="ended")
    write_down(running, Changes(new_matches=[NewMatch("T01", "M02", 70, (), 2)]))


def test_a_skipped_occasion_keeps_its_reason(running: Database) -> None:
    add(running, occasion())
    write_down(running, Changes(skipped_because="nobody to write to"), held=claim(running))

    row = only(running, "occasions")
    assert (row["state"], row["reason"]) == ("skipped", "nobody to write to")
    assert only(running, "events")["counts"] == {"reason": "nobody to write to"}


def test_a_mail_is_queued_once_by_its_key(running: Database) -> None:
    assert put_in_queue(running, intent("T01"), intent("T01"), intent("T02")) == 2
    assert put_in_queue(running, intent("T01", language="de", due_at=MONDAY.replace(hour=20))) == 0
    assert put_in_queue(running, intent("T01", about="m-1"), asking("T01"), intent("T01", occasion="other#1")) == 3

    assert [row["language"] for row in rows(running, "messages")] == ["en"] * 5


def test_message_ids_are_the_same_on_every_database(running: Database) -> None:
    put_in_queue(running, intent("T01"))

    key = (COHORT, "recruit.invite#1", "invite", "T01", "-")
    assert only(running, "messages")["message_id"] == instances.opaque_id("a test", *key)


def test_an_answer_given_anew_is_another_revision(running: Database) -> None:
    answers = [NewAnswer("recruit", "apply", "T01", "-", {"n": n}, MONDAY, "test") for n in range(2)]
    write_down(running, Changes(answers=answers[:1]))
    write_down(running, Changes(answers=answers[1:]))

    kept = sorted((row["revision"], row["is_current"], row["body"]) for row in rows(running, "answers"))
    assert kept == [(1, False, {"n": 0}), (2, True, {"n": 1})]


def test_participants_are_changed_by_naming_columns(running: Database) -> None:
    write_down(running, a_bit_of_everything())
    write_down(running, Changes(participants={"T01": {"state": "left", "left_at": MONDAY}}))

    kept = {row["person_id"]: row for row in rows(running, "participants")}
    assert (kept["T01"]["state"], kept["T01"]["role"], kept["T01"]["left_at"]) == ("left", "mentee", MONDAY)
    assert kept["M01"]["cohort_id"] == COHORT and kept["M01"]["state"] == "matched"
