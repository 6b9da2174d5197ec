"""Two things that cross: a leaver and the yes, a hold and the queue, a pause and a check-in; and what happens twice."""

from datetime import timedelta

import pytest
from scene_files import PROGRAM, roster_csv
from scenes import utc
from story import (
    ADA,
    APPROVER,
    BO,
    DEE,
    ELI,
    FAY,
    INES,
    JONAS,
    MAYA,
    OWNER,
    PAIRED,
    Enter,
    Story,
    with_change,
    with_line,
)

from cohortflow.mailroom.transports import Outcome
from flows.holding import hold, queued_now, resume
from schemas.replies import Reply

pytestmark = pytest.mark.slow

LINE = "  2027-spring: { starts: 2027-03-01, ends: 2027-05-28, seats: 6 }"
LATER = "  2027-winter: { starts: 2027-12-01, ends: 2028-03-31, seats: 6 }"
RECRUIT = "  recruit: { opens: 5 weeks before start, closes: 2 weeks after opens }"
ACCEPT = "  match: { accept: { within: 5 working days, if_silent: remind_then_decline } }"
REASON = {"reason": "Our goals do not fit"}


def ask_for_another(story: Story, who: str, mentor: str) -> None:
    refused = story.reply(who, "rematch", "rematch", REASON, about=story.match_of(who, mentor)["match_id"])
    assert not refused


def take_rosters_away(story: Story) -> None:
    for path in (story.home / "inbox" / "workers").glob("*.csv"):
        path.unlink()


def approved_in_the_evening(enter_at: Enter) -> Story:
    """Friday, seven o'clock in Berlin: its introductions wait for Monday."""
    story = enter_at("awaiting_approval")
    story.live_to(story.now.replace(hour=18))
    story.approve()
    story.tick(story.now + timedelta(minutes=5))
    return story


def introductions(story: Story) -> set[str]:
    return {row["state"] for row in story.mails("meet_your_match")}


def test_the_owner_hears_of_a_stale_roster_before_the_first_day(enter_at: Enter) -> None:
    story = enter_at("declared")
    take_rosters_away(story)
    story.tick()
    story.tick(story.now + timedelta(hours=1))
    story.live_to(story.now + timedelta(days=3))

    assert story.got(OWNER) == ["roster_held"]


def test_what_was_queued_before_a_stale_roster_goes_after_it(enter_at: Enter) -> None:
    story = approved_in_the_evening(enter_at)
    take_rosters_away(story)
    story.tick(story.now + timedelta(minutes=10))
    story.live_to(story.now + timedelta(days=7))
    assert "queued" in introductions(story)

    story.drop_roster()
    story.tick()
    story.live_to(story.now + timedelta(days=4))

    assert story.readers_of("meet_your_match") == PAIRED


def test_what_was_queued_before_a_hold_goes_after_it(enter_at: Enter) -> None:
    story = approved_in_the_evening(enter_at)
    hold(story.house, story.cohort_id, APPROVER, "by hand", story.now)
    story.live_to(story.now + timedelta(days=5))
    promised, queued = queued_now(story.house, story.cohort_id, story.now), story.mails("meet_your_match")

    resume(story.house, story.cohort_id, APPROVER, "", False, story.now)
    story.live_to(story.now + timedelta(days=4))

    assert story.readers_of("meet_your_match") == PAIRED
    assert promised >= sum(row["state"] == "queued" for row in queued)


