"""The approval comes ten days late: nobody hears anything before it, and everything that is of use after it."""

from datetime import timedelta

import pytest
from story import ADA, APPROVER, BO, DEE, FAY, MAYA, OWNER, Enter

pytestmark = pytest.mark.slow


def test_ten_days_without_a_yes_nobody_hears_of_a_match(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval")

    story.live_to(story.now + timedelta(days=10))

    assert story.got(APPROVER) == ["approval_reminder"]
    assert story.letters_to(APPROVER)[0].when == "Mon 15 Feb 09:00"
    assert "Please decide by Tuesday, 16 February 2027" in story.letters_to(APPROVER)[0].text
    (overdue,) = story.letters_to(OWNER)
    assert (overdue.template, overdue.when) == ("approval_overdue", "Wed 17 Feb 09:00")
    assert "is over (Tuesday, 16 February 2027)" in overdue.text
    assert [story.got(person) for person in (ADA, BO, MAYA, FAY)] == [[], [], [], []]
    assert story.occasion("orient.opens")["state"] == "pending", "the orientation waits for the approval"


def test_after_a_late_approval_the_welcome_still_goes(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval")
    story.live_to(story.now + timedelta(days=10))

    assert story.approve() == 5
    story.live_to(story.now + timedelta(hours=30))

    for person in (ADA, BO, MAYA, DEE):
        mine = [text for text in story.got(person) if text != "manager_notice"]
        assert sorted(mine) == ["meet_your_match", "orientation_invite", "welcome"]
        assert {letter.when[:10] for letter in story.letters_to(person)} == {"Mon 22 Feb"}
    assert story.got(FAY) == ["waitlist"]
    assert story.occasion("orient.opens")["state"] == "done"


def test_after_a_late_approval_the_program_starts_on_its_day(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval")
    story.live_to(story.now + timedelta(days=10))
    story.approve()
    story.live_to(story.now + timedelta(hours=30))

    story.everybody_accepts()
    story.live_past("orient.closes")

    assert {match["state"] for match in story.matches()} == {"active"}
    assert story.occasion("orient.closes")["done_at"] == story.occasion("orient.closes")["due_at"]
    story.live_past("check_in#1.pulse#1")
    assert len(story.letters_to(MAYA, "pulse")) == 1


def test_approved_only_after_the_start_the_welcome_goes_all_the_same(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval")
    story.live_to(story.occasion("orient.closes")["due_at"] + timedelta(days=2, hours=9))
    assert story.got(ADA) == []

    assert story.approve() == 5
    story.live_to(story.now + timedelta(hours=30))

    for person in (ADA, BO, MAYA, DEE):
        assert story.got(person).count("meet_your_match") == 1
        assert "welcome" in story.got(person)
        assert "orientation_invite" not in story.got(person), "what it invites to is over"
        assert "orientation_reminder" not in story.got(person)
    assert {match["state"] for match in story.matches()} == {"active"}


def test_a_mentor_of_two_is_welcomed_once_also_when_it_is_late(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval")
    story.live_to(story.occasion("orient.closes")["due_at"] + timedelta(days=2, hours=9))
    story.approve()
    story.live_to(story.now + timedelta(hours=30))

    about = {story.match_of(mentee, MAYA)["match_id"] for mentee in (ADA, DEE)}
    assert {letter.about for letter in story.letters_to(MAYA, "welcome")} == about, "one for each of the two matches"


def test_a_second_yes_finds_nothing_to_approve(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval")
    assert story.approve() == 5
    story.live_to(story.now + timedelta(hours=30))
    letters = len(story.sent)

    assert story.approve() == 0
    story.tick()

    assert len(story.sent) == letters
