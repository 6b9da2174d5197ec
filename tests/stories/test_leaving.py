"""People leave the company, or go on leave, in the middle of a cohort."""

from datetime import timedelta

import pytest
from scene_files import PULSE, roster_csv
from story import ADA, APPROVER, BO, CEM, DEE, ELI, FAY, INES, JONAS, MAYA, SAM, Enter, Story

pytestmark = pytest.mark.slow


def in_week_three(enter_at: Enter) -> Story:
    """Matches are active since two weeks; the first meeting has been asked about."""
    story = enter_at("orienting")
    story.live_to(story.occasion("check_in.first_meeting#1")["due_at"] + timedelta(days=5))
    return story


def test_a_mentee_leaves_and_the_match_ends_kindly(enter_at: Enter) -> None:
    story = in_week_three(enter_at)
    before = story.got(BO)

    story.drop_roster(left=[BO])
    story.tick()

    assert story.match_of(BO, JONAS)["state"] == "ended"
    assert story.match_of(BO, JONAS)["end_reason"] == "a partner left"
    assert story.person(BO)["state"] == "left"
    told = story.letters_to(JONAS)[-1]
    assert (told.template, told.when) == ("partner_left", "Tue 16 Mar 09:00")
    story.live_past("close.thank_you#1")
    assert story.got(BO) == before, "nothing more goes to somebody who has left"


def test_the_one_who_stays_is_given_who_has_waited(enter_at: Enter) -> None:
    story = in_week_three(enter_at)
    story.drop_roster(left=[BO])
    story.tick()

    assert story.match_of(FAY, JONAS)["state"] == "proposed"
    assert story.got(APPROVER)[-1] == "rematch_approval_request"
    story.approve()
    story.live_to(story.now + timedelta(hours=24))

    assert story.match_of(FAY, JONAS)["state"] == "active"
    assert story.got(FAY)[-2:] == ["meet_your_match", "welcome"]


def test_a_mentor_leaves_and_both_mentees_wait(enter_at: Enter) -> None:
    story = in_week_three(enter_at)

    story.drop_roster(left=[MAYA])
    story.tick()

    for mentee in (ADA, DEE):
        assert story.match_of(mentee, MAYA)["state"] == "ended"
        assert story.person(mentee)["state"] == "waitlisted"
        assert story.got(mentee)[-2:] == ["partner_left", "waitlist"]
    assert story.matches("proposed") == [], "no other mentor has room"


def test_a_mail_that_was_queued_does_not_reach_a_leaver(enter_at: Enter) -> None:
    story = enter_at("orienting")
    opens = story.occasion("check_in#1.pulse#1")["due_at"]
    story.live_to(opens - timedelta(hours=16))
    story.tick(opens)
    waiting = [mail for mail in story.mails("pulse") if mail["state"] == "queued"]
    assert CEM in {mail["person_id"] for mail in waiting}, "Berlin keeps Easter Monday, so its mails wait a day"

    story.drop_roster(left=[CEM])
    story.live_to(opens + timedelta(hours=30))

    (mail,) = story.mails("pulse", CEM)
    assert (mail["state"], mail["reason"]) == ("cancelled", "the reader has left")
    assert story.letters_to(CEM, "pulse") == []
    assert story.letters_to(ELI, "pulse")[0].when == "Tue 30 Mar 09:00"


def test_a_leaver_can_answer_nothing_any_more(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    story.drop_roster(left=[CEM])
    story.tick()

    (refused,) = story.reply(CEM, "pulse", "check_in#1", PULSE, about=story.match_of(CEM, SAM)["match_id"])

    assert refused.reason == "you do not take part in this cohort"


def test_one_who_waited_and_leaves_is_only_taken_off_the_list(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    story.drop_roster(left=[FAY])
    story.tick()

    assert story.person(FAY)["state"] == "left"
    assert story.sent == [], "nobody has lost a partner"


def test_missing_from_one_file_is_not_leaving(enter_at: Enter) -> None:
    story = in_week_three(enter_at)
    story.drop_roster(without=[BO])
    story.tick()
    assert story.person(BO)["state"] == "matched"

    story.now += timedelta(days=1)
    story.drop_roster(without=[BO])
    story.tick()

    assert story.person(BO)["state"] == "left", "missing from two files in a row is"


def test_somebody_on_leave_gets_no_mail_and_the_partner_is_told_once(enter_at: Enter) -> None:
    story = in_week_three(enter_at)
    before = story.got(INES)

    story.drop_roster(on_leave=[INES])
    story.tick()
    story.live_past("check_in#1.pulse_reminder#1")
    story.drop_roster(on_leave=[INES])
    story.live_past("check_in#2.pulse#1")

    assert story.got(INES) == before
    assert len(story.letters_to(ELI, "partner_on_leave")) == 1
    assert story.match_of(ELI, INES)["state"] == "active", "the match pauses, it does not end"


def test_back_from_leave_the_mails_come_again(enter_at: Enter) -> None:
    story = in_week_three(enter_at)
    story.drop_roster(on_leave=[INES])
    story.live_past("check_in#1.closes")
    story.drop_roster()
    story.live_past("check_in#2.pulse#1")

    assert [letter.template for letter in story.letters_to(INES)][-1] == "pulse"
    assert len(story.letters_to(INES, "pulse")) == 1


def test_back_in_the_file_after_missing_twice_is_back_in_the_roster(enter_at: Enter) -> None:
    story = enter_at("declared")
    for _ in range(2):
        story.now += timedelta(hours=1)
        story.write_roster(roster_csv(without=[FAY]), f"2027-01-{24 + story.now.hour - 12}")
        story.tick()
    (row,) = story.rows("people", person_id=FAY)
    assert row["status"] == "left"

    story.write_roster(roster_csv(), "2027-01-27")
    story.tick()

    (row,) = story.rows("people", person_id=FAY)
    assert (row["status"], row["missing_since"]) == ("active", None)


def test_who_was_reported_gone_by_mistake_takes_part_again(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.everybody_applies()
    story.drop_roster(left=[ADA, BO])
    story.tick()
    assert (story.person(ADA)["state"], story.person(BO)["state"]) == ("left", "left")

    story.now += timedelta(days=1)
    story.drop_roster(left=[BO])
    story.tick()

    assert (story.person(ADA)["state"], story.person(ADA)["left_at"]) == ("applied", None)
    assert story.person(BO)["state"] == "left"
    assert len(story.events("people.returned")) == 1
    story.live_past("match.runs")
    assert ADA in {match["mentee_id"] for match in story.matches("proposed")}


def test_who_comes_back_after_the_pairs_were_made_waits_for_a_partner(enter_at: Enter) -> None:
    story = in_week_three(enter_at)
    story.drop_roster(left=[BO])
    story.tick()
    story.now += timedelta(days=1)
    story.drop_roster()
    story.tick()

    assert (story.person(BO)["state"], story.match_of(BO, JONAS)["state"]) == ("waitlisted", "ended")
    before = story.got(BO)
    story.live_past("check_in#1.closes")
    assert story.got(BO) == before, "nothing reaches someone without a match"
