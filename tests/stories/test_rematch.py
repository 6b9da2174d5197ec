"""A rematch in week five: asked for within the trial, told kindly, approved, and begun like any other match."""

from datetime import timedelta

import pytest
from scene_files import AGREEMENT, PROGRAM, PULSE
from story import APPROVER, BO, CEM, FAY, JONAS, OWNER, SAM, Enter, Story, with_change

pytestmark = pytest.mark.slow

SILENCE_IS_YES = with_change(
    PROGRAM,
    "stages:\n  recruit:",
    "stages:\n  match: { approve: { by: approvers, within: 3 working days, if_silent: proceed } }\n  recruit:",
)
WAITS_FOR_BOTH = with_change(
    PROGRAM,
    "stages:\n  recruit:",
    "stages:\n  match: { accept: { within: 5 working days, if_silent: remind_then_hold } }\n  recruit:",
)
REASON: dict[str, object] = {"reason": "Our goals do not fit"}


def ask_for_another(story: Story, person: str, mentee: str, mentor: str) -> list[str]:
    """Somebody asks for another partner; the reasons why not, if it was refused."""
    about = story.match_of(mentee, mentor)["match_id"]
    return [each.reason for each in story.reply(person, "rematch", "rematch", REASON, about=about)]


def approved_anew(story: Story) -> str:
    """Bo asks for another partner, and Fay gets his place with Jonas; the id of the new match."""
    ask_for_another(story, BO, BO, JONAS)
    story.tick()
    story.approve()
    return str(story.match_of(FAY, JONAS)["match_id"])


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


def test_the_approver_is_reminded_of_a_new_pair_and_then_the_owner_told(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    ask_for_another(story, BO, BO, JONAS)
    story.live_to(story.now + timedelta(days=10))

    asked, reminded = (
        story.letters_to(APPROVER, name)[-1] for name in ("rematch_approval_request", "approval_reminder")
    )
    assert "Please decide by Friday, 2 April 2027" in asked.text
    assert (reminded.when, "Friday, 2 April 2027" in reminded.text) == ("Thu 01 Apr 09:00", True)
    assert "proposed pair, and the two people in it" in reminded.text
    told = story.letters_to(OWNER, "approval_overdue")[-1]
    assert (told.when, "proposed pair waits" in told.text) == ("Mon 05 Apr 09:00", True)


def test_of_a_new_pair_that_is_approved_nobody_is_reminded(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    before = story.got(APPROVER) + story.got(OWNER)
    approved_anew(story)
    story.live_to(story.now + timedelta(days=10))

    after = story.got(APPROVER) + story.got(OWNER)
    assert not {"approval_reminder", "approval_overdue"} & set(after[len(before) :])


def test_silence_means_yes_to_a_new_pair_where_it_does_to_the_first(enter_at: Enter) -> None:
    story = enter_at("checking_in", program=SILENCE_IS_YES)
    ask_for_another(story, BO, BO, JONAS)
    story.tick()
    assert story.match_of(FAY, JONAS)["state"] == "proposed"
    story.live_to(story.now + timedelta(days=7))

    assert story.match_of(FAY, JONAS)["approved_by"] == "if_silent: proceed"
    assert "meet_your_match" in story.got(FAY)
    assert story.got(OWNER).count("approval_overdue") == 0


def test_a_late_welcome_names_no_day_that_is_over(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    approved_anew(story)
    story.live_to(story.now + timedelta(hours=22))

    meet, welcome = (story.letters_to(FAY, name)[0] for name in ("meet_your_match", "welcome"))
    assert "Jonas Weber" in meet.text
    assert "Please do this by" not in welcome.text, "the day of the others is over"


def test_the_new_pair_agrees_and_says_yes_for_itself(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    match_id = approved_anew(story)
    story.live_to(story.now + timedelta(hours=22))

    for person in (FAY, JONAS):
        assert not story.reply(person, "agreement", "orient", AGREEMENT, about=match_id)
        assert not story.reply(person, "accept", "match.accept", {"accept": "yes"}, about=match_id)

    match = story.match_of(FAY, JONAS)
    assert (match["state"], match["active_at"] is not None) == ("active", True)
    assert len(story.rows("answers", form="agreement", about=match_id)) == 2
    story.live_past("match.accept_closes", match_id)
    assert "accept_reminder" not in story.got(FAY) + story.got(JONAS)


def test_a_new_pair_may_still_say_no_while_it_is_asked(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    match_id = approved_anew(story)
    story.live_to(story.now + timedelta(hours=22))
    assert story.match_of(FAY, JONAS)["state"] == "active"

    assert not story.reply(JONAS, "accept", "match.accept", {"accept": "no"}, about=match_id)
    assert story.match_of(FAY, JONAS)["state"] == "declined"


def test_when_a_new_pair_has_been_asked_long_enough_it_has_begun(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    match_id = approved_anew(story)
    story.live_past("match.accept_closes", match_id)
    story.live_to(story.now + timedelta(days=4))

    assert story.letters_to(OWNER, "accept_overdue"), "the owner hears of the silence"
    (refusal,) = story.reply(JONAS, "accept", "match.accept", {"accept": "no"}, about=match_id)
    assert refusal.reason == "the match has begun; ask for another partner instead"


def test_where_matches_wait_for_two_yeses_a_new_one_does_too(enter_at: Enter) -> None:
    story = enter_at("orienting", program=WAITS_FOR_BOTH)
    for match in story.matches():
        for person in (match["mentee_id"], match["mentor_id"]):
            story.reply(person, "accept", "match.accept", {"accept": "yes"}, about=match["match_id"])
    story.live_past("check_in#1")
    match_id = approved_anew(story)
    assert story.match_of(FAY, JONAS)["state"] == "approved"
    story.live_to(story.now + timedelta(hours=22))
    assert "happy to go ahead, by" in story.letters_to(FAY, "meet_your_match")[0].text
    for person in (FAY, JONAS):
        assert not story.reply(person, "accept", "match.accept", {"accept": "yes"}, about=match_id)
    assert story.match_of(FAY, JONAS)["state"] == "active"


def test_the_next_pulse_goes_to_the_new_pair(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    approved_anew(story)
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
