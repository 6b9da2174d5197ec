"""A cohort is declared after its invitation was due: held, the owner told once with the plan, and then one of two ways."""

import pytest
from scene_files import PROGRAM
from scenes import utc
from story import ADA, MAYA, OWNER, Enter, Story, with_change, with_line

from cohortflow.cli import running
from cohortflow.engine import plainly
from flows.foreseeing import what_would_go_out
from flows.house import living_in
from schemas.errors import CohortflowError

pytestmark = pytest.mark.slow

NO_COHORT_YET = with_change(
    PROGRAM, "  2027-spring: { starts: 2027-03-01, ends: 2027-05-28, seats: 6 }", "  2027-winter: { starts: 2027-12-01, ends: 2028-03-31, seats: 6 }"
)  # fmt: skip
LATE = utc(2027, 1, 27, 12)


def declared_two_days_late(enter_at: Enter) -> Story:
    """HR adds the line on Wednesday; the invitation was due on Monday."""
    story = enter_at("declared", program=NO_COHORT_YET)
    story.write_program(PROGRAM)
    story.tick(LATE)
    return story


def test_it_is_held_and_its_owner_gets_the_plan_once(enter_at: Enter) -> None:
    story = declared_two_days_late(enter_at)
    for day in range(28, 31):
        story.tick(utc(2027, 1, day, 12))

    assert story.cohort()["state"] == "held"
    assert "declared after its first date" in story.cohort()["held_reason"]
    (told,) = story.letters_to(OWNER)
    assert (told.template, told.when) == ("declared_late", "Wed 27 Jan 13:00")
    assert "invite to eligible" in told.text
    assert "25 January 2027" in told.text
    assert "A new date" in told.text and "Compressed dates" in told.text
    assert story.got(ADA) == story.got(MAYA) == []
    assert story.rows("participants") == []


def test_a_new_date_lets_it_run(enter_at: Enter) -> None:
    story = declared_two_days_late(enter_at)

    story.write_program(with_line(PROGRAM, "{ starts: 2027-03-08, ends: 2027-06-04, seats: 6 }"))
    story.tick(utc(2027, 1, 28, 12))

    assert (story.cohort()["state"], story.cohort()["held_reason"]) == ("declared", None)
    story.live_past("recruit.invite#1")
    assert story.letters_to(ADA)[0].when == "Mon 01 Feb 09:00"
    assert story.cohort()["state"] == "running"
    assert story.got(OWNER) == ["declared_late"]


def test_a_new_date_that_is_late_as_well_is_told_again(enter_at: Enter) -> None:
    story = declared_two_days_late(enter_at)

    story.write_program(with_line(PROGRAM, "{ starts: 2027-03-02, ends: 2027-06-04, seats: 6 }"))
    story.tick(utc(2027, 1, 28, 12))

    assert story.cohort()["state"] == "held"
    assert story.got(OWNER) == ["declared_late", "declared_late"]


def test_compressed_dates_do_at_once_what_is_overdue(enter_at: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    story = declared_two_days_late(enter_at)
    resume(story, monkeypatch, compress=True)

    story.live_to(utc(2027, 1, 28, 18))

    assert story.cohort()["state"] == "running"
    assert story.letters_to(ADA, "invite")[0].when == "Wed 27 Jan 13:00"
    story.live_past("recruit.reminder#1")
    assert story.letters_to(ADA, "reminder")[0].when == "Mon 01 Feb 09:00"
    assert story.occasion("recruit.closes")["due_at"] == utc(2027, 2, 8, 23), "closes as planned"


def test_what_would_go_out_counts_what_the_first_step_lets_go(enter_at: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    story = declared_two_days_late(enter_at)
    with plainly(), living_in(story.house):
        shown = what_would_go_out(story.house, story.cohort_id, story.now)
    assert story.rows("participants") == []

    resume(story, monkeypatch, compress=True)
    story.tick()

    assert [each.occasion for each in shown] == ["recruit.opens", "recruit.invite#1"]
    assert sum(each.mails for each in shown) == len(story.mails("invite")) == 10


def test_without_the_word_compress_nothing_goes_on(enter_at: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    story = declared_two_days_late(enter_at)

    with pytest.raises(CohortflowError, match="give it a new `starts:`, or run this again with --compress"):
        resume(story, monkeypatch, compress=False)

    assert story.cohort()["state"] == "held"


def test_after_recruiting_had_closed_only_a_new_date_helps(enter_at: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    story = enter_at("declared", program=NO_COHORT_YET)
    story.write_program(PROGRAM)
    story.tick(utc(2027, 2, 15, 12))

    with pytest.raises(CohortflowError, match="after its recruiting had closed"):
        resume(story, monkeypatch, compress=True)


def resume(story: Story, monkeypatch: pytest.MonkeyPatch, *, compress: bool) -> None:
    """The owner runs `cohortflow resume` at the instant of the story."""
    from cohortflow.store import instances

    with story.house.database.write() as db:
        instances.set_clock(db, base=story.now, started=story.now, rate=0)
    monkeypatch.setenv("COHORTFLOW_HOME", str(story.home))
    running.resume(story.cohort_id, "mentoring@acme.example", "", compress)
