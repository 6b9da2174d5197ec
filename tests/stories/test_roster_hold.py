"""The roster goes stale, shrinks or cannot be read: nothing is sent, nothing is lost, and a good file mends it."""

from datetime import timedelta

import pytest
from scene_files import COMPANY, MENTEES, application, roster_csv
from scenes import utc
from story import ADA, BO, CEM, FAY, MAYA, OWNER, Enter, Story, with_change

from schemas.replies import Reply

pytestmark = pytest.mark.slow

STRICT = with_change(COMPANY, "older_than: 24 months", "older_than: 5 days, rows_drop_by: 20%")


def with_a_strict_roster(enter_at: Enter, moment: str = "recruiting") -> Story:
    """A company that sends nothing by a roster older than five days, or a fifth smaller than the one before."""
    story = enter_at(moment)
    story.write_company(STRICT)
    story.drop_roster()
    story.tick()
    return story


def test_by_a_stale_roster_nothing_is_sent_and_the_owner_is_told_once(enter_at: Enter) -> None:
    story = with_a_strict_roster(enter_at)

    for day in (1, 2, 3):
        story.tick(utc(2027, 2, day, 9))
        story.tick(utc(2027, 2, day, 12))

    assert story.cohort()["roster_hold"].startswith("inbox/workers/*.csv: the newest roster is of 2027-01-26")
    (told,) = story.letters_to(OWNER)
    assert told.template == "roster_held"
    assert "drop a fresh export" in told.text
    assert [story.got(person) for person in (ADA, CEM, MAYA)] == [[], [], []]
    assert story.occasion("recruit.reminder#1")["state"] == "pending"


def test_a_fresh_file_lets_it_go_on(enter_at: Enter) -> None:
    story = with_a_strict_roster(enter_at)
    story.tick(utc(2027, 2, 2, 9))
    assert story.cohort()["roster_hold"]

    story.now = utc(2027, 2, 2, 12)
    story.drop_roster()
    story.tick()

    assert story.cohort()["roster_hold"] is None
    assert story.letters_to(ADA)[0].template == "reminder"
    assert story.letters_to(ADA)[0].when == "Tue 02 Feb 13:00"
    assert [line["kind"] for line in story.events("roster.held") + story.events("roster.fresh")] == [
        "roster.held",
        "roster.fresh",
    ]


def test_answers_are_taken_while_nothing_is_sent(enter_at: Enter) -> None:
    story = with_a_strict_roster(enter_at)
    story.tick(utc(2027, 2, 2, 9))
    assert story.cohort()["roster_hold"]

    assert not story.take([Reply(ADA, "apply", "recruit", application(ADA), story.now)])
    story.tick()

    assert story.person(ADA)["state"] == "applied"
    assert story.got(ADA) == []
    story.now = utc(2027, 2, 2, 20)
    story.drop_roster()
    story.tick()
    assert story.got(ADA) == [], "nine in the evening is no time for mail"
    story.live_to(utc(2027, 2, 3, 12))
    assert story.got(ADA) == ["application_received"], "and who has applied is not reminded"
    assert story.letters_to(ADA)[0].when == "Wed 03 Feb 09:00"


def test_a_roster_that_shrank_is_not_believed_at_once(enter_at: Enter) -> None:
    story = with_a_strict_roster(enter_at)
    story.now = utc(2027, 1, 28, 9)
    story.drop_roster(without=[*MENTEES[:4]])
    story.tick()
    story.tick()

    assert "8 people, where the file before had 12" in story.cohort()["roster_hold"]
    assert story.got(OWNER) == ["roster_held"]
    assert {row["status"] for row in story.rows("people")} == {"active"}, "nobody has left by being cut off"


