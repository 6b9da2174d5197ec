"""What stands in somebody's calendar: it moves when the event moves, and goes when the event is called off."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from icalendar import Calendar
from scene_files import PROGRAM
from scenes import utc
from story import ADA, APPROVER, Enter, Story, with_line

from cohortflow.engine import plainly
from flows.edits import confirm_edit
from flows.house import living_in

pytestmark = pytest.mark.slow

DATES = "starts: 2027-03-01, ends: 2027-05-28, seats: 6"
INVITED = "orient.orientation_invite#1"


class Entry(NamedTuple):
    """What one mail says to a calendar."""

    method: str
    uid: str
    sequence: int
    begins_at: datetime
    status: str
    template: str


def entries(story: Story, person_id: str) -> list[Entry]:
    """What somebody's mails said to their calendar, in the order they came, as a strict parser reads it."""
    rows = {row["message_id"]: row for row in story.mails(person_id=person_id)}
    found = []
    for letter, _ in story.sent:
        for each in letter.attachments:
            if letter.message_id in rows and each.content_type == "text/calendar":
                found.append(read_entry(each, rows[letter.message_id]["template"]))
    return found


def read_entry(attached: Any, template: str = "") -> Entry:
    """One attached calendar file, which must agree with its own media type."""
    calendar = Calendar.from_ical(attached.content)
    assert not calendar.errors and str(calendar["METHOD"]) == attached.method
    (event,) = calendar.walk("VEVENT")
    assert not event.errors
    begins_at = event.decoded("DTSTART")
    assert begins_at.utcoffset() == timedelta(0) and event.decoded("DTEND") - begins_at == timedelta(hours=2)
    return Entry(attached.method, event["UID"], event["SEQUENCE"], begins_at, event["STATUS"], template)


def line(attach: str | None = "calendar 2 hours on start at 15:00", **more: str) -> str:
    """The cohort's line with the mails of its orientation."""
    carried = f", attach: {attach}" if attach else ""
    emails = (
        "[{ send: welcome, to: matched, when: opens }, "
        f"{{ send: orientation_invite, to: participants, when: opens{carried} }}, "
        "{ send: orientation_reminder, to: no_response, when: [5 days before closes, 1 day before closes] }]"
    )
    orient = ", ".join(["emails: " + emails, *(f"{name}: {value}" for name, value in more.items())])
    return f"{{ {DATES}, stages: {{ orient: {{ {orient} }} }} }}"


def invited(enter_at: Enter) -> Story:
    """Everybody has the invitation to 1 March at 15:00 in Berlin, and it is 22 February."""
    story = enter_at("announced")
    story.live_to(utc(2027, 2, 20))
    return story


def save(story: Story, text: str) -> None:
    story.write_program(with_line(PROGRAM, text))
    story.tick()
    story.live_to(story.now + timedelta(days=3))


def test_a_moved_event_moves_in_every_calendar(enter_at: Enter) -> None:
    story = invited(enter_at)
    (first,) = entries(story, ADA)
    readers = story.readers_of("orientation_invite")

    save(story, line("calendar 2 hours on start at 16:30"))

    assert story.cohort()["refused_line"] is None
    assert story.readers_of("invitation_moved") == readers
    (first, second) = entries(story, ADA)
    assert first == ("REQUEST", first.uid, 0, utc(2027, 3, 1, 14), "CONFIRMED", "orientation_invite")
    assert second == ("REQUEST", first.uid, 1, utc(2027, 3, 1, 15, 30), "CONFIRMED", "invitation_moved")
    (told,) = story.letters_to(ADA, "invitation_moved")
    assert "Monday, 1 March 2027" in told.text and "16:30" in told.text
    uids = [entry.uid for reader in readers for entry in entries(story, reader)]
    assert len(uids) == 2 * len(readers) and len(set(uids)) == len(readers), "everybody has one entry of their own"


def test_an_event_moved_twice_counts_on(enter_at: Enter) -> None:
    story = invited(enter_at)

    save(story, line("calendar 2 hours on start at 16:30"))
    save(story, line("calendar 2 hours on 2 days after start at 10:00"))

    assert [(entry.sequence, entry.begins_at) for entry in entries(story, ADA)] == [
        (0, utc(2027, 3, 1, 14)),
        (1, utc(2027, 3, 1, 15, 30)),
        (2, utc(2027, 3, 3, 9)),
    ]


def test_an_event_moves_with_what_it_is_counted_from(enter_at: Enter) -> None:
    story = enter_at("announced")
    story.write_program(with_line(PROGRAM, line("calendar 2 hours on closes at 15:00")))
    story.live_past(INVITED)

    save(story, line("calendar 2 hours on closes at 15:00", closes="2027-03-04"))

    assert [(entry.sequence, entry.begins_at) for entry in entries(story, ADA)] == [
        (0, utc(2027, 3, 1, 14)),
        (1, utc(2027, 3, 4, 14)),
    ]


def test_an_event_called_off_waits_for_a_yes_and_leaves_every_calendar(enter_at: Enter) -> None:
    story = invited(enter_at)
    readers = story.readers_of("orientation_invite")

    save(story, line(attach=None))
    assert story.readers_of("invitation_cancelled") == []
    (waiting,) = story.rows("waiting_edits")
    assert "is called off" in waiting["consequences"][0]
    with plainly(), living_in(story.house):
        assert confirm_edit(story.house, story.cohort_id, APPROVER, story.now).outcome == "applied"
    story.live_to(story.now + timedelta(days=3))

    assert story.readers_of("invitation_cancelled") == readers
    first, last = entries(story, ADA)
    assert last == ("CANCEL", first.uid, 1, first.begins_at, "CANCELLED", "invitation_cancelled")


