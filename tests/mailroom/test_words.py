"""The fixed words of each language come from files, and what is wrong in such a file is told with its line."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from icalendar import Calendar

from cohortflow.mailroom.attachments import calendar_invitation, certificate, contact_card
from cohortflow.mailroom.contexts import Partner
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.texts import read_texts
from cohortflow.mailroom.words import Phrasebook, Words, read_words, shipped_words
from schemas.forms import choice_labels

ROOT = Path(__file__).parents[2]
GERMAN = shipped_words("de")
SAID = {
    "offers the skill wanted: Delegating": "kann vermitteln, was gewünscht ist: Delegieren",
    "offers 2 of 3 skills wanted: Delegating, Giving feedback":
        "kann 2 von 3 gewünschten Fähigkeiten vermitteln: Delegieren, Feedback geben",
    "same career goal: Lead a first team": "Karriereziel gleich: Ein erstes Team führen",
    "same working style: By talking things through": "Arbeitsweise gleich: Im Gespräch",
    "works in another department": "arbeitet in einer anderen Abteilung",
    "works in the same department": "arbeitet in derselben Abteilung",
    "1 level above": "eine Stufe höher",
    "3 levels above": "3 Stufen höher",
    "at the same level": "auf derselben Stufe",
    "can meet in 1 hour of the same week": "eine gemeinsame Stunde in der Woche",
    "can meet in 2.5 hours of the same week": "2.5 gemeinsame Stunden in der Woche",
    "choice 1 of the mentee": "dein Wunsch Nummer 1",
    "choice 1 of the mentee and choice 2 of the mentor": "dein Wunsch Nummer 1, und du bist Wunsch Nummer 2",
    "similar level": "Stufe ähnlich",
    "different site": "Standort verschieden",
    "may be paired by every rule of the program": "nach allen Regeln des Programms möglich",
    "nobody takes part as a mentor": "niemand nimmt als Mentorin oder Mentor teil",
    "no mentor has a seat left": "bei niemandem ist noch ein Platz frei",
    "offers no seat, or has none left": "kein freier Platz mehr",
    "no mentor passes the rules: 3 excluded by reporting line, 2 by no shared languages, 1 by do_not_pair.csv":
        "nach den Regeln kommt niemand als Mentorin oder Mentor infrage: 3 ausgeschlossen wegen der Berichtslinie, "
        "2 ohne Gemeinsamkeit bei Sprachen, 1 wegen do_not_pair.csv",
    "no mentor passes the rules: none has a seat left":
        "nach den Regeln kommt niemand als Mentorin oder Mentor infrage: niemand hat noch einen Platz frei",
    "every mentor allowed for you is full: 3 mentors, 1 seat, all taken by better-fitting pairs":
        "alle für dich möglichen Plätze sind an besser passende Tandems vergeben (3 Mentorinnen und Mentoren, 1 Platz)",
    "mentor without a mentee: fewer mentees than seats (1 mentee, 5 seats)":
        "es gibt weniger Mentees als Plätze (1 Mentee, 5 Plätze)",
    "62 mentees, 40 mentors with 58 seats: 4 will wait":
        "62 Mentees, 40 Mentorinnen und Mentoren, 58 Plätze: 4 müssen warten",
    "inbox/workers/*.csv: the newest roster is of 2027-05-01, older than 3 days; drop a fresh export into this folder":
        "inbox/workers/*.csv: Die neueste Personalliste ist vom 1. Mai 2027, älter als 3 Tage; "
        "leg eine frische Ausgabe in diesen Ordner",
    "somebody's own words, as they are": "somebody's own words, as they are",
}  # fmt: skip


@pytest.mark.parametrize("written", SAID)
def test_sentences_of_ours_are_said_in_german(cohort, written):
    assert Phrasebook(GERMAN, choice_labels(cohort.forms, "de")).say(written) == SAID[written]


def test_english_says_them_as_they_are_written(cohort):
    phrases = Phrasebook(shipped_words("en"), choice_labels(cohort.forms, "en"))

    assert [phrases.say(written) for written in SAID] == list(SAID)


def test_a_choice_that_holds_a_comma_stays_whole():
    phrases = Phrasebook(GERMAN, {"Yes, often": "Ja, oft", "often": "FALSCH"})

    assert phrases.say("same working style: Yes, often, Delegating") == "Arbeitsweise gleich: Ja, oft, Delegating"


@pytest.mark.parametrize(
    ("key", "english", "german"),
    [
        ("2027-spring", "Spring 2027", "Frühjahr 2027"),
        ("2027-autumn", "Autumn 2027", "Herbst 2027"),
        ("2027-march", "March 2027", "März 2027"),
        ("2027-pilot", "Pilot 2027", "Pilot 2027"),
        ("wave-3", "wave-3", "wave-3"),
    ],
)
def test_cohorts_are_named_in_the_readers_language(key, english, german):
    otherwise = "Pilot 2027" if "pilot" in key else key

    assert shipped_words("en").cohort(key, otherwise) == english
    assert GERMAN.cohort(key, otherwise) == german


def test_numbers_take_the_form_of_their_language():
    polish = Words("pl", [{"lines": {"new_pairs.one": "{count} para", "new_pairs.few": "{count} pary",
                                     "new_pairs.many": "{count} par", "new_pairs.other": "{count} pary"}}])  # fmt: skip

    assert [polish.count("lines", "new_pairs", n) for n in (1, 3, 5)] == ["1 para", "3 pary", "5 par"]
    assert [GERMAN.count("lines", "new_pairs", n) for n in (1, 2)] == ["1 neues Tandem", "2 neue Tandems"]


def test_what_a_language_lacks_english_lends():
    words = Words("de", [{"certificate": {"title": "Urkunde"}}, {"certificate": {"title": "x", "file": "paper"}}])

    assert (words.say("certificate", "title"), words.say("certificate", "file")) == ("Urkunde", "paper")


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("certificat: { title: x }\n", 1, "did you mean 'certificate'?"),
        ("certificate:\n  titel: x\n", 2, "did you mean 'title'?"),
        ("certificate:\n  closing: in {cohorte}\n", 2, "did you mean 'cohort'?"),
        ("certificate:\n  title: in {cohort.__class__}\n", 2, "nothing is filled in here"),
        ("certificate:\n  file: ../evil\n", 2, "is no plain file name"),
        ("certificate: x\n", 1, "should be a block"),
        ("lines:\n  new_pairs: { one: a, more: b }\n", 2, "is no form for a number"),
        ("sentences:\n  '{one}': x\n", 2, "nothing but gaps"),
        ("sentences:\n  'a {one} b {one}': x\n", 2, "same gap twice"),
        ("sentences:\n  'offers {skill}': bietet {skil}\n", 2, "did you mean 'skill'?"),
        ("meeting:\n  when: ''\n", 2, "has no text"),
        ("- a\n", 1, "is not a list of keys"),
        ("cohorts: [\n", 1, "never closed"),
    ],
)
def test_a_fault_in_a_file_of_words_names_its_line(text, line, told):
    _, faults = read_words("templates/words.de.yaml", text)

    assert len(faults) == 1
    assert faults[0].line == line and told in faults[0].message


def test_english_must_have_every_word(texts):
    short = texts["words.en.yaml"].replace("  title: Certificate of completion\n", "")
    (fault,) = Stationery({**texts, "words.en.yaml": short}).faults()

    assert (fault.file, fault.path) == ("templates/words.en.yaml", "certificate.title")


@pytest.mark.slow
def test_a_certificate_is_drawn_in_the_readers_words():
    words = ("Ada Šouza", "Emerging Leaders Mentoring", "Frühjahr 2027", date(2027, 8, 27))
    german = certificate(*words, GERMAN)

    assert german.filename == "zertifikat.pdf"
    assert german.content == certificate(*words, GERMAN).content != certificate(*words).content


def test_a_card_without_plain_letters_has_a_german_name():
    assert [card.filename for card in contact_card([Partner("久美子")], GERMAN)] == ["kontakt.vcf"]


def test_shipped_files_of_words_have_no_fault():
    for name, text in read_texts(ROOT / "templates").items():
        if name.endswith(".yaml"):
            assert read_words(name, text)[1] == []


def test_invitations_are_named_in_german(cohort):
    summary = GERMAN.say("invitation", "summary", program=cohort.program.name, cohort="Frühjahr 2027")

    at = datetime(2027, 3, 1, tzinfo=UTC)
    given = {"organizer": "owner@acme.example", "attendee": "maya@acme.example", "at": at, "start_utc": at}
    invitation = calendar_invitation(uid="x", hours=1, summary=summary, file=GERMAN.say("invitation", "file"), **given)

    assert invitation.filename == "einladung.ics"
    (event,) = Calendar.from_ical(invitation.content).walk("VEVENT")
    assert event["SUMMARY"] == "Emerging Leaders Mentoring, Frühjahr 2027: Auftakt"
