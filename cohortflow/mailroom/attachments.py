"""What goes along with a mail: contact cards, invitations for the calendar, certificates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from unicodedata import normalize

from icalendar import Calendar, Event, vCalAddress, vText

from cohortflow.mailroom.addresses import split_mailbox
from cohortflow.mailroom.contexts import Partner
from cohortflow.mailroom.wording import plain_line
from cohortflow.mailroom.words import Words, shipped_words

Method = Literal["REQUEST", "CANCEL"]


@dataclass(frozen=True)
class Attachment:
    """A file in a mail; `method` is what an invitation asks for, such as REQUEST."""

    filename: str
    content_type: str
    content: bytes
    method: str | None = None


def contact_card(partners: Sequence[Partner], words: Words | None = None) -> list[Attachment]:
    """One card per partner, as vCard 3.0, which every address book of the last twenty years reads."""
    otherwise = (words or shipped_words("en")).say("contact_card", "file")
    cards: list[Attachment] = []
    for partner in partners:
        name = file_name(partner.name, ".vcf", taken={card.filename for card in cards}, otherwise=otherwise)
        cards.append(Attachment(name, "text/vcard", _vcard(partner)))
    return cards


def _vcard(partner: Partner) -> bytes:
    fields = [
        ("FN", partner.name),
        ("EMAIL;TYPE=INTERNET", partner.email),
        ("TITLE", partner.title),
        ("NOTE", partner.site),
    ]
    # Which part of a name is the family's differs between cultures, so the name is kept whole.
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:{_escaped(partner.name)};;;;"]
    lines += [f"{key}:{_escaped(value)}" for key, value in fields if value]
    lines += [f"ORG:;{_escaped(partner.department)}"] if partner.department else []
    return "".join(_folded(line) for line in [*lines, "END:VCARD"]).encode()


def _escaped(value: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", plain_line(value))


def _folded(line: str) -> str:
    """The line in pieces of at most 75 bytes, never within a character."""
    pieces, size = [""], 0
    for sign in line:
        size += len(sign.encode())
        if size > 75:
            pieces.append(" ")
            size = 1 + len(sign.encode())
        pieces[-1] += sign
    return "\r\n".join(pieces) + "\r\n"


def file_name(text: str, suffix: str, taken: set[str] | frozenset[str] = frozenset(), otherwise: str = "card") -> str:
    """A plain file name that every system can store, numbered when it is taken."""
    letters = normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:60] or otherwise
    names = (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def calendar_invitation(
    *,
    uid: str,
    start_utc: datetime,
    hours: float,
    summary: str,
    organizer: str,
    attendee: str,
    at: datetime,
    sequence: int = 0,
    url: str | None = "",
    location: str = "",
    file: str = "invitation",
    method: Method = "REQUEST",
) -> Attachment:
    """An invitation (RFC 5546). The same `uid` with a higher `sequence` moves what is in the calendar, or takes it out.

    Args:
        file: the name of the attached file, without its ending.
        organizer: an address or "Name <address>", as `attendee`.
        at: the instant of writing, which becomes DTSTAMP.
        method: REQUEST invites or moves, CANCEL calls off.
    """
    event = Event()
    event.add("uid", plain_line(uid))
    event.add("dtstamp", at.astimezone(UTC))
    # UTC needs no VTIMEZONE, and every calendar shows it on its owner's clock.
    event.add("dtstart", start_utc.astimezone(UTC))
    event.add("dtend", start_utc.astimezone(UTC) + timedelta(hours=hours))
    event.add("summary", plain_line(summary))
    event.add("sequence", sequence)
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event["organizer"] = _calendar_address(organizer)
    guest = _calendar_address(attendee)
    guest.params["ROLE"] = "REQ-PARTICIPANT"
    if method == "REQUEST":
        guest.params.update({"PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"})
    event.add("attendee", guest, encode=False)
    if url:
        event.add("url", plain_line(url))
    if location or url:
        event.add("location", plain_line(location or url or ""))
    return Attachment(f"{file}.ics", "text/calendar", _calendar(event, method).to_ical(), method)


def _calendar(event: Event, method: Method) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Cohortflow//Mentorship programs//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return calendar


def _calendar_address(mailbox: str) -> vCalAddress:
    name, address = split_mailbox(plain_line(mailbox))
    found = vCalAddress(f"mailto:{address}")
    if name:
        found.params["CN"] = vText(re.sub(r'["^:;,\\]', "", name))
    return found


def certificate(name: str, program: str, cohort: str, on: date, words: Words | None = None) -> Attachment:
    """A certificate of completion as PDF, in other scripts as a page; the same bytes for the same words."""
    # Drawing PDFs takes long to import, and few mails carry one.
    from cohortflow.mailroom.certificates import can_be_drawn, draw_certificate, write_certificate

    words = words or shipped_words("en")
    said = (plain_line(name), plain_line(program), plain_line(cohort))
    file = words.say("certificate", "file")
    if not can_be_drawn(*said, on, words):
        return Attachment(f"{file}.html", "text/html", write_certificate(*said, on, words))
    return Attachment(f"{file}.pdf", "application/pdf", draw_certificate(*said, on, words))
