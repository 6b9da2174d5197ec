"""Nobody answers: what a program says about silence is what happens."""

from datetime import timedelta

import pytest
from scene_files import MENTEES, PROGRAM
from scenes import utc
from story import ADA, APPROVER, BO, FAY, JONAS, MAYA, OWNER, Enter, with_change

pytestmark = pytest.mark.slow

MATCH = "stages:\n  match: "
RECRUIT = "stages:\n  recruit:"


def saying(rule: str) -> str:
    """The short program with something of its own about the matching."""
    return with_change(PROGRAM, RECRUIT, f"{MATCH}{rule}\n  recruit:")


DECLINES = saying("{ accept: { within: 5 working days, if_silent: remind_then_decline } }")
PROCEEDS = saying("{ accept: { within: 5 working days, if_silent: proceed } }")
HOLDS = saying("{ accept: { within: 5 working days, if_silent: remind_then_hold } }")
DECLINES_UNASKED = saying("{ approve: not_needed, accept: { within: 5 working days, if_silent: remind_then_decline } }")
ASKS_NOBODY = saying("{ approve: not_needed }")
SILENCE_IS_YES = saying("{ approve: { by: approvers, within: 3 working days, if_silent: proceed } }")


def test_silence_is_reminded_of_and_the_owner_asked(enter_at: Enter) -> None:
    story = enter_at("announced")
    story.live_past("match.accept_closes", hours=60)

    assert "accept_reminder" in story.got(ADA)
    assert story.letters_to(MAYA, "accept_reminder")[0].when == "Thu 18 Feb 09:00"
    (asked,) = story.letters_to(OWNER, "accept_overdue")
    assert asked.when == "Mon 22 Feb 09:00"
    assert {match["state"] for match in story.matches()} == {"approved"}


def test_who_has_said_yes_is_not_reminded(enter_at: Enter) -> None:
    story = enter_at("announced")
    story.reply(ADA, "accept", "match.accept", {"accept": "yes"}, about=story.match_of(ADA, MAYA)["match_id"])
    story.live_past("match.accept_reminder#1")

    assert "accept_reminder" not in story.got(ADA)
    assert "accept_reminder" in story.got(BO)


def test_silence_may_mean_no(enter_at: Enter) -> None:
    story = enter_at("announced", program=DECLINES)
    story.reply(JONAS, "accept", "match.accept", {"accept": "yes"}, about=story.match_of(BO, JONAS)["match_id"])
    story.live_past("match.accept_closes", hours=70)

    assert {match["state"] for match in story.matches()} == {"declined", "proposed"}
    assert story.match_of(BO, JONAS)["end_reason"] == "nobody answered in time"
    assert story.letters_to(JONAS, "accept_declined")[0].when == "Mon 22 Feb 09:00"
    assert story.letters_to(BO, "accept_lapsed")[0].when == "Mon 22 Feb 09:00"
    assert (story.person(BO)["state"], story.person(JONAS)["state"]) == ("declined", "waitlisted")
    (new,) = story.matches("proposed")
    assert (new["mentee_id"], new["mentor_id"]) == (FAY, JONAS), "who has waited is next; who was silent is not"
    assert story.got(OWNER).count("accept_lapsed_digest") == 1


def test_who_was_silent_is_never_matched_again(enter_at: Enter) -> None:
    story = enter_at("recruiting", program=DECLINES_UNASKED)
    story.everybody_applies()
    story.live_past("match.runs", hours=40)
    story.reply(BO, "accept", "match.accept", {"accept": "yes"}, about=story.match_of(BO, JONAS)["match_id"])
    story.live_to(utc(2027, 6, 15))

    met = story.readers_of("meet_your_match")
    assert {person: met.count(person) for person in met if met.count(person) > 1} == {}
    assert story.readers_of("accept_lapsed").count(ADA) == 1
    assert story.got(OWNER).count("accept_lapsed_digest") == 1
    assert story.cohort()["state"] == "closed"


def test_a_mentor_silent_to_one_of_two_gets_no_other(enter_at: Enter) -> None:
    story = enter_at("announced", program=DECLINES)
    first, second = [match for match in story.matches("approved") if match["mentor_id"] == MAYA]
    for person in (MAYA, first["mentee_id"]):
        story.reply(person, "accept", "match.accept", {"accept": "yes"}, about=first["match_id"])
    story.live_past("match.accept_closes", hours=70)

    assert story.person(MAYA)["state"] == "matched"
    assert story.person(MAYA)["capacity"] == 1
    assert [match["match_id"] for match in story.matches("accepted")] == [first["match_id"]]
    assert story.matches("proposed") == []
    assert story.match_of(second["mentee_id"], MAYA)["state"] == "declined"


def test_silence_may_mean_yes(enter_at: Enter) -> None:
    story = enter_at("announced", program=PROCEEDS)
    story.live_past("match.accept_closes")

    assert {match["state"] for match in story.matches()} == {"accepted"}
    assert "accept_reminder" not in story.got(ADA), "there is nothing to be reminded of"
    story.live_past("orient.closes")
    assert {match["state"] for match in story.matches()} == {"active"}


