"""Nobody ticks for four days: what has lost its sense is skipped and listed, the rest happens late and once."""

from datetime import timedelta

import pytest
from scene_files import PROGRAM
from scenes import utc
from story import ADA, BO, CEM, DEE, FAY, JONAS, MAYA, Enter, with_change

pytestmark = pytest.mark.slow


def test_the_invitation_goes_late_and_once(enter_at: Enter) -> None:
    story = enter_at("declared")

    story.tick(utc(2027, 1, 28, 22))
    story.live_to(utc(2027, 1, 30, 6))

    for person in (ADA, CEM, MAYA):
        (invitation,) = story.letters_to(person)
        assert (invitation.template, invitation.when) == ("invite", "Fri 29 Jan 09:00")
    for person in (BO, FAY):
        (invitation,) = story.letters_to(person)
        assert invitation.when == "Thu 28 Jan 16:00", "in Austin it is still the afternoon"


def test_a_stale_reminder_is_skipped_and_listed(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.live_to(utc(2027, 1, 31, 12))

    story.tick(utc(2027, 2, 4, 12))

    reminder = story.occasion("recruit.reminder#1")
    assert (reminder["state"], reminder["reason"]) == ("skipped", "more than 3 days late")
    assert story.sent == []
    (line,) = story.events("occasion.skipped", occasion="recruit.reminder#1")
    assert line["counts"] == {"reason": "more than 3 days late"}
    story.live_past("recruit.reminder#2")
    assert story.got(ADA) == ["reminder"], "the second one is still of use"


def test_openings_happen_late_and_no_burst_follows(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.everybody_applies()
    story.live_to(utc(2027, 2, 7, 12))
    applied = len(story.sent)

    story.tick(utc(2027, 2, 12, 22))

    assert story.occasion("recruit.closes")["state"] == "done"
    assert story.occasion("match.runs")["state"] == "done"
    assert len(story.matches("proposed")) == 5
    assert len(story.sent) == applied, "it is eleven in the evening in Berlin, and nobody in Austin is concerned"
    story.live_to(utc(2027, 2, 15, 10))
    late = {letter.message_id for letter, _ in story.sent[applied:]}
    told = {row["template"] for row in story.mails() if row["message_id"] in late}
    assert told == {"approval_request", "match_shortfall"}, "a reminder would come together with the request"


def test_mail_queued_before_the_outage_waits_for_the_morning(enter_at: Enter) -> None:
    story = enter_at("orienting")
    opens = story.occasion("check_in#1.pulse#1")["due_at"]
    story.live_to(opens - timedelta(hours=16))
    story.tick(opens)
    queued = [mail for mail in story.mails("pulse") if mail["state"] == "queued"]
    assert queued

    story.tick(utc(2027, 3, 30, 21))
    assert story.letters_to(CEM, "pulse") == [], "eleven in the evening is no time for mail"
    story.live_to(utc(2027, 3, 31, 12))

    assert story.letters_to(CEM, "pulse")[0].when == "Wed 31 Mar 09:00"
    assert story.letters_to(JONAS, "pulse")[0].when == "Wed 31 Mar 09:00"


def test_mail_queued_before_a_long_outage_expires(enter_at: Enter) -> None:
    story = enter_at("orienting")
    opens = story.occasion("check_in#1.pulse#1")["due_at"]
    story.live_to(opens - timedelta(hours=16))
    story.tick(opens)

    story.tick(utc(2027, 4, 3, 9))
    story.live_to(utc(2027, 4, 5, 9))

    (mail,) = story.mails("pulse", CEM)
    assert (mail["state"], mail["reason"]) == ("expired", "too late to be of use")
    assert "pulse" not in story.got(CEM)


def test_an_outage_over_the_start_begins_the_program_late(enter_at: Enter) -> None:
    story = enter_at("orienting")
    story.live_to(utc(2027, 2, 28, 12))

    story.tick(utc(2027, 3, 4, 12))

    assert {match["state"] for match in story.matches()} == {"active"}
    assert story.occasion("orient.closes")["done_at"] == utc(2027, 3, 4, 12)
    story.live_past("goals.ask#1")
    assert story.got(DEE)[-1] == "goals"
    assert "Please write them down by" in story.letters_to(DEE, "goals")[-1].text


def test_an_edit_during_the_outage_makes_nobody_late(enter_at: Enter) -> None:
    story = enter_at("declared")
    story.write_program(
        with_change(PROGRAM, "purpose: Help people find their way", "purpose: Help people on their way")
    )

    story.tick(utc(2027, 1, 28, 12))

    assert story.cohort()["state"] == "running", "it was declared in time; only the tick is late"
    assert story.letters_to(ADA)[0].when == "Thu 28 Jan 13:00"
