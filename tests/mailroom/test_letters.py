"""Letters as bytes: the same at every call, and read by a standard parser as they were meant."""

from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohortflow.mailroom.addresses import is_address
from cohortflow.mailroom.attachments import Attachment, calendar_invitation, contact_card
from cohortflow.mailroom.contexts import Partner
from cohortflow.mailroom.letters import Letter, eml
from schemas.errors import DeliveryError

AT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


def parsed(letter: Letter, at: datetime = AT):
    content = eml(letter, at)
    message = message_from_bytes(content, policy=policy.default)
    assert [part.defects for part in message.walk() if part.defects] == []
    assert all(len(line) <= 78 for line in content.split(b"\r\n") if b"M" * 80 not in line), "as RFC 5322 recommends"
    assert b"\n" not in content.replace(b"\r\n", b"")
    return message


def body(message, kind: str) -> str:
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


def test_the_same_letter_is_the_same_bytes(letter):
    assert eml(letter(), AT) == eml(letter(), AT)
    assert eml(letter(), AT) == eml(letter(), AT.astimezone(timezone(timedelta(hours=12, minutes=45))))
    assert eml(letter(), AT) != eml(letter(message_id="other"), AT)


def test_a_standard_parser_reads_what_was_written(letter):
    message = parsed(letter())

    assert message["From"] == "Acme Mentoring <mentoring@acme.example>"
    assert message["To"] == "Maya Cohen <maya@acme.example>"
    assert message["Reply-To"] == "owner@acme.example"
    assert message["Subject"] == "Meet Ada"
    assert message["Message-ID"] == "<a1b2c3@acme.example>"
    assert message["Date"].datetime == AT
    assert message.get_content_type() == "multipart/alternative"
    assert body(message, "plain") == letter().text
    assert body(message, "html") == letter().html


@pytest.mark.parametrize(
    "name",
    [
        "Ada Šouza",
        "渡辺 久美子",
        "Даша " * 30,
        'O\'Neill, Bo "the" \\ Fox',
        "Dr. A. B. (Berlin) <x>",
        "=?utf-8?q?trick?=",
        "👩‍🔬 Grace",
        "M" * 90,
        "",
    ],
)
def test_any_name_arrives_as_it_is(letter, name):
    name = name.strip()
    (address,) = parsed(letter(to_name=name))["To"].addresses

    # Between encoded words Python 3.11 keeps a space that RFC 2047 takes away; its older decoder does not.
    raw = message_from_bytes(eml(letter(to_name=name), AT))["To"]
    shown = address.display_name if name.isascii() else str(make_header(decode_header(raw))).rpartition(" <")[0]
    assert (shown, address.addr_spec) == (name, "maya@acme.example")


@pytest.mark.parametrize(
    "subject",
    [
        "Meet " + ", ".join(["Ada Lovelace"] * 12),
        "Grüße " * 30,
        "x" * 400,
        "=?utf-8?b?eA==?= is not encoded",
        "日本語の件名 " * 9,
        "two  spaces",
        " edges ",
        "",
    ],
)
def test_any_subject_arrives_as_it_is(letter, subject):
    assert parsed(letter(subject=subject))["Subject"] == subject


def test_long_and_odd_texts_arrive_as_they_are(letter):
    text = "Grüße 👋 " + "long " * 400 + "\n.\nFrom here\n-- \ntrailing space \n=3D =\n--=_alt_x\n"
    message = parsed(letter(text=text, html=f"<p>{text}</p>\n"))

    assert body(message, "plain") == text
    assert body(message, "html") == f"<p>{text}</p>\n"


def test_attachments_arrive_as_they_are(letter):
    card = contact_card([Partner("Ada Šouza", "ada@acme.example")])[0]
    invitation = calendar_invitation(
        uid="x@acme.example", start_utc=AT, hours=2, summary="Orientation", organizer="owner@acme.example",
        attendee="maya@acme.example", at=AT,
    )  # fmt: skip
    blob = Attachment("report.pdf", "application/pdf", bytes(range(256)) * 40)
    message = parsed(letter(attachments=(card, invitation, blob)))
    arrived = list(message.iter_attachments())

    assert message.get_content_type() == "multipart/mixed"
    assert body(message, "plain") == letter().text
    assert [part.get_filename() for part in arrived] == ["ada-souza.vcf", "invitation.ics", "report.pdf"]
    assert [part.get_payload(decode=True) for part in arrived] == [card.content, invitation.content, blob.content]
    assert arrived[1]["Content-Type"].params["method"] == "REQUEST"


@pytest.mark.slow
@given(st.text(max_size=120), st.text(max_size=120))
def test_no_name_or_subject_can_add_a_header(name, subject):
    letter = Letter("m1", "owner@acme.example", "", name, "maya@acme.example", subject, "Hello\n", "<p>Hello</p>\n")
    try:
        message = message_from_bytes(eml(letter, AT), policy=policy.default)
    except DeliveryError as problem:
        assert problem.permanent
        return

    assert list(message.keys()) == [
        "From", "To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert [each.addr_spec for each in message["To"].addresses] == ["maya@acme.example"]
    assert body(message, "plain") == "Hello\n"


SIGNS = ["\r\nBcc: all@acme.example", "\n", "\r", "\x00", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\ud800"]  # fmt: skip


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("field", ["to_name", "to_address", "subject", "sender", "reply_to", "language"])
def test_signs_that_forge_headers_are_refused(letter, field, sign):
    with pytest.raises(DeliveryError) as caught:
        eml(letter(**{field: f"Maya{sign}x"}), AT)

    assert caught.value.permanent
    assert "Maya" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["", "maya", "@acme.example", "maya@", "a b@acme.example", "a@b@c.example", "maya@acme", "a..b@acme.example",
     "maya@-acme.example", "<maya@acme.example>", "maya@acme.example,x@y.example", "x" * 65 + "@acme.example",
     "maya@" + "a" * 64 + ".example", "maya@ácme.example", "maya@acme.example\n"],
)  # fmt: skip
def test_what_is_no_address_is_refused(letter, address):
    assert not is_address(address)
    with pytest.raises(DeliveryError):
        eml(letter(to_address=address), AT)


def test_plain_and_unusual_addresses_are_accepted():
    for address in ("maya@acme.example", "m.c+x@sub.acme.example", "o'neill@acme.example", "1@a-b.example"):
        assert is_address(address)


@pytest.mark.parametrize("message_id", ["", "../x", "a/b", "a.b", "-a", "a b", "a\x00", "a" * 200])
def test_an_id_that_could_be_a_path_is_refused(letter, message_id):
    with pytest.raises(DeliveryError):
        eml(letter(message_id=message_id), AT)


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("../x.pdf", "application/pdf"),
        ('a".pdf', "application/pdf"),
        ("a.pdf", "application/pdf\r\nX: y"),
        ("", "text/plain"),
    ],
)
def test_an_attachment_cannot_forge_headers(letter, filename, kind):
    with pytest.raises(DeliveryError):
        eml(letter(attachments=(Attachment(filename, kind, b"x"),)), AT)


def test_an_instant_without_zone_is_refused(letter):
    with pytest.raises(ValueError, match="zone"):
        eml(letter(), AT.replace(tzinfo=None))