def test_silence_may_keep_a_match_from_starting(enter_at: Enter) -> None:
    story = enter_at("announced", program=HOLDS)
    with_jonas = story.match_of(BO, JONAS)["match_id"]
    for person in (BO, JONAS):
        story.reply(person, "accept", "match.accept", {"accept": "yes"}, about=with_jonas)

    story.live_past("orient.closes")

    assert story.match_of(BO, JONAS)["state"] == "active"
    assert story.match_of(ADA, MAYA)["state"] == "approved"
    story.reply(ADA, "accept", "match.accept", {"accept": "yes"}, about=story.match_of(ADA, MAYA)["match_id"])
    story.reply(MAYA, "accept", "match.accept", {"accept": "yes"}, about=story.match_of(ADA, MAYA)["match_id"])
    assert story.match_of(ADA, MAYA)["state"] == "active", "a late yes is a yes"


def test_the_owner_hears_whom_a_yes_is_missing_from(enter_at: Enter) -> None:
    story = enter_at("announced", program=HOLDS)
    story.live_past("match.accept_closes", hours=60)

    (asked,) = story.letters_to(OWNER, "accept_overdue")
    assert asked.when == "Mon 22 Feb 09:00"


def test_a_match_kept_back_is_asked_nothing_before_it_begins(enter_at: Enter) -> None:
    story = enter_at("announced", program=HOLDS)
    mine = {mentee: story.match_of(mentee, mentor)["match_id"] for mentee, mentor in ((BO, JONAS), (ADA, MAYA))}
    for person in (BO, JONAS):
        story.reply(person, "accept", "match.accept", {"accept": "yes"}, about=mine[BO])
    asked = ("first_meeting", "goals", "goals_reminder", "pulse", "pulse_reminder", "final_survey", "survey_reminder")

    story.live_past("check_in#1.pulse#1")
    assert {"goals", "pulse"} <= set(story.got(BO))
    assert not set(asked) & set(story.got(ADA))
    for person in (ADA, MAYA):
        story.reply(person, "accept", "match.accept", {"accept": "yes"}, about=mine[ADA])
    story.live_past("evaluate.final_survey#1")

    assert {"pulse", "final_survey"} <= set(story.got(ADA)), "who says yes late takes part from then on"
    assert not set(asked) & set(story.got(FAY))


def test_a_no_is_told_kindly_and_another_is_looked_for(enter_at: Enter) -> None:
    story = enter_at("announced")
    story.reply(BO, "accept", "match.accept", {"accept": "no"}, about=story.match_of(BO, JONAS)["match_id"])
    story.live_to(story.now + timedelta(days=3))

    assert story.match_of(BO, JONAS)["state"] == "declined"
    assert story.letters_to(JONAS, "accept_declined")[0].when == "Mon 15 Feb 09:00"
    assert story.match_of(FAY, JONAS)["state"] == "proposed"
    assert story.got(APPROVER)[-1] == "rematch_approval_request"


def test_without_an_approver_the_pairs_are_told_at_once(enter_at: Enter) -> None:
    story = enter_at("recruiting", program=ASKS_NOBODY)
    story.everybody_applies()
    story.live_past("match.runs", hours=40)

    assert story.got(APPROVER) == []
    assert {match["state"] for match in story.matches()} == {"approved"}
    assert {match["approved_by"] for match in story.matches()} == {"not_needed"}
    assert story.letters_to(ADA, "meet_your_match")[0].when == "Thu 11 Feb 09:00"


def test_a_silent_approver_may_count_as_a_yes(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval", program=SILENCE_IS_YES)
    story.live_past("match.approval_proceeds")

    assert {match["state"] for match in story.matches()} == {"approved"}
    assert {match["approved_by"] for match in story.matches()} == {"if_silent: proceed"}
    assert story.occasion("match.approval")["state"] == "done"
    assert story.letters_to(ADA, "meet_your_match")[0].when == "Wed 17 Feb 09:00"
    assert "approval_overdue" not in story.got(OWNER)


def test_an_approver_who_spoke_makes_the_deadline_mean_nothing(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval", program=SILENCE_IS_YES)
    story.approve()
    story.live_past("match.approval_proceeds")

    assert story.occasion("match.approval_proceeds")["state"] == "skipped"
    assert story.readers_of("meet_your_match").count(ADA) == 1


@pytest.mark.parametrize("program", [PROGRAM, ASKS_NOBODY, SILENCE_IS_YES])
def test_without_a_single_pair_nobody_is_asked_to_approve_and_the_cohort_ends(enter_at: Enter, program: str) -> None:
    story = enter_at("recruiting", program=program)
    story.everybody_applies(MENTEES)
    story.live_to(utc(2027, 9, 1))

    assert story.matches() == []
    assert "approval_request" not in story.got(APPROVER) and "approval_overdue" not in story.got(OWNER)
    assert story.got(OWNER).count("match_shortfall") == 1
    assert story.got(ADA).count("waitlist") == 1
    assert "final_survey" not in story.got(ADA)
    assert story.cohort()["state"] == "closed"
