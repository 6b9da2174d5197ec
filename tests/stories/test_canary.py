"""The operator hears once a day that the post works, and never twice."""

from dataclasses import replace
from datetime import timedelta

from scenes import utc
from story import Enter, Story

OPERATOR = "ops@acme.example"


def with_operator(story: Story, address: str = OPERATOR) -> Story:
    story.house = replace(story.house, settings=story.house.settings.model_copy(update={"operator": address}))
    return story


def canaries(story: Story) -> list[str]:
    return [letter.text for letter, _ in story.sent if letter.to_address == OPERATOR]


def test_one_mail_a_day_says_that_the_post_works(enter_at: Enter) -> None:
    story = with_operator(enter_at("recruiting"))
    story.tick(utc(2027, 1, 26, 5))
    assert canaries(story) == [], "not before six"

    for minutes in (0, 10, 20):
        story.tick(utc(2027, 1, 26, 7) + timedelta(minutes=minutes))
    story.tick(utc(2027, 1, 27, 7))

    first, second = canaries(story)
    assert "It is Tuesday, 26 January 2027" in first and "mails that left: 10" in first
    assert "It is Wednesday, 27 January 2027" in second


def test_a_clock_turned_back_brings_no_second_one(enter_at: Enter) -> None:
    story = with_operator(enter_at("recruiting"))

    story.tick(utc(2027, 1, 27, 7))
    story.tick(utc(2027, 1, 26, 7))

    assert len(canaries(story)) == 1


def test_nobody_gets_one_unless_asked_for(enter_at: Enter) -> None:
    story = with_operator(enter_at("recruiting"), "")

    story.tick(utc(2027, 1, 26, 7))

    assert canaries(story) == []
    assert story.rows("events", kind="mail.canary") == []
