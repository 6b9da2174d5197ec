"""Back from leave: whoever was away when pairs were made or announced has missed something, and catches up once."""

from datetime import timedelta

import pytest
from story import ADA, ELI, INES, PAIRED, Enter, Story

from cohortflow.store import instances, suppressed
from cohortflow.store.mail_stops import address_hash

pytestmark = pytest.mark.slow


def announced_while_ines_is_away(enter_at: Enter) -> Story:
    """Everybody but Ines has heard of their match; she is the mentor of Eli."""
    story = enter_at("awaiting_approval")
    story.drop_roster(on_leave=[INES])
    story.tick()
    story.approve()
    story.live_to(story.now + timedelta(days=2))
    return story


def test_who_is_on_leave_when_pairs_are_made_waits_like_the_others(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.everybody_applies()
    story.live_past("recruit.closes")
    story.drop_roster(on_leave=[ADA])
    story.tick()
    story.live_past("match.approval_request#1")
    assert (story.person(ADA)["state"], story.person(ADA)["reason"]) == (
        "waitlisted",
        "on leave when the pairs were made",
    )

    story.drop_roster()
    story.tick()
    story.approve()
    story.live_to(story.now + timedelta(days=5))
    assert story.got(ADA)[-1] == "waitlist"


def test_who_was_on_leave_at_the_announcement_is_introduced_on_return(enter_at: Enter) -> None:
    story = announced_while_ines_is_away(enter_at)
    assert "meet_your_match" in story.got(ELI) and story.got(INES) == []

    story.drop_roster()
    story.tick()
    story.tick(story.now + timedelta(minutes=10))
    story.live_to(story.now + timedelta(days=3))

    assert story.got(INES)[0] == "meet_your_match"
    assert all(story.got(person).count("meet_your_match") == 1 for person in PAIRED)
    assert "Eli" in story.letters_to(INES, "meet_your_match")[0].text
    accepted = story.reply(
        INES, "accept", "match.accept", {"accept": "yes"}, about=story.match_of(ELI, INES)["match_id"]
    )
    assert not accepted


def test_who_cannot_be_introduced_is_tried_once(enter_at: Enter) -> None:
    story = announced_while_ines_is_away(enter_at)
    with story.house.database.write() as db:
        address = story.rows("people", person_id=INES)[0]["email"]
        hashed = address_hash(instances.read_secret(db), address)
        suppressed.bar(db, [(hashed, suppressed.BOUNCED, story.now)])
    for _ in range(4):
        story.now += timedelta(hours=12)
        story.drop_roster()
        story.house.roster_changed = True  # as in a process of its own
        story.tick()

    assert [row["state"] for row in story.mails("meet_your_match", INES)] == ["suppressed"]
    assert len([row for row in story.rows("events") if row["kind"] == "people.back"]) == 1
