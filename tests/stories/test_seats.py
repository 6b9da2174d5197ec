"""More people than seats, fewer seats than people: who gets one, who waits, and the arithmetic for the owner."""

from collections import Counter
from datetime import timedelta

import pytest
from scene_files import MENTEES, PROGRAM, application
from scenes import MENTORS
from sqlalchemy.engine import Connection
from story import ADA, BO, MAYA, OWNER, SAM, Enter, Story, with_change, with_line

from cohortflow.engine import plainly
from cohortflow.store import frames
from flows.advance import advance_program
from flows.answers import take_in_answers
from flows.house import living_in
from schemas.replies import Reply

pytestmark = pytest.mark.slow

THREE_SEATS = with_line(PROGRAM, "{ starts: 2027-03-01, ends: 2027-05-28, seats: 3, if_more_apply: lottery }")
FIRST_COME = with_line(PROGRAM, "{ starts: 2027-03-01, ends: 2027-05-28, seats: 3, if_more_apply: earliest }")


def with_a_seat(story: Story) -> list[str]:
    """The mentees who were not put on the waiting list."""
    found = story.rows("participants", cohort_id=story.cohort_id, role="mentee", state="applied")
    return sorted(row["person_id"] for row in found)


def test_a_lottery_gives_out_the_seats(enter_at: Enter) -> None:
    story = enter_at("recruiting", program=THREE_SEATS)
    story.everybody_applies()
    story.live_past("recruit.closes")

    lucky = with_a_seat(story)
    assert len(lucky) == 3
    (line,) = story.events("recruit.closed")
    assert line["counts"] == {"applied": 10, "mentees": 6, "mentors": 4, "waitlisted": 3}
    waiting = story.rows("participants", cohort_id=story.cohort_id, state="waitlisted")
    assert {row["reason"] for row in waiting} == {"more people applied than there are seats; a lottery decided"}


def test_the_lot_does_not_depend_on_the_order_of_applying(enter_at: Enter) -> None:
    story = enter_at("recruiting", program=THREE_SEATS)
    for person in reversed(MENTEES):
        story.take([Reply(person, "apply", "recruit", application(person), story.now)])
    story.live_past("recruit.closes")

    backwards = with_a_seat(story)
    other = enter_at("awaiting_approval", program=THREE_SEATS)
    assert backwards == sorted(match["mentee_id"] for match in other.matches())


def test_who_drew_no_lot_is_told_of_the_waiting_list(enter_at: Enter) -> None:
    story = enter_at("awaiting_approval", program=THREE_SEATS)
    matched = {match["mentee_id"] for match in story.matches()}
    story.approve()
    story.live_past("match.waitlist#1")

    for person in set(MENTEES) - matched:
        (told,) = story.letters_to(person, "waitlist")
        assert "a lottery decided" in told.text
    assert set(story.readers_of("meet_your_match")) >= matched


def test_the_earliest_come_first(enter_at: Enter) -> None:
    story = enter_at("recruiting", program=FIRST_COME)
    for person in reversed(MENTEES):
        story.live_to(story.now.replace(minute=story.now.minute + 1))
        story.take([Reply(person, "apply", "recruit", application(person), story.now)])
    story.live_past("recruit.closes")

    assert with_a_seat(story) == sorted(MENTEES[-3:])


def test_too_little_room_is_told_with_the_arithmetic(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.everybody_applies((*MENTEES, MAYA, SAM))
    story.live_past("match.runs", hours=40)

    (told,) = story.letters_to(OWNER, "match_shortfall")
    assert "6" in told.text and "3" in told.text
    (line,) = story.events("match.shortfall")
    assert line["counts"]["arithmetic"] in told.text
    assert len(story.matches("proposed")) == 3, "as many as there is room for"


def test_without_any_mentor_everybody_waits(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.everybody_applies(MENTEES)
    story.live_past("match.runs", hours=40)

    assert story.matches() == []
    assert len(story.letters_to(OWNER, "match_shortfall")) == 1
    story.approve()
    story.live_past("match.waitlist#1", hours=40)
    assert story.got(ADA)[-1] == "waitlist"
    assert story.readers_of("meet_your_match") == []


def test_without_any_application_the_cohort_goes_by_quietly(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.live_past("match.runs", hours=40)
    story.approve()
    story.live_past("close.runs")

    assert story.matches() == []
    assert story.cohort()["state"] == "closed"
    assert set(story.got(BO)) <= {"reminder"}


def test_the_form_can_ask_for_fewer_than_the_program_allows(enter_at: Enter) -> None:
    story = enter_at("recruiting", program=with_change(PROGRAM, "mentees_per_mentor: 2", "mentees_per_mentor: 1"))
    story.everybody_applies()
    story.live_past("match.runs")

    assert story.person(MAYA)["capacity"] == 1, "she offered two, the program allows one"
    assert [match["mentor_id"] for match in story.matches()].count(MAYA) == 1


def test_two_programs_that_match_at_once_share_what_their_mentors_bear(
    enter_at: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    capped = with_change(
        PROGRAM, "mentees_per_mentor: 2\n", "mentees_per_mentor: 2\nmentees_per_mentor_everywhere: 2\n"
    )
    story = enter_at("declared", program=capped)
    second = with_change(capped, "name: Small Circle", "name: Second Circle")
    (story.home / "program_configs" / "second.yaml").write_text(second, encoding="utf-8")
    story.live_past("recruit.invite#1")
    for cohort_id in (story.cohort_id, "second/2027-spring"):
        told = [
            Reply(each, "apply", "recruit", application(each) | {"capacity": 2}, story.now)
            for each in MENTORS + MENTEES
        ]
        with plainly(), living_in(story.house):
            assert not take_in_answers(story.house, cohort_id, told, story.now, via="test")
    due = story.occasion("match.runs")["due_at"]
    story.live_to(due - timedelta(minutes=1))
    counted, meanwhile = frames.mentor_load_elsewhere, []

    def count_while_the_other_matches(db: Connection, cohort_id: str) -> dict[str, int]:
        found = counted(db, cohort_id)
        if cohort_id.startswith("second") and not meanwhile:
            meanwhile.append(True)
            advance_program(story.cohort_id.partition("/")[0], due)
        return found

    monkeypatch.setattr(frames, "mentor_load_elsewhere", count_while_the_other_matches)
    with plainly(), living_in(story.house):
        advance_program("second", due)

    borne = Counter(match["mentor_id"] for match in story.rows("matches", state="proposed"))
    assert meanwhile and max(borne.values()) == 2
