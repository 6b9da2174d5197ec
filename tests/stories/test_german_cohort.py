"""A cohort whose readers read German, lived through whole: nothing in its post is in another language."""

import re

import pytest
from icalendar import Calendar
from mail_pages import english_in
from scenes import MOMENTS, PROGRAM, THE_DAY_BEFORE, open_scene

pytestmark = pytest.mark.slow

GERMAN = PROGRAM.replace("stages:\n", "email: { languages: [de] }\nstages:\n", 1).replace(
    "purpose: Help people find their way", "purpose: Menschen ihren Weg finden lassen"
)
NAMES = re.compile(r"Small Circle|Head of Product|Account (Manager|Director)|Engineering|Developer")


def test_all_post_of_a_german_cohort_is_german(tmp_path):
    scene = open_scene(tmp_path, THE_DAY_BEFORE, program=GERMAN)
    for live in MOMENTS.values():
        live(scene)
    letters = [letter for letter, _ in scene.sent]
    attached = {each.filename.split(".")[1]: each for letter in letters for each in letter.attachments}

    assert {letter.language for letter in letters} == {"de"}
    assert {
        word for letter in letters for word in english_in(NAMES.sub("", f"{letter.subject}\n{letter.text}"))
    } == set()
    assert all("Frühjahr 2027" in letter.text for letter in letters)
    assert any("kann vermitteln, was gewünscht ist: Ein Team führen" in letter.text for letter in letters)
    assert any("Karriereziel gleich: Ein erstes Team führen" in letter.text for letter in letters)
    assert attached["pdf"].filename == "zertifikat.pdf"
    (event,) = Calendar.from_ical(attached["ics"].content).walk("VEVENT")
    assert event["SUMMARY"] == "Small Circle, Frühjahr 2027: Auftakt"
    scene.close()
