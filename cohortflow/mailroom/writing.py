"""Claimed mails turned into letters: everything a text may ask for, read from the store at the moment of writing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.mailroom.attachments import Attachment, calendar_invitation, certificate, contact_card
from cohortflow.mailroom.contexts import Meeting, Partner, Reader, Report, build_context
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.lines import lines_for
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.wording import plain_line
from cohortflow.mailroom.words import Phrasebook, Words
from cohortflow.programs.calendars import local_day, zone_of
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.parts import address_of
from cohortflow.programs.refusing import scope_of
from cohortflow.store import frames, instances, tallies
from cohortflow.store.cohorts import CohortRow, read_row
from cohortflow.store.columns import among
from cohortflow.store.messages import Message
from cohortflow.store.opt_outs import token_for
from cohortflow.store.tables import matches, people
from schemas.errors import CohortflowError, DeliveryError
from schemas.forms import choice_labels

Drawn = Callable[[Cohort], Attachment]


@dataclass
class Desk:
    """What the mails of one batch share, each thing read once."""

    db: Connection
    portal_url: str
    stationery: Callable[[str], Stationery]
    draw_report: Drawn
    now: datetime
    people: dict[str, Any] = field(default_factory=dict)
    matches: dict[str, Any] = field(default_factory=dict)
    cohorts: dict[tuple[str, str], Cohort] = field(default_factory=dict)
    rows: dict[str, CohortRow] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    reports: dict[str, Attachment] = field(default_factory=dict)
    phrasebooks: dict[tuple[str, ...], Phrasebook] = field(default_factory=dict)
    secret: str = ""


class Sheet(NamedTuple):
    """What one mail is written from."""

    message: Message
    cohort: Cohort
    stationery: Stationery
    words: Words
    phrases: Phrasebook
    reader: Reader
    partners: list[Partner]
    meeting: Meeting | None


def open_desk(
    db: Connection,
    batch: list[Message],
    stationery: Callable[[str], Stationery],
    portal_url: str,
    draw_report: Drawn,
    now: datetime,
) -> Desk:
    """Read what a batch of mails needs: its people, their partners, their matches and cohorts."""
    desk = Desk(db, portal_url, stationery, draw_report, now)
    match_ids = sorted({match_id for message in batch for match_id in message.match_ids})
    if match_ids:
        desk.matches = {row["match_id"]: row for row in db.execute(_MATCHES, {"ids": match_ids}).mappings().all()}
    ids = {message.person_id for message in batch}
    ids |= {person for match in desk.matches.values() for person in (match["mentee_id"], match["mentor_id"])}
    desk.people = {row["person_id"]: row for row in db.execute(_PEOPLE, {"ids": sorted(ids)}).mappings().all()}
    return desk


# And nothing of what programs say of people: it is not for mail, and takes longer to read than all the rest.
_OF_PEOPLE = ("person_id", "name", "email", "title", "department", "site", "manager_id")
_PEOPLE = sa.select(*(people.c[name] for name in _OF_PEOPLE)).where(among(people.c.person_id))
_MATCHES = sa.select(matches).where(among(matches.c.match_id))


def write_letter(desk: Desk, message: Message) -> Letter:
    """One mail, whole.

    Raises:
        DeliveryError: this mail can never be written as it stands.
        ProgramError: the text says what a text may not say.
    """
    cohort = _cohort(desk, message)
    stationery = desk.stationery(message.texts_hash).of(cohort.program_id)
    written_in = stationery.language_of(message.stage, message.template, message.language)
    message = message if message.language == written_in else message._replace(language=written_in)
    sheet = _sheet(desk, message, cohort, stationery)
    context, unsubscribe = _context(desk, sheet), _unsubscribe_url(desk, message, cohort, stationery)
    parts = stationery.render(message.stage, message.template, message.language, context, unsubscribe)
    program = cohort.program
    return Letter(
        message_id=message.message_id,
        sender=program.email.sender,
        reply_to=program.owner if program.email.reply_to == "owner" else program.email.reply_to,
        to_name=plain_line(sheet.reader.name),
        to_address=sheet.reader.address,
        subject=parts.subject,
        text=parts.text,
        html=parts.html,
        attachments=tuple(_attachments(desk, sheet)),
        language=parts.language,
        unsubscribe_url=unsubscribe,
    )


def _sheet(desk: Desk, message: Message, cohort: Cohort, stationery: Stationery) -> Sheet:
    words = stationery.words(message.language)
    reader, phrases = _reader(desk, message, cohort), _phrasebook(desk, message, cohort, words)
    partners = _partners(desk, message, cohort, phrases)
    return Sheet(message, cohort, stationery, words, phrases, reader, partners, _meeting(message, cohort))


def _context(desk: Desk, sheet: Sheet) -> dict[str, Any]:
    """What the text of a mail may ask for."""
    message, cohort, stationery = sheet.message, sheet.cohort, sheet.stationery
    counted = stationery.mentions(message.stage, message.template, message.language, "counts")
    return build_context(
        cohort,
        reader=sheet.reader,
        partners=sheet.partners,
        link=f"{desk.portal_url}/m/{message.message_id}",
        deadline=message.deadline_on,
        counts=_counts(desk, cohort) if counted else {},
        n=message.n,
        agenda=_agenda(stationery, message, cohort),
        training=_training(message, cohort),
        meeting=sheet.meeting,
        lines=lines_for(desk.db, message, cohort, desk.rows[cohort.id], sheet.words, sheet.phrases),
        people=_reports(desk, message),
        words=sheet.words,
    )


def _unsubscribe_url(desk: Desk, message: Message, cohort: Cohort, stationery: Stationery) -> str:
    """The link by which the reader refuses more mails like this one; empty where it must reach them all the same."""
    mail_class = stationery.mail_class(message.stage, message.template)
    scope = scope_of(mail_class, message.template, cohort.program.email.may_opt_out_of)
    if not scope or message.person_id.startswith("role:"):
        return ""
    desk.secret = desk.secret or instances.read_secret(desk.db)
    return f"{desk.portal_url}/unsubscribe/{token_for(desk.secret, message.message_id, message.person_id, scope)}"


def _cohort(desk: Desk, message: Message) -> Cohort:
    key = (message.cohort_id, message.config_hash)
    if key not in desk.cohorts:
        row = read_row(desk.db, message.cohort_id)
        if row is None:
            raise CohortflowError(f"the cohort {message.cohort_id} is gone")
        desk.rows[message.cohort_id] = row
        desk.cohorts[key] = frames.load_cohort(desk.db, row, message.config_hash)
    return desk.cohorts[key]


def _reader(desk: Desk, message: Message, cohort: Cohort) -> Reader:
    if message.person_id.startswith("role:"):
        address = address_of(message.person_id, cohort)
        query = sa.select(people.c.name).where(people.c.email == address)
        name = desk.db.execute(query).scalar() or ""
        return Reader(message.person_id, name, address, message.role, message.language)  # type: ignore[arg-type]
    person = desk.people.get(message.person_id)
    if person is None:
        raise DeliveryError("the reader is not in the roster any more", permanent=True)
    return Reader(
        person_id=message.person_id,
        name=person["name"],
        address=person["email"],
        role=message.role,  # type: ignore[arg-type]
        language=message.language,
        site=person["site"],
        zone=zone_of(cohort, person["site"]),
    )


def _phrasebook(desk: Desk, message: Message, cohort: Cohort, words: Words) -> Phrasebook:
    """What our tasks write, in the language of the mail; the choices of the forms as they read in it."""
    key = (message.texts_hash, message.config_hash, cohort.id, message.language)
    if key not in desk.phrasebooks:
        desk.phrasebooks[key] = Phrasebook(words, choice_labels(cohort.forms, message.language))
    return desk.phrasebooks[key]


def _partners(desk: Desk, message: Message, cohort: Cohort, phrases: Phrasebook) -> list[Partner]:
    """The other side of each match the mail speaks of, with what the program lets a partner see."""
    if message.role not in ("mentor", "mentee"):
        return []
    sees = cohort.program.privacy.partner_sees
    found = []
    for match_id in message.match_ids:
        match = desk.matches[match_id]
        role = "mentor" if match["mentee_id"] == message.person_id else "mentee"
        person = desk.people.get(match[f"{role}_id"])
        if person is None:
            continue
        shown = {name: person[name] if name in sees else "" for name in ("email", "title", "department", "site")}
        reasons = tuple(map(phrases.say, match["reasons"])) if role == "mentor" else ()
        found.append(Partner(name=person["name"], role=role, reasons=reasons, **shown))  # type: ignore[arg-type]
    return sorted(found, key=lambda partner: partner.name)


def _reports(desk: Desk, message: Message) -> list[Report]:
    if message.role != "manager":
        return []
    found = []
    for match_id in message.match_ids:
        match = desk.matches[match_id]
        for own, other in (("mentee_id", "mentor_id"), ("mentor_id", "mentee_id")):
            person, partner = desk.people.get(match[own]), desk.people.get(match[other])
            if person and partner and person["manager_id"] == message.person_id:
                found.append(Report(person["name"], partner["name"]))
    return sorted(found, key=lambda report: (report.name, report.partner))


def _meeting(message: Message, cohort: Cohort) -> Meeting | None:
    attach = message.attach or {}
    if attach.get("kind") != "calendar" or "begins_at" not in attach:
        return None
    begins, ends = (datetime.fromisoformat(attach[name]) for name in ("begins_at", "ends_at"))
    where = attach.get("where", cohort.program.meet or "")
    return Meeting(begins, (ends - begins).total_seconds() / 3600, where)


def _agenda(stationery: Stationery, message: Message, cohort: Cohort) -> list[str]:
    name = cohort.program.stages.check_in.agenda
    if message.stage != "check_in" or not message.n or not name:
        return []
    return stationery.agenda(name.replace("{n}", str(message.n)), message.language)


def _training(message: Message, cohort: Cohort) -> str:
    training = cohort.program.stages.orient.training
    if training is None:
        return ""
    return (training.mentors if message.role == "mentor" else training.mentees) or ""


def _counts(desk: Desk, cohort: Cohort) -> dict[str, int]:
    if cohort.id not in desk.counts:
        desk.counts[cohort.id] = tallies.cohort_counts(desk.db, cohort.id) | {"seats": cohort.seats}
    return desk.counts[cohort.id]


def _attachments(desk: Desk, sheet: Sheet) -> list[Attachment]:
    message, cohort, words = sheet.message, sheet.cohort, sheet.words
    kind = (message.attach or {}).get("kind")
    if kind == "contact_card":
        return contact_card(sheet.partners, words)
    if kind == "certificate":
        program, named = _names(cohort, words)
        return [certificate(sheet.reader.name, program, named, _today(desk.now, cohort), words)]
    if kind == "calendar" and sheet.meeting is not None:
        return [_invitation(message, cohort, sheet.reader, sheet.meeting, desk.now, words)]
    if kind == "report":
        if cohort.id not in desk.reports:
            desk.reports[cohort.id] = desk.draw_report(cohort)
        return [desk.reports[cohort.id]]
    return []


def _names(cohort: Cohort, words: Words) -> tuple[str, str]:
    """The program and the cohort, as this language names them."""
    return words.say("program", "name") or cohort.program.name, words.cohort(cohort.key, cohort.name)


def _today(now: datetime, cohort: Cohort) -> date:
    return local_day(now, cohort.program.calendar.time_zone)


def _invitation(
    message: Message, cohort: Cohort, reader: Reader, meeting: Meeting, now: datetime, words: Words
) -> Attachment:
    program, named = _names(cohort, words)
    attach = message.attach or {}
    return calendar_invitation(
        uid=f"{attach.get('invitation', message.message_id)}@cohortflow",
        sequence=attach.get("sequence", 0),
        method=attach.get("method", "REQUEST"),
        start_utc=meeting.starts_at,
        hours=meeting.hours,
        summary=words.say("invitation", "summary", program=program, cohort=named),
        organizer=cohort.program.owner,
        attendee=reader.address,
        at=now,
        url=meeting.where,
        file=words.say("invitation", "file"),
    )
