"""HR edits the line of a cohort that runs: what is still to come moves, what has happened does not.

What waits for an approver is told in `tests/flows/test_edits.py`.
"""

import pytest
from scene_files import PROGRAM
from scenes import utc
from story import ADA, OWNER, Enter, Story, with_line

pytestmark = pytest.mark.slow

DATES = "starts: 2027-03-01, ends: 2027-05-28, seats: 6"


def save(story: Story, line: str) -> None:
    """HR saves the file with another line, and the next tick finds it."""
    story.write_program(with_line(PROGRAM, line))
    story.tick()


def test_a_later_date_of_what_is_not_ready_moves(enter_at: Enter) -> None:
    story = enter_at("recruiting")

    save(story, f"{{ {DATES}, stages: {{ recruit: {{ closes: 2027-02-15 }} }} }}")

    assert story.occasion("recruit.closes")["due_at"] == utc(2027, 2, 15, 23)
    assert story.occasion("match.runs")["due_at"] == utc(2027, 2, 17, 23), "and all that follows from it"
    assert story.occasion("recruit.invite#1")["state"] == "done"
    assert "occasion.moved" in {row["kind"] for row in story.rows("events")}
    story.live_past("recruit.reminder#1")
    assert story.letters_to(ADA)[0].when == "Mon 08 Feb 09:00", "seven days before the new end"


def test_more_seats_and_a_later_end_are_taken(enter_at: Enter) -> None:
    story = enter_at("checking_in")

    save(story, "{ starts: 2027-03-01, ends: 2027-06-25, seats: 8 }")

    assert story.cohort()["refused_line"] is None
    assert story.occasion("evaluate.closes")["due_at"] == utc(2027, 7, 2, 22)
    assert story.occasion("check_in#3")["state"] == "pending", "there is time for another check-in"


REFUSED = {
    "another start": ("{ starts: 2027-03-08, ends: 2027-05-28, seats: 6 }", "a cohort that has begun keeps its start"),
    "another opening": (
        f"{{ {DATES}, stages: {{ recruit: {{ opens: 2027-01-28, closes: 2027-02-08 }} }} }}",
        "recruit.opens has run already",
    ),
    "what has run taken away": (
        f"{{ {DATES}, stages: {{ recruit: {{ emails: [{{ send: reminder, to: no_response, when: closes }}] }} }} }}",
        "recruit.invite#1 has run already and cannot be taken out",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_edit_that_cannot_be_followed_is_refused_whole(enter_at: Enter, what: str) -> None:
    line, reason = REFUSED[what]
    story = enter_at("recruiting")
    story.now = utc(2027, 1, 27, 9)
    before = [(row["key"], row["due_at"], row["state"]) for row in story.rows("occasions")]
    row = story.cohort()["line"]

    save(story, line)
    story.tick()

    assert [(each["key"], each["due_at"], each["state"]) for each in story.rows("occasions")] == before
    assert story.cohort()["line"] == row
    assert reason in story.cohort()["refused_line"]
    (told,) = story.letters_to(OWNER)
    assert told.template == "program_fault"
    assert "program_configs/small-circle.yaml:9:" in told.text, "the line is named"
    assert reason.split(";")[0] in told.text


def test_a_refused_line_put_right_is_followed(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.now = utc(2027, 1, 27, 9)
    save(story, "{ starts: 2027-03-08, ends: 2027-05-28, seats: 6 }")
    assert story.cohort()["refused_line"]

    save(story, "{ starts: 2027-03-01, ends: 2027-05-28, seats: 7 }")

    assert story.cohort()["refused_line"] is None
    assert story.cohort()["line"]["seats"] == "7"
    assert len(story.letters_to(OWNER)) == 1


def test_a_refused_line_taken_back_is_forgotten(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.now = utc(2027, 1, 27, 9)
    save(story, "{ starts: 2027-03-08, ends: 2027-05-28, seats: 6 }")

    save(story, f"{{ {DATES} }}")

    assert story.cohort()["refused_line"] is None, "the file and the cohort agree again"


@pytest.mark.slow
def test_one_more_reminder_is_sent(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    emails = (
        "[{ send: invite, to: eligible, when: opens }, "
        "{ send: reminder, to: no_response, when: [7 days before closes, 2 days before closes, 2027-02-08] }, "
        "{ send: application_received, to: applicant, when: on response }]"
    )

    save(story, f"{{ {DATES}, stages: {{ recruit: {{ emails: {emails} }} }} }}")
    story.live_past("recruit.closes")

    assert story.cohort()["refused_line"] is None
    assert [letter.when for letter in story.letters_to(ADA, "reminder")] == [
        "Mon 01 Feb 09:00",
        "Fri 05 Feb 09:00",
        "Mon 08 Feb 09:00",
    ]


def test_a_line_taken_out_before_it_began_never_begins(enter_at: Enter) -> None:
    story = enter_at("declared")
    elsewhere = PROGRAM.replace(
        "2027-spring: { starts: 2027-03-01, ends: 2027-05-28", "2027-autumn: { starts: 2027-09-06, ends: 2027-12-10"
    )

    story.write_program(elsewhere)
    story.tick()
    story.live_to(utc(2027, 2, 1, 12))

    assert story.cohort()["state"] == "closed"
    assert story.events("cohort.withdrawn")
    assert story.got(ADA) == []