def test_a_tick_that_comes_twice_tells_once(enter_at: Enter) -> None:
    story = invited(enter_at)

    save(story, line("calendar 2 hours on start at 16:30"))
    story.tick()
    save(story, line("calendar 2 hours on start at 16:30"))

    assert story.got(ADA).count("invitation_moved") == 1


def test_an_invitation_still_in_the_queue_goes_with_the_new_time(enter_at: Enter) -> None:
    story = enter_at("announced")
    story.tick(story.occasion(INVITED)["due_at"])
    late = [row["person_id"] for row in story.mails("orientation_invite") if row["state"] == "queued"]
    assert late, "Austin sleeps while Berlin reads"

    save(story, line("calendar 2 hours on start at 16:30"))

    for person_id in late:
        (entry,) = entries(story, person_id)
        assert (entry.sequence, entry.begins_at) == (0, utc(2027, 3, 1, 15, 30))


def test_whoever_loses_a_partner_before_the_event_is_told_it_is_off(enter_at: Enter) -> None:
    story = invited(enter_at)
    match = next(match for match in story.matches("approved", "accepted") if match["mentee_id"] == ADA)
    alone = sum(each["mentor_id"] == match["mentor_id"] for each in story.matches("approved", "accepted")) == 1

    story.reply(match["mentor_id"], "accept", "match.accept", {"accept": "no"}, match["match_id"])
    story.live_to(story.now + timedelta(days=3))

    first, last = entries(story, ADA)[:2]
    assert last == ("CANCEL", first.uid, 1, first.begins_at, "CANCELLED", "invitation_cancelled")
    assert ("CANCEL" in [entry.method for entry in entries(story, match["mentor_id"])]) is alone


def test_a_leaver_gets_no_mail_about_it(enter_at: Enter) -> None:
    story = invited(enter_at)
    match = next(match for match in story.matches("approved", "accepted") if match["mentee_id"] == ADA)

    story.drop_roster(left=[match["mentor_id"]])
    story.tick()
    story.live_to(story.now + timedelta(days=3))

    assert "CANCEL" not in [entry.method for entry in entries(story, match["mentor_id"])]
    assert [entry.method for entry in entries(story, ADA)][:2] == ["REQUEST", "CANCEL"]


def away(enter_at: Enter, *moves: str) -> Story:
    """Ada has the invitation and is on leave, and the event moves to each of some hours; it is 22 February or later."""
    story = invited(enter_at)
    story.drop_roster(on_leave=[ADA])
    for hour in moves:
        save(story, line(f"calendar 2 hours on start at {hour}"))
    assert len(entries(story, ADA)) == 1, "nothing reaches who is away"
    return story


def come_back(story: Story, now: datetime) -> list[Entry]:
    """Ada is back by an export of that moment, and what her calendar was told since she has it, days later."""
    before = len(entries(story, ADA))
    story.live_to(now)
    story.drop_roster()
    story.tick(now)
    at_once = entries(story, ADA)[before:]
    story.live_to(now + timedelta(days=3))
    assert entries(story, ADA)[before:] == at_once
    return at_once


def test_whoever_was_on_leave_when_it_moved_has_it_right_on_return(enter_at: Enter) -> None:
    story = away(enter_at, "16:30")
    (first,) = entries(story, ADA)

    told = come_back(story, utc(2027, 2, 26, 13))

    assert told == [("REQUEST", first.uid, 1, utc(2027, 3, 1, 15, 30), "CONFIRMED", "invitation_moved")]


def test_of_two_moves_while_away_only_the_newest_is_told(enter_at: Enter) -> None:
    story = away(enter_at, "16:30", "10:00")

    told = come_back(story, utc(2027, 2, 26, 13))

    assert [(each.sequence, each.begins_at) for each in told] == [(2, utc(2027, 3, 1, 9))]
    assert [row["reason"] for row in story.mails("invitation_moved", ADA) if row["state"] == "cancelled"] == [
        "what it tells has changed again"
    ]


def test_what_moved_there_and_back_while_away_is_not_told(enter_at: Enter) -> None:
    story = away(enter_at, "16:30", "15:00")

    assert come_back(story, utc(2027, 2, 26, 13)) == []


@pytest.mark.parametrize("moves", [[], ["16:30"]])
def test_whoever_was_on_leave_when_it_was_called_off_is_told_on_return(enter_at: Enter, moves: list[str]) -> None:
    story = away(enter_at, *moves)
    (first,) = entries(story, ADA)
    story.write_program(with_line(PROGRAM, line(attach=None)))
    story.tick()
    with plainly(), living_in(story.house):
        confirm_edit(story.house, story.cohort_id, APPROVER, story.now)

    told = come_back(story, utc(2027, 2, 26, 13))

    sequence = len(moves) + 1
    assert told == [("CANCEL", first.uid, sequence, first.begins_at, "CANCELLED", "invitation_cancelled")]


def test_whoever_is_back_after_the_event_hears_no_more_of_it(enter_at: Enter) -> None:
    story = away(enter_at, "16:30")

    assert come_back(story, utc(2027, 3, 2, 13)) == []
    assert [row["state"] for row in story.mails("invitation_moved", ADA)] == ["expired"]


def test_what_has_been_cannot_be_moved(enter_at: Enter) -> None:
    story = enter_at("checking_in")

    save(story, line("calendar 2 hours on start at 16:30"))

    assert "what it invited to has been" in story.cohort()["refused_line"]
