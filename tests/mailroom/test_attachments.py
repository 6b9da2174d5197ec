"""What goes along with a mail: read back by the libraries people's programs are made of."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import pytest
from icalendar import Calendar

from cohortflow.mailroom.attachments import calendar_invitation, certificate, contact_card, file_name
from cohortflow.mailroom.contexts import Partner
from cohortflow.mailroom.wording import plain_line
from schemas.errors import DeliveryError

AT = datetime(2027, 2, 15, 8, 0, tzinfo=UTC)
START = datetime(2027, 3, 1, 14, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def invitation(**other):
    given = {
        "uid": "orientation-e1@acme.example", "start_utc": START, "hours": 2, "summary": "Orientation: Größe, Ziel; Weg",
        "organizer": "Acme Mentoring <mentoring@acme.example>", "attendee": "Maya Cohen <maya@acme.example>", "at": AT,
    }  # fmt: skip
    return calendar_invitation(**{**given, **other})


def unfolded(content: bytes) -> list[str]:
    return content.decode().replace("\r\n ", "").split("\r\n")


def test_each_partner_has_a_card_of_their_own():
    cards = contact_card(
        [Partner("Ada Šouza", "ada@acme.example", "Designer"), Partner("Ada Souza"), Partner("久美子")]
    )

    assert [card.filename for card in cards] == ["ada-souza.vcf", "ada-souza-2.vcf", "card.vcf"]
    assert {card.content_type for card in cards} == {"text/vcard"}
    assert unfolded(cards[0].content) == [
        "BEGIN:VCARD", "VERSION:3.0", "N:Ada Šouza;;;;", "FN:Ada Šouza", "EMAIL;TYPE=INTERNET:ada@acme.example",
        "TITLE:Designer", "END:VCARD", "",
    ]  # fmt: skip


def test_a_card_escapes_what_would_end_a_field():
    hostile = "Ada; Bo, \\ Cy\r\nEND:VCARD\r\nBEGIN:VCARD"
    (card,) = contact_card([Partner(hostile, title=hostile)])
    lines = unfolded(card.content)

    assert "FN:Ada\\; Bo\\, \\\\ Cy END:VCARD BEGIN:VCARD" in lines
    assert [line for line in lines if line in ("BEGIN:VCARD", "END:VCARD")] == ["BEGIN:VCARD", "END:VCARD"]


def test_a_card_folds_between_characters():
    title = "Überregionale Führungskräfteentwicklung " * 5
    (card,) = contact_card([Partner("Ada", title=title)])

    assert all(len(line) <= 75 for line in card.content.split(b"\r\n"))
    assert f"TITLE:{title.strip()}" in unfolded(card.content)


def test_an_invitation_says_when_in_utc():
    attachment = invitation(
        start_utc=START.astimezone(timezone(timedelta(hours=5, minutes=30))), url="https://meet.acme.example/x"
    )
    calendar = Calendar.from_ical(attachment.content)
    (event,) = calendar.walk("VEVENT")

    assert (attachment.filename, attachment.content_type, attachment.method) == (
        "invitation.ics",
        "text/calendar",
        "REQUEST",
    )
    assert calendar["METHOD"] == "REQUEST"
    assert (event.decoded("DTSTART"), event.decoded("DTEND"), event.decoded("DTSTAMP")) == (
        START,
        START + timedelta(hours=2),
        AT,
    )
    assert b"DTSTART:20270301T140000Z" in attachment.content and b"VTIMEZONE" not in attachment.content
    assert event["SUMMARY"] == "Orientation: Größe, Ziel; Weg"
    assert event["ORGANIZER"] == "mailto:mentoring@acme.example" and event["ORGANIZER"].params["CN"] == "Acme Mentoring"
    assert event["ATTENDEE"] == "mailto:maya@acme.example" and event["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"


def test_a_moved_meeting_keeps_its_identity():
    moved = Calendar.from_ical(invitation(start_utc=START + timedelta(days=1), sequence=1).content).walk("VEVENT")[0]

    assert (moved["UID"], moved["SEQUENCE"]) == ("orientation-e1@acme.example", 1)
    assert invitation().content == invitation().content


def test_an_invitation_carries_no_foreign_line():
    text = "Meet\r\nATTENDEE:mailto:x@evil.example\nEND:VEVENT"
    calendar = Calendar.from_ical(invitation(summary=text, url="https://x.example/\r\nX-EVIL:1").content)
    (event,) = calendar.walk("VEVENT")

    assert event["ATTENDEE"] == "mailto:maya@acme.example" and "X-EVIL" not in event
    named = invitation(attendee='"Ma""ya; CN=x:y" <maya@acme.example>').content
    assert Calendar.from_ical(named).walk("VEVENT")[0]["ATTENDEE"] == "mailto:maya@acme.example"
    with pytest.raises(DeliveryError):
        invitation(attendee="nobody")


@pytest.mark.slow
def test_a_certificate_is_the_same_on_every_machine():
    words = ("Ada Šouza", "Emerging Leaders Mentoring", "Spring 2027", date(2027, 8, 27))
    here = certificate(*words)
    code = (
        "import sys, hashlib, datetime; from cohortflow.mailroom.attachments import certificate;"
        f"print(hashlib.sha256(certificate{words!r}.content).hexdigest())"
    )
    env = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Chatham", "LANG": "C"}
    there = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)

    assert here.content.startswith(b"%PDF-")
    assert (here.filename, here.content_type, here.method) == ("certificate.pdf", "application/pdf", None)
    assert there.stdout.strip() == sha256(here.content).hexdigest()
    assert certificate("Bo Li", *words[1:]).content != here.content


@pytest.mark.parametrize(
    "name", ["", "Ζωή Παπαδοπούλου", "Даша Иванова", "Nguyễn Văn Đạt", "Wolfeschlegelstein " * 12, "a\x00\r\nb"]
)
def test_any_name_makes_a_certificate(name, caplog):
    assert certificate(name, "Program", "Spring", date(2027, 8, 27)).content.startswith(b"%PDF-")
    assert caplog.records == []


@pytest.mark.parametrize("name", ["王小明", "久美子", "ליאור כהן", "محمد علي", "สมชาย", "👩‍🔬 Ada"])
def test_a_name_that_no_font_here_can_write_makes_a_page_that_every_browser_can(name, caplog):
    made = certificate(f"{name} <b>", "Program", "Spring", date(2027, 8, 27))

    assert (made.filename, made.content_type) == ("certificate.html", "text/html")
    assert f'<strong dir="auto">{plain_line(name)} &lt;b&gt;</strong>' in made.content.decode()
    assert "27 August 2027" in made.content.decode()
    assert caplog.records == []


def test_file_names_are_plain_on_every_system():
    assert file_name("../../etc/passwd", ".vcf") == "etc-passwd.vcf"
    assert file_name("Zoë O'Neill", ".vcf") == "zoe-o-neill.vcf"
    assert len(file_name("x" * 500, ".vcf")) < 80