def test_a_reminder_does_not_outlive_what_it_reminds_of(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    due = story.occasion("recruit.reminder#1")["due_at"]
    story.live_to(due - timedelta(hours=12))
    story.tick(due)
    waiting = {row["message_id"] for row in story.mails("reminder") if row["state"] == "queued"}
    hold(story.house, story.cohort_id, APPROVER, "by hand", story.now)

    story.live_past("recruit.closes")
    resume(story.house, story.cohort_id, APPROVER, "", False, story.now)
    story.live_to(story.now + timedelta(days=3))

    ended = {row["state"] for row in story.mails("reminder") if row["message_id"] in waiting}
    assert ended == {"expired"}


def test_five_minutes_without_a_provider_before_easter_lose_nothing(
    enter_at: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = enter_at("nothing", program=with_line(PROGRAM, "{ starts: 2027-04-12, ends: 2027-07-09, seats: 6 }"))
    story.now = utc(2027, 3, 7, 12)
    story.drop_roster()
    story.tick()
    story.live_past("recruit.invite#1")
    story.everybody_applies()
    story.live_to(utc(2027, 3, 25, 15, 55))  # Maundy Thursday, 16:55 in Berlin
    story.approve()
    with monkeypatch.context() as provider:
        provider.setattr(type(story.house.transport), "send", lambda *_: Outcome("retry", "503"))
        story.tick(utc(2027, 3, 25, 15, 58))
    story.live_to(utc(2027, 3, 31, 18))

    assert introductions(story) == {"accepted"}


def test_nobody_is_introduced_to_a_match_that_is_over(enter_at: Enter) -> None:
    story = approved_in_the_evening(enter_at)
    story.drop_roster(left=[BO])
    story.tick(story.now + timedelta(minutes=10))
    assert not story.reply(ELI, "accept", "match.accept", {"accept": "no"}, about=story.match_of(ELI, INES)["match_id"])
    story.live_to(story.now + timedelta(days=4))

    for person in (JONAS, ELI, INES):
        assert not {"meet_your_match", "partner_left"} & set(story.got(person)), person


def test_nobody_is_asked_how_a_match_goes_that_is_over(enter_at: Enter) -> None:
    story = enter_at("orienting")
    opens = story.occasion("check_in#1.pulse#1")["due_at"]
    story.live_to(opens - timedelta(hours=10))
    story.tick(opens)
    ask_for_another(story, ELI, INES)
    story.live_to(story.now + timedelta(days=2))

    assert "pulse" not in story.got(ELI) + story.got(INES)


def test_nobody_hears_that_a_match_pauses_that_is_over(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    story.drop_roster(on_leave=[JONAS])
    story.tick()
    ask_for_another(story, BO, JONAS)
    story.live_to(story.now + timedelta(days=2))

    assert "partner_on_leave" not in story.got(BO)


def test_a_paused_match_is_asked_nothing(enter_at: Enter) -> None:
    story = enter_at("orienting")
    story.live_to(story.occasion("check_in.first_meeting#1")["due_at"] + timedelta(days=5))
    before = len(story.got(ELI))
    story.drop_roster(on_leave=[INES])
    story.tick()
    story.live_past("check_in#1.closes")
    assert story.got(ELI)[before:] == ["partner_on_leave"]
    assert story.match_of(ELI, INES)["at_risk_since"] is None

    story.drop_roster()
    story.tick()
    story.live_past("check_in#2.pulse#1")
    assert "pulse" in story.got(ELI)[before:] and "pulse" in story.got(INES)


def test_nobody_hears_of_a_match_before_the_yes(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval")
    story.drop_roster(left=[MAYA])
    story.tick()
    story.live_to(story.now + timedelta(hours=24))
    assert story.got(ADA) == []

    story.approve()
    story.live_to(story.now + timedelta(days=5))
    assert story.got(ADA) == ["waitlist"]


def test_a_late_match_has_its_own_time_to_be_accepted_in(enter_at: Enter) -> None:
    story = enter_at("announced", program=with_change(PROGRAM, RECRUIT, f"{RECRUIT}\n{ACCEPT}"))
    story.drop_roster(left=[BO])
    story.tick()
    story.everybody_accepts()
    story.live_to(utc(2027, 2, 18, 12))
    story.approve()
    story.live_to(utc(2027, 2, 21, 12))
    assert story.match_of(FAY, JONAS)["state"] == "approved", "the cohort's time ended on the 20th, its own on the 25th"

    story.live_to(utc(2027, 2, 26, 12))
    assert story.match_of(FAY, JONAS)["state"] == "declined"


def test_a_rematch_gives_out_no_more_seats_than_there_are(enter_at: Enter) -> None:
    story = enter_at("checking_in", program=with_change(PROGRAM, LINE, LINE.replace("seats: 6", "seats: 2")))
    match = story.matches("active")[0]
    ask_for_another(story, match["mentee_id"], match["mentor_id"])
    story.tick()

    assert len(story.matches("proposed", "active")) == 2


def test_yes_to_one_and_no_to_another_leaves_one(enter_at: Enter) -> None:
    story = enter_at("announced")
    with_ada, with_dee = (story.match_of(mentee, MAYA)["match_id"] for mentee in (ADA, DEE))
    story.take(
        [
            Reply(MAYA, "accept", "match.accept", {"accept": "yes"}, story.now, with_ada),
            Reply(MAYA, "accept", "match.accept", {"accept": "no"}, story.now, with_dee),
        ]
    )

    assert (story.person(MAYA)["state"], story.person(DEE)["state"]) == ("matched", "waitlisted")


def test_the_introduction_comes_before_the_welcome(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    ask_for_another(story, DEE, MAYA)
    story.tick()
    story.approve()
    story.live_to(story.now + timedelta(days=1))

    assert story.got(FAY) == ["meet_your_match", "welcome"]


def test_a_line_that_is_put_back_before_it_begins_lives_again(enter_at: Enter) -> None:
    story = enter_at("declared")
    for program in (with_change(PROGRAM, LINE, LATER), PROGRAM):
        story.write_program(program)
        story.tick()
        story.tick()
    assert story.cohort()["state"] == "declared"

    story.live_past("recruit.invite#1")
    assert story.got(ADA) == ["invite"]


def test_a_roster_with_a_date_far_ahead_hides_no_other(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    story.write_roster(roster_csv(), "2072-03-30")
    story.tick()
    story.now += timedelta(days=1)
    story.drop_roster(left=[BO])
    story.tick()
    assert story.person(BO)["state"] == "left"

    (story.home / "inbox" / "workers" / f"workers-{story.now:%Y-%m-%d}.csv").unlink()
    for path in (story.home / "inbox" / "workers").glob("workers-2027*"):
        path.unlink()
    story.tick()
    assert "workers-2072-03-30.csv has a date far ahead" in story.cohort()["roster_hold"]


@pytest.mark.parametrize("name", ["workers-2027-03-04.xlsx", "workers-2027-03-04.CSV"])
def test_a_roster_that_nothing_reads_is_named(enter_at: Enter, name: str) -> None:
    story = enter_at("declared")
    take_rosters_away(story)
    (story.home / "inbox" / "workers" / name).write_text(roster_csv())
    story.tick()

    assert f"{name} is not read, for its name is not like *.csv" in story.cohort()["roster_hold"]


@pytest.mark.parametrize("template", ["roster_held", "program_fault"])
def test_the_same_trouble_a_second_time_is_told_a_second_time(enter_at: Enter, template: str) -> None:
    story = enter_at("recruiting")
    for _ in range(2):
        if template == "roster_held":
            take_rosters_away(story)
        else:
            story.write_program(PROGRAM.replace("seats: 6", "seats: sixty"))
        for _ in range(3):
            story.tick(story.now + timedelta(minutes=10))
        story.live_to(story.now + timedelta(days=2))
        story.write_program(PROGRAM)
        story.drop_roster()
        story.tick()
        story.live_to(story.now + timedelta(days=3))

    assert story.got(OWNER).count(template) == 2


def test_a_roster_of_which_most_is_refused_is_not_believed(enter_at: Enter) -> None:
    story = enter_at("nothing")
    story.write_roster(roster_csv().replace(",Active", ",Aktiv", 9), f"{story.now:%Y-%m-%d}")
    story.tick()
    story.tick(story.now + timedelta(hours=1))
    (source,) = story.rows("sources")
    assert (source["state"], story.rows("people")) == ("faulty", [])
    assert "9 of its 12 rows cannot be used" in source["reason"] and "'Status'" in source["reason"]

    story.drop_roster()
    story.tick()
    assert [row["state"] for row in story.rows("sources")] == ["ok"]
    assert len(story.rows("people")) == 12


@pytest.mark.parametrize("new_name", ["small-circles.yaml", ""])
def test_a_program_whose_file_is_gone_invites_nobody(enter_at: Enter, new_name: str) -> None:
    story = enter_at("declared")
    file = story.home / "program_configs" / "small-circle.yaml"
    text = file.read_text()
    other = file.with_name("other-circle.yaml")
    other.write_text(text.replace(LINE, LATER))
    file.unlink()
    if new_name:
        file.with_name(new_name).write_text(text)
    story.tick()
    assert story.cohort()["state"] == "declared", "it may be about to be put back"
    story.tick()
    assert story.cohort()["state"] == "closed"
    before = story.now
    story.live_to(utc(2027, 1, 26, 12))
    assert story.got(ADA) == (["invite"] if new_name else [])

    if not new_name:
        story.now = before
        file.write_text(text)
        story.tick()
        assert story.cohort()["state"] == "declared", "put back, it goes on"


def test_a_file_that_is_put_back_in_two_pieces_lives_again(enter_at: Enter) -> None:
    story = enter_at("declared")
    file = story.home / "program_configs" / "small-circle.yaml"
    text = file.read_text()
    file.with_name("other-circle.yaml").write_text(text.replace(LINE, LATER))
    file.unlink()
    story.tick()
    story.tick()
    assert story.cohort()["state"] == "closed"

    file.write_text(text[: len(text) // 2])
    story.tick()
    file.write_text(text)
    story.tick()
    assert story.cohort()["state"] == "declared"
