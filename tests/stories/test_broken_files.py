"""Somebody saves a template or a program file with a fault: everything goes on with what was accepted before."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from scene_files import PROGRAM
from scenes import utc
from story import ADA, CEM, MAYA, OWNER, Enter, with_change, with_line

pytestmark = pytest.mark.slow

TEMPLATES = Path(__file__).parents[2] / "templates"
BROKEN_TEXT = "---\nsubject: Join {{ program.name\nclass: service\n---\nHello {{ nobody.name }}\n"
BROKEN_PROGRAM = with_change(PROGRAM, "mentees_per_mentor: 2", "mentees_per_mentor: two\nsponser: someone")


def test_a_template_broken_for_one_tick_loses_no_mail(enter_at: Enter, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    shutil.copytree(TEMPLATES, texts)
    story = enter_at("declared", template_dir=texts)
    invite, sound = texts / "recruit" / "invite.en.md", (texts / "recruit" / "invite.en.md").read_text(encoding="utf-8")

    invite.write_text(BROKEN_TEXT, encoding="utf-8")
    story.live_past("recruit.invite#1")

    (faulty,) = story.rows("programs", program_id="-templates")
    assert any("invite.en.md" in fault for fault in faulty["faults"])
    assert story.letters_to(ADA)[0].subject == "Will you join Small Circle, Spring 2027?"
    assert {mail["state"] for mail in story.mails("invite")} == {"accepted"}
    assert {mail["texts_hash"] for mail in story.mails("invite")} == {faulty["accepted_hash"]}

    invite.write_text(with_change(sound, "subject: Will you join", "subject: Shall we see you in"), encoding="utf-8")
    story.tick()
    (mended,) = story.rows("programs", program_id="-templates")
    assert mended["faults"] == []
    assert mended["accepted_hash"] != faulty["accepted_hash"], "the newest accepted text is used from now on"


def test_a_mended_template_speaks_in_the_next_mail(enter_at: Enter, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    shutil.copytree(TEMPLATES, texts)
    story = enter_at("recruiting", template_dir=texts)
    reminder = texts / "recruit" / "reminder.en.md"
    sound = reminder.read_text(encoding="utf-8")

    reminder.write_text(BROKEN_TEXT, encoding="utf-8")
    story.live_past("recruit.reminder#1")
    reminder.write_text(with_change(sound, "subject: Still time to join", "subject: Last call for"), encoding="utf-8")
    story.live_past("recruit.reminder#2")

    assert [letter.subject for letter in story.letters_to(ADA)] == [
        "Still time to join Small Circle, Spring 2027",
        "Last call for Small Circle, Spring 2027",
    ]


def test_a_broken_program_stays_on_what_was_accepted(enter_at: Enter) -> None:
    story = enter_at("declared")

    story.write_program(BROKEN_PROGRAM)
    story.live_past("recruit.invite#1")

    assert story.letters_to(CEM)[0].template == "invite"
    assert story.cohort()["state"] == "running"


def test_the_owner_is_told_of_a_broken_program_once(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.now = utc(2027, 1, 27, 12)
    story.write_program(BROKEN_PROGRAM)

    story.tick()
    assert story.got(OWNER) == [], "it may be half saved; a second look decides"
    for minutes in range(10, 60, 10):
        story.tick(utc(2027, 1, 27, 12, minutes))

    (told,) = story.letters_to(OWNER)
    assert told.template == "program_fault"
    assert "small-circle.yaml" in told.text
    assert "mentees_per_mentor" in told.text and "sponser" in told.text, "all faults at once"


def test_a_program_broken_again_is_told_again(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    broken_otherwise = with_change(PROGRAM, "seats: 6", "seats: many")
    for hour, text in enumerate((BROKEN_PROGRAM, BROKEN_PROGRAM, PROGRAM, broken_otherwise, broken_otherwise), start=9):
        story.write_program(text)
        story.tick(utc(2027, 1, 27, hour))

    first, second = story.letters_to(OWNER, "program_fault")
    assert "sponser" in first.text
    assert "many" in second.text


def test_a_mended_program_is_followed_again(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    story.write_program(BROKEN_PROGRAM)
    story.tick(utc(2027, 1, 27, 12))
    story.tick(utc(2027, 1, 27, 13))

    story.write_program(with_line(PROGRAM, "{ starts: 2027-03-01, ends: 2027-05-28, seats: 8 }"))
    story.tick(utc(2027, 1, 27, 14))

    (known,) = story.rows("programs", program_id="small-circle")
    assert known["faults"] == []
    assert story.cohort()["line"]["seats"] == "8"


def test_an_edit_of_the_program_leaves_a_running_cohort_as_it_is(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    before = story.occasion("match.runs")["due_at"]

    story.write_program(with_change(PROGRAM, "closes: 2 weeks after opens", "closes: 3 weeks after opens"))
    story.live_to(story.now + timedelta(days=2))

    assert story.occasion("match.runs")["due_at"] == before
    assert story.got(MAYA) == []
