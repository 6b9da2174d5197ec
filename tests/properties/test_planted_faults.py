"""Proof that the checks of random lives see a fault: a wrong row beside right ones, and each check goes red."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from invariants import Seen
from properties.lives import Life, Post, begin, ticking
from properties.transitions import CHANGES, Moment, complaints
from scenes import enter, utc
from story import Story

from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.transports import Outcome
from cohortflow.store.tables import occasions
from schemas.settings import CHECKOUT

pytestmark = pytest.mark.slow

Rows = dict[str, list[dict[str, Any]]]
A_DAY = timedelta(days=1)


def one(rows: list[dict[str, Any]], **where: object) -> dict[str, Any]:
    """The first row that says so."""
    return next(row for row in rows if all(row[name] == value for name, value in where.items()))


def a_message_with_a_key_twice(before: Rows, after: Rows) -> None:
    after["messages"].append({**after["messages"][0], "message_id": "another"})


def an_occasion_done_without_its_mails(before: Rows, after: Rows) -> None:
    one(after["occasions"], key="check_in#2.pulse#1").update(state="done", done_at=utc(2027, 5, 1))


def a_stale_fence(before: Rows, after: Rows) -> None:
    one(after["occasions"], key="recruit.opens").update(fence=0)


def an_accepted_mail_queued_again(before: Rows, after: Rows) -> None:
    one(after["messages"], state="accepted").update(state="queued", sent_at=None)


def a_mail_to_somebody_who_has_left(before: Rows, after: Rows) -> None:
    mail = one(before["messages"], person_id="T01", state="accepted")
    mail.update(state="queued")
    one(after["people"], person_id="T01").update(status="left", updated_on=utc(2027, 3, 30).date())


def a_match_above_capacity(before: Rows, after: Rows) -> None:
    match = one(after["matches"], state="active")
    extra = [{**match, "match_id": f"m-{n}", "mentee_id": f"X{n}"} for n in range(3)]
    after["matches"].extend(extra)


def a_match_that_changed_hands(before: Rows, after: Rows) -> None:
    mentors = sorted({row["mentor_id"] for row in after["matches"]})
    match = after["matches"][0]
    match["mentor_id"] = next(each for each in mentors if each != match["mentor_id"])


def a_second_end_of_an_occasion(before: Rows, after: Rows) -> None:
    line = one(after["events"], kind="occasion.done")
    after["events"].append({**line, "seq": 10_000})


def a_clock_that_forgot_its_last_tick(before: Rows, after: Rows) -> None:
    after["instance"][0]["last_tick_at"] -= A_DAY


def a_mail_with_texts_nobody_accepted(before: Rows, after: Rows) -> None:
    mail = before["messages"].pop()
    one(after["messages"], message_id=mail["message_id"]).update(texts_hash="nobody's")


def a_date_that_follows_nothing(before: Rows, after: Rows) -> None:
    row = one(after["occasions"], key="close.runs")
    row["due_at"] += A_DAY


def a_done_occasion_moved(before: Rows, after: Rows) -> None:
    row = one(after["occasions"], key="recruit.closes")
    row["due_at"] -= A_DAY


def a_line_of_the_history_taken_out(before: Rows, after: Rows) -> None:
    after["events"].remove(one(after["events"], kind="match.proposed"))


def an_older_file_over_a_newer_one(before: Rows, after: Rows) -> None:
    row = one(after["people"], person_id="T02")
    row["updated_on"] -= A_DAY


def somebody_gone_without_a_word(before: Rows, after: Rows) -> None:
    one(after["people"], person_id="T02").update(status="left")


def an_answer_rewritten(before: Rows, after: Rows) -> None:
    after["answers"][0]["body"] = {"satisfaction": 5}


PLANTED: dict[Callable[[Rows, Rows], None], str] = {
    a_message_with_a_key_twice: "i_1_at_most_once",
    an_occasion_done_without_its_mails: "i_3_all_or_nothing",
    a_stale_fence: "i_4_one_owner",
    an_accepted_mail_queued_again: "i_5_one_way",
    a_mail_to_somebody_who_has_left: "i_7_asked_again",
    a_match_above_capacity: "i_8_capacity_and_exclusions",
    a_match_that_changed_hands: "i_8_matches_stay_whose_they_are",
    a_second_end_of_an_occasion: "i_11_one_occasion_each",
    a_clock_that_forgot_its_last_tick: "i_11_the_clock",
    a_mail_with_texts_nobody_accepted: "i_13_what_is_done_names_its_bundle",
    a_date_that_follows_nothing: "i_13_what_is_to_come_follows",
    a_done_occasion_moved: "i_14_done_stays_done",
    a_line_of_the_history_taken_out: "i_14_done_stays_done",
    an_older_file_over_a_newer_one: "i_16_rows_of_files",
    somebody_gone_without_a_word: "i_16_rows_of_files",
    an_answer_rewritten: "i_28_answers_are_kept",
}


def looked(story: Story) -> Seen:
    return Seen(story.house, story.before, False)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_seen(tmp_path: Path, plant: Callable[[Rows, Rows], None]) -> None:
    scene = enter("checking_in", tmp_path, transport=Post())
    sent = frozenset(row["message_id"] for row in scene.mails() if row["state"] == "accepted")
    story = Story(scene.house, scene.now, before=sent)
    assert complaints(Moment(looked(story), looked(story), story.now, story.now)) == []

    before, after = looked(story), looked(story)
    plant(before.rows, after.rows)

    told = complaints(Moment(before, after, story.now, story.now))
    assert PLANTED[plant] in {each.split(":")[0] for each in told}
    story.close()


def test_every_check_has_a_planted_fault() -> None:
    assert {check.__name__ for check in CHANGES} <= set(PLANTED.values())


class TwoFold(Post):
    """A post that hands every letter over twice."""

    def send(self, letter: Letter, at: Any) -> Outcome:
        super().send(letter, at)
        return super().send(letter, at)


def lived(home: Path) -> Life:
    return begin("recruiting", home / "house", CHECKOUT / "templates", [""])


def test_a_post_that_sends_twice_is_found_out(tmp_path: Path) -> None:
    life = lived(tmp_path)
    life.stories[0].house.transport = TwoFold()
    answers = life.everybody(leave_out="")
    life.do(lambda story: len(story.take(answers)))

    with pytest.raises(AssertionError, match="i_1_at_most_once"):
        life.tick(utc(2027, 1, 26, 10))


def test_a_look_that_writes_is_found_out(tmp_path: Path) -> None:
    life = lived(tmp_path)

    def write(story: Story) -> None:
        with story.house.database.write() as db:
            db.execute(sa.update(occasions).where(occasions.c.key == "close.runs").values(attempts=1))

    with pytest.raises(AssertionError, match="occasions has changed"):
        life.unchanged(write)


def test_houses_that_part_are_found_out(tmp_path: Path) -> None:
    one_house, other = lived(tmp_path / "one"), lived(tmp_path / "other")
    life = Life([*one_house.stories, *other.stories], CHECKOUT / "templates")

    def only_one_ticks(story: Story) -> None:
        if story is life.stories[0]:
            ticking(story)

    life.now = utc(2027, 2, 1, 10)
    with pytest.raises(AssertionError, match="differ"):
        life.do(only_one_ticks)
