"""Every mail in every language it ships in: whole, in that language throughout, with its days and numbers."""

import re
from datetime import date
from pathlib import Path

import pytest
from mail_pages import EMPTY, LONG, ROLES, Page, english_in, words_of_text

from cohortflow.mailroom.contexts import Partner, Reader, Report
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.texts import read_texts

TEXTS = read_texts(Path(__file__).parents[2] / "templates")
MESSAGES = Stationery(TEXTS).messages()


@pytest.fixture
def german(cohort, context, stationery):
    """A context as a German reader's mail has it; name what should be otherwise."""
    own = stationery.of(cohort.program_id)

    def fill(role: str = "mentee", name: str = "Maya Cohen", **other):
        reader = Reader("E1", name, "maya@acme.example", role, "de", "Berlin", "Europe/Berlin")
        ada = Partner("Ada Šouza", "ada@acme.example", "Designerin", "Produkt", "Berlin", "mentor")
        given = {"partners": (ada,), "lines": ("erste Zeile",), "agenda": own.agenda("month_2", "de")}
        return context(**{"reader": reader, "words": own.words("de"), **given, **other})

    return fill


@pytest.mark.parametrize(("stage", "send"), MESSAGES)
def test_every_message_there_is_speaks_german(stationery, german, stage, send):
    for role in ROLES:
        for other in ({}, EMPTY):
            parts = stationery.render(stage, send, "de", german(role, **other))
            assert parts.language == "de"
            assert english_in(f"{parts.subject}\n{parts.text}") == set()
            assert "Emerging Leaders Mentoring" in parts.text and "Frühjahr 2027" in parts.text
            assert Page(parts.html).words == words_of_text(parts.text)
            assert "  " not in parts.text.replace("\n  ", "\n") and " ." not in parts.text and " ," not in parts.text
            assert '<html lang="de"' in parts.html


@pytest.mark.parametrize(("stage", "send"), MESSAGES)
def test_german_mails_are_short_too(stationery, german, stage, send):
    parts = stationery.render(stage, send, "de", german("owner" if stage == "program" else "mentee"))

    assert 45 <= len(re.findall(r"\w+", parts.text.split("\n-- \n")[0])) <= 165
    assert len(parts.subject) <= 100


@pytest.mark.parametrize(("stage", "send"), MESSAGES)
def test_the_longest_values_fit_in_german(stationery, german, stage, send):
    partners = tuple(
        Partner(LONG, "a" * 60 + "@acme.example", LONG, LONG, LONG, "mentee", (LONG,) * 5) for _ in "123456"
    )
    given = {"partners": partners, "people": (Report(LONG, LONG),) * 40, "lines": (LONG,) * 40, "training": LONG}
    parts = stationery.render(stage, send, "de", german(name=LONG, **given))

    assert len(parts.subject) <= 180
    assert len(parts.html.encode()) < 100_000


@pytest.mark.parametrize("name", sorted(name for name in TEXTS if name.endswith(".en.md") and "/" in name))
def test_each_english_text_has_a_german_one_of_its_class(name):
    german = name.replace(".en.md", ".de.md")

    assert german in TEXTS
    classes = [re.findall(r"^class: (\w+)$", TEXTS[each], re.MULTILINE) for each in (name, german)]
    assert classes[0] == classes[1]
    assert "href" not in TEXTS[german]
    fields = [
        set(re.findall(r"\b(?:deadline|link|meeting\.\w+|training|agenda)\b", TEXTS[each])) for each in (name, german)
    ]
    assert fields[0] == fields[1]


def test_days_times_and_numbers_are_german(stationery, german):
    invite = stationery.render("recruit", "invite", "de", german(deadline=date(2027, 3, 1)))
    orientation = stationery.render("orient", "orientation_invite", "de", german())
    thanks = stationery.render("close", "thank_you", "de", german(counts={"pairs": 1204}))

    assert "Vom 1. März 2027 bis zum 27. August 2027" in invite.text
    assert "bis Montag, 1. März 2027" in invite.text
    assert "Montag, 1. März 2027, 15:00 Uhr (Mitteleuropäische Normalzeit)" in orientation.text
    assert "Dauer: 2 Stunden" in orientation.text
    assert "1.204 Tandems" in thanks.text


def test_lists_of_people_are_german(stationery, german):
    three = tuple(Partner(name) for name in ("Ana", "Bo", "Cy"))

    assert "Ana, Bo und Cy" in stationery.render("check_in", "pulse", "de", german(partners=three)).text


def test_the_purpose_is_said_in_german_too(stationery, german):
    text = stationery.render("recruit", "invite", "de", german()).text

    assert "Menschen auf ihre erste Führungsaufgabe vorbereiten" in text
    assert "Prepare" not in text
