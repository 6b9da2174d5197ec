"""A rematch in week five: asked for within the trial, told kindly, approved, and begun like any other match."""

from datetime import timedelta

import pytest
from scene_files import AGREEMENT, PULSE
from story import APPROVER, BO, CEM, FAY, JONAS, SAM, Enter, Story

pytestmark = pytest.mark.slow

REASON: dict[str, object] = {"reason": "Our goals do not fit"}


def ask_for_another(story: Story, person: str, mentee: str, mentor: str) -> list[str]:
    """Somebody asks for another partner; the reasons why not, if it was refused."""
    about = story.match_of(mentee, mentor)["match_id"]
    return [each.reason for each in story.reply(person, "rematch", "rematch", REASON, about=about)]


def test_the_partner_is_told_kindly_and_a_new_pair_proposed(enter_at: Enter) -> None:
    story = enter_at("checking_in")

    assert ask_for_another(story, BO, BO, JONAS) == []
    story.tick()

    assert story.match_of(BO, JONAS)["state"] == "ended"
    (told,) = story.letters_to(JONAS)
    assert (told.template, told.when) == ("match_ended", "Tue 30 Mar 14:00")
    assert REASON["reason"] not in told.text, "only the owner may see the reason"
    new = story.match_of(FAY, JONAS)
    assert (new["state"], new["round"]) == ("proposed", 2)
    assert new["replaces"] == story.match_of(BO, JONAS)["match_id"]
    (asked,) = story.letters_to(APPROVER)
    assert asked.template == "rematch_approval_request"
    assert "1 new pair" in asked.text
    assert story.got(FAY) == [], "nobody is promised anything before a yes"


def test_who_asked_and_still_waits_is_told_so(enter_at: Enter) -> None:
    story = enter_at("checking_in")

    ask_for_another(story, BO, BO, JONAS)
    story.live_to(story.now + timedelta(hours=4))

    assert story.person(BO)["state"] == "waitlisted"
    assert story.got(BO) == ["waitlist"]
    story.approve()
    story.live_to(story.now + timedelta(days=10))
    assert story.got(BO) == ["waitlist"], "and nothing else reaches someone without a match"


def test_the_new_pair_gets_an_introduction_and_welcome_of_its_own(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    ask_for_another(story, BO, BO, JONAS)
    story.tick()
    others = {person: story.got(person) for person in (CEM, SAM)}

    assert story.approve() == 1
    story.live_to(story.now + timedelta(hours=22))

    match_id = story.match_of(FAY, JONAS)["match_id"]
    assert [letter.template for letter in story.letters_to(FAY)] == ["meet_your_match", "welcome"]
    assert {letter.about for letter in story.letters_to(FAY)} == {match_id}
    assert story.letters_to(FAY)[0].subject.startswith("Meet Jonas Weber")
    assert story.letters_to(JONAS)[-1].template == "welcome"
    assert {person: story.got(person) for person in (CEM, SAM)} == others, "nobody else hears of it"


def test_the_new_pair_agrees_and_says_yes_for_itself(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    ask_for_another(story, BO, BO, JONAS)
    story.tick()
    story.approve()
    story.live_to(story.now + timedelta(hours=22))
    match_id = story.match_of(FAY, JONAS)["match_id"]

    for person in (FAY, JONAS):
        assert not story.reply(person, "agreement", "orient", AGREEMENT, about=match_id)
        assert not story.reply(person, "accept", "match.accept", {"accept": "yes"}, about=match_id)

    match = story.match_of(FAY, JONAS)
    assert (match["state"], match["active_at"] is not None) == ("active", True)
    assert len(story.rows("answers", form="agreement", about=match_id)) == 2
    story.live_past("match.accept_closes", match_id)
    assert "accept_reminder" not in story.got(FAY) + story.got(JONAS)


def test_the_next_pulse_goes_to_the_new_pair(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    ask_for_another(story, BO, BO, JONAS)
    story.tick()
    story.approve()
    story.live_past("check_in#2.pulse#1")

    assert "Jonas Weber" in story.letters_to(FAY, "pulse")[0].text
    assert "Bo Li" not in story.letters_to(JONAS, "pulse")[0].text
    assert story.letters_to(BO, "pulse") == []
    assert not story.reply(FAY, "pulse", "check_in#2", PULSE, about=story.match_of(FAY, JONAS)["match_id"])
    (refused,) = story.reply(BO, "pulse", "check_in#2", PULSE, about=story.match_of(BO, JONAS)["match_id"])
    assert refused.reason == "this match is over; nothing more is asked about it"


def test_a_second_request_is_refused(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    assert ask_for_another(story, JONAS, BO, JONAS) == []
    story.tick()
    story.approve()
    story.tick()

    (refusal,) = ask_for_another(story, JONAS, FAY, JONAS)

    assert refusal == "you have asked for another partner before; write to the owner"
    assert story.match_of(FAY, JONAS)["state"] == "active"
    assert ask_for_another(story, BO, BO, JONAS) == ["this match is over; nothing more is asked about it"]


def test_after_the_trial_it_is_too_late_to_ask(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    story.live_past("trial.closes")

    assert ask_for_another(story, CEM, CEM, SAM) == ["the trial is over; write to the owner"]
    assert story.match_of(CEM, SAM)["state"] == "active"
