"""`cohortflow preview`: a mail as it would be sent, to a person of the roster or to a made-up reader."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from cohortflow.cli.errors import tell
from cohortflow.cli.finding import Target, find
from cohortflow.cli.gallery import write_gallery
from cohortflow.cli.running import at_home
from cohortflow.cli.samples import Asked, asked_for, event_times, sample_letter
from cohortflow.cli.words import as_page, as_typed, say
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.texts import read_texts
from cohortflow.mailroom.writing import open_desk, write_letter
from cohortflow.programs.cohorts import Cohort, read_cohort
from cohortflow.programs.documents import read_config
from cohortflow.store import frames, overview, people
from cohortflow.store.cohorts import CohortRow, read_row
from cohortflow.store.database import is_there
from cohortflow.store.messages import Message
from flows.house import House
from flows.reporting import report_attachment
from schemas.changes import LIVE_MATCH
from schemas.errors import CohortflowError, ProgramError
from schemas.settings import Settings
from tasks.deadlines import deadline_of


def show(named: str, send: str, person: str, language: str, html: Path | None) -> None:
    """Print the head and the text of a mail, and write its HTML part where asked.

    Raises:
        CohortflowError: the cohort, the mail or the person is not known.
    """
    if not send:
        raise CohortflowError("name a mail with --message, such as invite; or see them all with --gallery FILE")
    settings = Settings()
    target = find(named, settings)
    stationery = _sound(Stationery(read_texts(settings.templates)))
    letter = _to_person(settings, target, send, person, language, stationery) if person else None
    if letter is None:
        texts = read_config(target.file)
        cohort = read_cohort(texts, target.program_id, target.key, folder=target.file.parent.as_posix())
        letter = sample_letter(cohort, asked_for(cohort, send, stationery), language, stationery, settings)
        tell("A made-up reader and partner; --person ID shows somebody's own mail.")
    _print(letter)
    if html is not None:
        page = as_page(html, "mail")
        page.write_text(letter.html, encoding="utf-8")
        say(f"HTML part: {as_typed(page)}")


def show_all(named: str, page: Path) -> None:
    """Write the gallery: every mail of a cohort, by the files alone."""
    settings, page = Settings(), as_page(page, "gallery")
    target = find(named, settings)
    stationery = _sound(Stationery(read_texts(settings.templates)))
    texts = read_config(target.file)
    cohort = read_cohort(texts, target.program_id, target.key, folder=target.file.parent.as_posix())
    for card in write_gallery(cohort, stationery, settings, page):
        tell(f"{card['id']}: {card['problem']}")
    say(f"Every mail, with made-up readers: {as_typed(page)}")


def _sound(stationery: Stationery) -> Stationery:
    if faults := stationery.faults():
        raise ProgramError(faults)
    return stationery


# --- somebody's own mail ------------------------------------------------------------------------------------------


def _to_person(
    settings: Settings, target: Target, send: str, person: str, language: str, stationery: Stationery
) -> Letter:
    """The mail as this person would get it now, by what the database knows.

    Raises:
        CohortflowError: the database knows neither cohort nor person.
    """
    if not is_there(settings.database):
        raise CohortflowError("there is no database yet; run `cohortflow tick` once, or leave --person out")
    with at_home() as house, house.database.read() as db:
        row = read_row(db, target.cohort_id)
        if row is None:
            raise CohortflowError(f"{target.cohort_id} is not known yet; run `cohortflow tick`, or leave --person out")
        if people.roster(db, [person]).empty:
            raise CohortflowError(f"nobody in the roster has the id {person!r}; it is the {_id_header(db, row)} column")
        cohort, now = frames.load_cohort(db, row), house.now()
        message = _message(db, cohort, row, asked_for(cohort, send, stationery), person, language, now)
        return _written(house, db, message, stationery, now)


def _id_header(db: Connection, row: CohortRow) -> str:
    return frames.load_cohort(db, row).program.people.columns.get("id", "id")


def _written(house: House, db: Connection, message: Message, stationery: Stationery, now: datetime) -> Letter:
    url = house.settings.portal_url
    desk = open_desk(db, [message], lambda _: stationery, url, lambda it: report_attachment(house, it, now), now)
    return write_letter(desk, message)


def _message(
    db: Connection, cohort: Cohort, row: CohortRow, asked: Asked, person: str, language: str, now: datetime
) -> Message:
    """The message as it would be queued, with an id that no real one has."""
    mine = [each for each in overview.participant_rows(db, cohort.id) if each["person_id"] == person]
    role = str(mine[0]["role"]) if mine else asked.role
    pairs = [
        match["match_id"]
        for match in overview.match_rows(db, cohort.id)
        if match["state"] in LIVE_MATCH and person in (match["mentee_id"], match["mentor_id"])
    ]
    known = people.roster(db, [person])["languages"].iloc[0]
    return Message(
        message_id="preview", cohort_id=cohort.id, occasion="preview", stage=asked.folder, template=asked.send,
        person_id=person, about="-", role=role, language=language or _language_of(cohort, known), match_ids=pairs,
        asks={}, deadline_on=deadline_of(cohort, asked.stage, asked.n, asked.send), attach=_attach(cohort, asked),
        n=asked.n, due_at=now, config_hash=row.config_hash, texts_hash="-", fence=0, attempts=0,
    )  # fmt: skip


def _language_of(cohort: Cohort, spoken: str) -> str:
    offered = cohort.program.email.languages
    return next((each for each in str(spoken).split(";") if each in offered), offered[0])


def _attach(cohort: Cohort, asked: Asked) -> dict[str, Any] | None:
    if asked.attach is None:
        return None
    event = event_times(cohort, asked)
    times = {"begins_at": event[0].isoformat(), "ends_at": event[1].isoformat()} if event else {}
    return {"kind": asked.attach.kind, **times}


def _print(letter: Letter) -> None:
    to = f"{letter.to_name} <{letter.to_address}>" if letter.to_name else letter.to_address
    heads = {"From": letter.sender, "Reply-To": letter.reply_to, "To": to, "Subject": letter.subject}
    heads |= {"Language": letter.language, "Attached": ", ".join(each.filename for each in letter.attachments)}
    for name, value in heads.items():
        if value:
            say(f"{name + ':':<10}{value}")
    say()
    say(letter.text.rstrip())
