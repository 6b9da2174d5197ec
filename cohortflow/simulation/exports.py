"""What a life leaves behind: the book of its mails, the report, and tables for spreadsheets."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cohortflow.programs.calendars import zone_of
from cohortflow.programs.cohorts import Cohort
from cohortflow.simulation.book import BookEntry, write_book
from cohortflow.simulation.driver import Life
from cohortflow.store import overview, people
from flows.reporting import draw_report
from schemas.changes import LIVE_MATCH
from schemas.occasions import NOT_NARROWED
from tasks.exports import to_csv

MESSAGES = (
    "message_id", "cohort", "occasion", "about", "person_id", "role", "template", "language", "due_at", "sent_at",
    "state", "reason",
)  # fmt: skip
PAIRS = ("mentee_id", "mentor_id", "score", "status", "reasons", "runner_up_id", "runner_up_loss")
UNMATCHED = ("person_id", "role", "reason")
QUARANTINE = ("file", "row", "column", "reason")
EVENTS = ("chain", "seq", "at", "kind", "actor", "occasion", "about", "counts", "bundle", "hash")

GONE = {"left": "has left the company", "withdrawn": "has withdrawn", "declined": "has declined"}

Row = dict[str, Any]


def write_exports(life: Life, out: Path) -> list[Path]:
    """Write everything into a folder, which is made if need be; each file appears whole or not at all.

    Returns:
        The files, the ones to open first at the front.
    """
    with life.house.database.read() as db:
        mails, matches = overview.message_rows(db, life.cohort.id), overview.match_rows(db, life.cohort.id)
        participants = overview.participant_rows(db, life.cohort.id)
        history, refused, sites = overview.event_rows(db), people.quarantined(db), overview.sites(db)
    zones = {person: zone_of(life.cohort, site) for person, site in sites.items()}
    tables = {
        "messages.csv": to_csv((_message(row, life.cohort, zones) for row in mails), MESSAGES),
        "pairs.csv": to_csv(map(_pair, matches), PAIRS),
        "unmatched.csv": to_csv(_unmatched(participants, matches), UNMATCHED),
        "quarantine.csv": to_csv(refused, QUARANTINE),
        "events.csv": to_csv((_event(row, life.cohort) for row in history), EVENTS),
        "report.html": draw_report(life.house, life.cohort.id, life.now),
    }
    out.mkdir(parents=True, exist_ok=True)
    book = _part(out / "book.html")
    entries = _entries(life, {row["message_id"]: row for row in mails}, zones)
    write_book(entries, book, f"{life.cohort.program.name}, {life.cohort.name}")
    book.replace(out / "book.html")
    for name, text in tables.items():
        part = _part(out / name)
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(out / name)
    return [out / name for name in ("book.html", *sorted(tables, key=lambda name: (name != "report.html", name)))]


def _part(path: Path) -> Path:
    """Where a file is written before it takes its name, so that nobody opens half of one."""
    return path.with_name(f".{path.name}.part")


def _message(row: Row, cohort: Cohort, zones: Mapping[str, str]) -> Row:
    zone = _zone(row, cohort, zones)
    times = {name: shown(row[name], zone) for name in ("due_at", "sent_at")}
    return {**row, "cohort": row["cohort_id"], "about": told(row["about"]), **times}


def _zone(row: Row, cohort: Cohort, zones: Mapping[str, str]) -> str:
    """The reader's zone; owners, approvers and sponsors are no rows of the roster and live by the program's."""
    return zones.get(row["person_id"], cohort.program.calendar.time_zone)


def shown(at: datetime | None, zone: str) -> str:
    """An instant on a clock of that zone, with its offset."""
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds") if at else ""


def told(value: str) -> str:
    """Nothing where the store says "-": a spreadsheet would take the dash for the beginning of a formula."""
    return "" if value == NOT_NARROWED else value


def _pair(row: Row) -> Row:
    ended = f"{row['state']}: {row['end_reason']}" if row["end_reason"] else row["state"]
    status = row["state"] if row["end_reason"] == row["state"] else ended
    return {**row, "status": status, "reasons": list(row["reasons"]), "runner_up_id": "", "runner_up_loss": ""}


def _unmatched(participants: list[Row], matches: list[Row]) -> list[Row]:
    """Everybody who applied and neither has a partner nor came to the end with one."""
    paired = {
        person
        for row in matches
        if row["state"] in LIVE_MATCH or row["end_reason"] == "completed"
        for person in (row["mentee_id"], row["mentor_id"])
    }
    had = {person for row in matches for person in (row["mentee_id"], row["mentor_id"])}
    left_over = [row for row in participants if row["applied_at"] and row["person_id"] not in paired]
    return [{**row, "reason": _why_unmatched(row, row["person_id"] in had)} for row in left_over]


def _why_unmatched(row: Row, had_partner: bool) -> str:
    if row["state"] in GONE:
        return GONE[row["state"]]
    if row["reason"]:
        return str(row["reason"])
    if had_partner:
        return "the match ended, and no other was found"
    if row["state"] == "waitlisted":
        return f"more people applied than there are seats; place {row['place']} in line"
    return "applied, and has not been matched yet"


def _event(row: Row, cohort: Cohort) -> Row:
    counts = [f"{name}={value}" for name, value in sorted(row["counts"].items())]
    plain = {name: told(row[name]) for name in ("occasion", "about", "bundle")}
    return {**row, **plain, "at": shown(row["at"], cohort.program.calendar.time_zone), "counts": counts}


def _entries(life: Life, rows: Mapping[str, Row], zones: Mapping[str, str]) -> Iterator[BookEntry]:
    """Every mail that left, with what the ledger knows of it."""
    for letter, at in life.transport:
        row = rows.get(letter.message_id)
        if row is None:
            continue  # another cohort of the same program wrote it
        local = at.astimezone(ZoneInfo(_zone(row, life.cohort, zones)))
        yield BookEntry(
            message_id=letter.message_id,
            sent_at=at,
            local_time=f"{local:%H:%M} (UTC{local:%z})",
            day=local.date(),
            person_id=row["person_id"],
            to_name=letter.to_name or letter.to_address,
            role=row["role"],
            stage=row["stage"],
            occasion=row["occasion"],
            template=row["template"],
            language=letter.language,
            state=row["state"],
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            attachments=tuple((each.filename, each.content_type, each.content) for each in letter.attachments),
        )