def test_a_whole_export_mends_a_shrunk_one(enter_at: Enter) -> None:
    story = with_a_strict_roster(enter_at)
    story.now = utc(2027, 1, 28, 9)
    story.drop_roster(without=[*MENTEES[:4]])
    story.tick()

    story.now = utc(2027, 1, 29, 9)
    story.drop_roster()
    story.tick()

    assert story.cohort()["roster_hold"] is None
    assert {row["missing_since"] for row in story.rows("people")} == {None}


def test_an_export_that_says_so_too_is_believed(enter_at: Enter) -> None:
    story = with_a_strict_roster(enter_at)
    for day in (28, 29):
        story.now = utc(2027, 1, day, 9)
        story.drop_roster(without=[*MENTEES[:4]])
        story.tick()
        story.tick()

    assert story.cohort()["roster_hold"] is None
    assert {row["status"] for row in story.rows("people")} == {"active"}
    story.now = utc(2027, 1, 30, 9)
    story.drop_roster(without=[*MENTEES[:4]])
    story.tick()
    gone = {row["person_id"] for row in story.rows("people") if row["status"] == "left"}
    assert gone == set(MENTEES[:4]), "absent from two files that were believed"


def test_a_roster_without_a_usable_row_is_held_and_nothing_lost(enter_at: Enter) -> None:
    for content in ("", "Employee ID,Work Email\n", roster_csv().splitlines()[0] + "\n", "\x00\x01\x02"):
        story = with_a_strict_roster(enter_at)
        story.now = utc(2027, 1, 27, 9)
        story.write_roster(content)
        story.tick()
        story.tick()

        assert story.cohort()["roster_hold"], repr(content)
        assert story.got(OWNER) == ["roster_held"]
        assert len(story.rows("people", status="active")) == 12


def test_a_half_written_file_is_mended_by_the_rest_of_it(enter_at: Enter) -> None:
    story = with_a_strict_roster(enter_at)
    story.now += timedelta(days=1)
    whole = roster_csv()
    story.write_roster(whole[: len(whole) // 2])
    story.tick()
    assert story.cohort()["roster_hold"]

    story.write_roster(whole)
    story.tick()

    assert story.cohort()["roster_hold"] is None
    assert {row["email"] for row in story.rows("people", person_id=FAY)} == {"fay.moss@acme.example"}


def test_without_any_file_nothing_is_sent(enter_at: Enter) -> None:
    story = with_a_strict_roster(enter_at)
    for path in (story.home / "inbox" / "workers").glob("*.csv"):
        path.unlink()
    story.tick(utc(2027, 2, 1, 9))
    story.tick(utc(2027, 2, 1, 10))

    assert "there is no roster" in story.cohort()["roster_hold"]
    assert story.got(BO) == []
    story.drop_roster()
    story.tick()
    story.live_to(utc(2027, 2, 1, 20))
    assert story.letters_to(BO, "reminder")[0].when == "Mon 01 Feb 09:00"


def test_an_older_file_that_turns_up_changes_nothing(enter_at: Enter) -> None:
    story = with_a_strict_roster(enter_at)
    story.write_roster(roster_csv(left=[ADA, BO]), "2027-01-02")
    story.tick()

    assert story.cohort()["roster_hold"] is None
    assert len(story.rows("people", status="active")) == 12


def test_a_file_put_back_on_the_same_day_is_taken_again(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    mistaken = roster_csv(left=[ADA], without=[BO])

    for text in (roster_csv(), mistaken, roster_csv()):
        story.write_roster(text)
        story.tick()

    people = {row["person_id"]: row for row in story.rows("people")}
    assert people[ADA]["status"] == "active"
    assert people[BO]["missing_since"] is None, "nobody asks where they are"


def test_a_file_nobody_can_read_in_between_asks_for_nobody_twice(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    whole = roster_csv(without=[BO])

    for text in (whole, whole.replace("Employee ID", "Number"), whole):
        story.write_roster(text)
        story.tick()

    (bo,) = story.rows("people", person_id=BO)
    assert bo["status"] == "active", "absent from one file, however often it is saved"
    assert bo["missing_since"] is not None
