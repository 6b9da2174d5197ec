"""The clock is set back by a week and ticks repeat: nothing happens twice, and nothing done is undone."""

from datetime import timedelta

import pytest
from story import ADA, MAYA, Enter, Story

from cohortflow.store import instances

pytestmark = pytest.mark.slow


def everything_that_counts(story: Story) -> list[object]:
    """What a repeated tick must leave as it is."""
    ended = [(row["key"], row["about"], row["state"], row["done_at"]) for row in story.rows("occasions")]
    mails = [(row["message_id"], row["state"], row["sent_at"]) for row in story.mails()]
    return [ended, mails, story.rows("matches"), story.rows("participants"), story.rows("events")]


def test_a_clock_set_back_by_a_week_sends_nothing_twice(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.everybody_applies()
    story.live_past("match.approval_request#1")
    before, reached = everything_that_counts(story), story.now

    story.tick(reached - timedelta(days=7))
    for hours in range(0, 7 * 24, 6):
        story.tick(reached - timedelta(days=7) + timedelta(hours=hours))

    assert everything_that_counts(story) == before


def test_the_mark_of_the_last_tick_never_goes_back(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.tick()
    reached = story.now
    story.tick(reached - timedelta(days=7))

    with story.house.database.read() as db:
        assert instances.last_tick(db) == reached


def test_life_goes_on_when_the_clock_has_caught_up(enter_at: Enter) -> None:
    story = enter_at("announced")
    reached = story.now
    story.tick(reached - timedelta(days=7))
    story.everybody_accepts()
    story.tick(reached - timedelta(days=6))
    assert story.got(ADA) == []

    story.live_past("orient.welcome#1")

    assert sorted(story.got(ADA)) == ["orientation_invite", "welcome"]
    assert sorted(story.got(MAYA)) == ["orientation_invite", "welcome"]


def test_a_hundred_ticks_at_one_instant_are_as_good_as_one(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval")
    story.approve()
    story.live_past("match.meet_your_match#1")
    before = everything_that_counts(story)

    for _ in range(20):
        assert story.tick() == {"occasions": 0, "failed": 0}

    assert everything_that_counts(story) == before


def test_an_answer_given_twice_is_one_answer(enter_at: Enter) -> None:
    story = enter_at("announced")
    about = story.match_of(ADA, MAYA)["match_id"]
    for _ in range(2):
        assert not story.reply(ADA, "accept", "match.accept", {"accept": "yes"}, about=about)

    answers = story.rows("answers", form="accept", person_id=ADA)
    assert [(row["revision"], row["is_current"]) for row in sorted(answers, key=lambda row: row["revision"])] == [
        (1, False),
        (2, True),
    ]
    assert story.match_of(ADA, MAYA)["state"] == "approved", "his yes is not hers"
