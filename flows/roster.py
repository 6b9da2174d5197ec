"""Take files in: the newest complete roster of each folder, and what it means for the cohorts that are running."""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy.engine import Connection

from cohortflow.engine import task
from cohortflow.programs.calendars import local_day
from cohortflow.programs.parsing import parse_program
from cohortflow.store import bundles, cohorts, departures, events, frames, lateness, occasions, people
from cohortflow.store.decisions import record_decision
from cohortflow.store.folders import Folder, roster_folders
from cohortflow.store.record import Overtaken, queue
from flows.house import House, current_house
from flows.introducing import introductions
from schemas.changes import Changes, Note
from schemas.errors import CohortflowError
from schemas.program import Program
from tasks.intents import as_timedelta, told_at_once
from tasks.leaving import decide_departures, decide_returns, tell_of_leave
from tasks.roster import RosterReading, read_roster

logger = logging.getLogger("cohortflow.flows")

FAR_AHEAD = timedelta(days=7)
SOON = timedelta(days=7)  # before its first day the owner of a cohort hears that its roster is no good
DATED = re.compile(r"(20\d{2})-?([01]\d)-?([0-3]\d)")


@task(retries=1)
def take_in_rosters(now: datetime) -> list[str]:
    """Read each roster folder's newest file if it is new; say which folders may not be trusted today."""
    house = current_house()
    with house.database.read() as db:
        folders, under_hold = roster_folders(db), cohorts.programs_under_hold(db)
    held = []
    for folder in folders:
        reasons = _reasons_to_hold(house, folder, now)
        for reason in sorted({*reasons.values()}, key=str):
            alike = [program_id for program_id, told in reasons.items() if told == reason]
            if reason or under_hold.intersection(alike):
                hold_cohorts(house, alike, reason, now)
        if any(reasons.values()):
            held.append(folder.source)
    return held


def _reasons_to_hold(house: House, folder: Folder, now: datetime) -> dict[str, str | None]:
    """Why the sending of each program of a folder must wait; one folder that cannot be read stops no other."""
    programs = {program_id: accepted_program(house, program_id, name) for program_id, name in folder.programs.items()}
    try:
        return take_in_source(house, folder, programs, now)
    except CohortflowError:
        raise  # of the database, and so of all folders
    except Exception as error:
        logger.error("%s: taking the newest file in failed (%s)", folder.source, type(error).__name__)
        told = f"{folder.source}: the newest file could not be taken in; the log says more. Drop a mended export"
        return dict.fromkeys(programs, _note(house, folder, now, told))


def accepted_program(house: House, program_id: str, name: str) -> Program:
    """A program as it was accepted under a hash; parsed once per process."""
    if name not in house.programs:
        with house.database.read() as db:
            house.programs[name] = parse_program(bundles.read_bundle(db, name), program_id)
    return house.programs[name]


def take_in_source(
    house: House, folder: Folder, programs: Mapping[str, Program], now: datetime
) -> dict[str, str | None]:
    """One folder: take its newest file in, and say why the sending of each program must wait, or None.

    How a file is read is the same for all of them, and `check` sees to it; how old it may be each says for itself.
    """
    source, known, program = folder.source, folder.known, next(iter(programs.values()))
    today = local_day(now, program.calendar.time_zone)
    found = newest_file(house.settings.home, source, today)
    if found is None:
        not_read = _not_read(house.settings.home, source, today)
        absent = f"{source}: there is no roster; drop the export into this folder{not_read}"
        return dict.fromkeys(programs, _note(house, folder, now, absent, sha256=None))
    path, file_on = found
    too_old = {program_id: stale(each, source, file_on, now) for program_id, each in programs.items()}
    oldest = next(filter(None, too_old.values()), None)
    sha256 = house.digest_of(path)
    if known and known["sha256"] == sha256 and not _says_so_too(known, file_on):
        problem = known["reason"] if known["state"] == "faulty" else None
        if problem is None and (known["file_on"] or file_on) < file_on:
            see_who_stays_away(house, source, file_on, now)
        _note(house, folder, now, problem or oldest, file_on=file_on)
        return {program_id: problem or reason for program_id, reason in too_old.items()}
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    reading = read_roster(content, program.people, program.calendar.sites, file=path.name)
    if problem := reading.problem or _mostly_unusable(reading, path.name):
        put_aside(house, source, path.name, file_on, sha256, reading, now)
        return dict.fromkeys(
            programs, _note(house, folder, now, problem, state="faulty", sha256=sha256, file=path.name)
        )
    shrunk = _shrunk(programs.values(), known, reading, path.name, file_on)
    noted = {
        "sha256": sha256,
        "file": path.name,
        "file_on": file_on,
        "rows": int(known["rows"]) if known and shrunk else len(reading.people),
        "told": str(len(reading.people)) if shrunk else None,
        "state": "faulty" if shrunk else "held" if oldest else "ok",
        "reason": shrunk or oldest,
    }
    merge_reading(house, source, reading, noted, now)
    return {program_id: shrunk or reason for program_id, reason in too_old.items()}


def newest_file(home: Path, source: str, today: date) -> tuple[Path, date] | None:
    """The newest file of a folder, by the date in its name, or else by when it was written.

    Of two with the same date it is the one written last: whoever mends an export drops it beside the first.
    One whose name has a date far ahead is no export; taken for the newest, it would hide all others.
    """
    files = [path for path in _files(home, source) if not _is_ahead(path, today)]
    dated = [(_date_of(path), path.stat().st_mtime_ns, path.name, path) for path in files]
    if not dated:
        return None
    file_on, *_, path = max(dated)
    return path, file_on


def _files(home: Path, source: str) -> list[Path]:
    return [path for path in home.glob(source) if path.is_file() and not path.is_symlink()]


def _is_ahead(path: Path, today: date) -> bool:
    # By the name alone, and generously: it is a year or a month that somebody typed wrong.
    named = _named_date(path)
    return named is not None and named > today + FAR_AHEAD


def _not_read(home: Path, source: str, today: date) -> str:
    """What lies in the folder all the same, and why it is no roster."""
    read = _files(home, source)
    for path in sorted((home / source).parent.glob("[!.]*")):
        if path in read and _is_ahead(path, today):
            return f" ({path.name} has a date far ahead and is not read; mend its name)"
        if path not in read and path.is_file():
            return f" ({path.name} is not read, for its name is not like {Path(source).name})"
    return ""


def _date_of(path: Path) -> date:
    return _named_date(path) or _written_on(path)


def _named_date(path: Path) -> date | None:
    found = DATED.search(path.name)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _written_on(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def stale(program: Program, source: str, file_on: date, now: datetime) -> str | None:
    """Why a file is too old to send by, or None."""
    limit = program.people.hold_if.older_than
    today = local_day(now, program.calendar.time_zone)
    if limit is not None and today - file_on > as_timedelta(limit):
        return f"{source}: the newest roster is of {file_on}, older than {limit}; drop a fresh export into this folder"
    return None


def _mostly_unusable(reading: RosterReading, name: str) -> str | None:
    """What to tell of a file of which more is refused than taken: something is wrong with all of it."""
    if 2 * reading.refused_rows <= reading.rows_in:
        return None
    columns = Counter(refusal.column for refusal in reading.refused if refusal.whole_row)
    (column, _), *_ = columns.most_common(1)
    return (
        f"{name}: {reading.refused_rows} of its {reading.rows_in} rows cannot be used, most of them for what stands "
        f"under {column!r}; compare that column with people.columns, people.status and people.levels in company.yaml, "
        "and drop a mended export"
    )


def _says_so_too(known: Mapping[str, Any], file_on: date) -> bool:
    """Whether this is the export after one that had far fewer people; `told` keeps how many."""
    return known["told"] is not None and known["file_on"] is not None and known["file_on"] < file_on


def _shrunk(
    programs: Iterable[Program], known: Mapping[str, Any] | None, reading: RosterReading, name: str, file_on: date
) -> str | None:
    """What to tell of a file with far fewer people than the one before, by the most careful of its programs."""
    limits = [each.people.hold_if.rows_drop_by for each in programs]
    limit = min((each for each in limits if each is not None), default=None)
    before, rows = int(known["rows"]) if known else 0, len(reading.people)
    if limit is None or not before or rows >= before * (1 - limit / 100):
        return None
    if known and _says_so_too(known, file_on) and rows >= int(known["told"]) * (1 - limit / 100):
        return None
    return (
        f"{name}: {rows} people, where the file before had {before}; if that is right, let the next export say so too, "
        "else drop the whole export"
    )


def merge_reading(house: House, source: str, reading: RosterReading, noted: Mapping[str, Any], now: datetime) -> None:
    """Write what a file says, and that it is the newest of its folder: rows, quarantine, and who is no longer in it.

    Args:
        noted: what is to be known of the folder from now on.
    """
    rows = _rows_of(reading.people)
    sha256, file_on = noted["sha256"], noted["file_on"]
    with house.database.write_alone() as db:
        current = people.read_source(db, source) or {}
        # Put back on the day on which another file had taken its place: it is the newest again.
        is_back = current.get("file_on") == file_on and current.get("sha256") != sha256
        if is_back or not people.was_taken(db, source, sha256, file_on):
            accepted, unchanged = people.merge(db, source, rows, file_on)
            present = {row["person_id"] for row in rows} | reading.named
            # One that replaces a file nobody could use has asked for the absent already.
            is_complete = noted["state"] != "faulty" and not (is_back and current["state"] == "faulty")
            gone = people.note_absent(db, source, present, file_on, "left") if is_complete else []
            intake = {"sha256": sha256, "source": source, "file": noted["file"], "file_on": file_on, "taken_at": now}
            counts = {"rows": reading.rows_in, "accepted": accepted, "unchanged": unchanged + reading.identical}
            bad_rows = reading.refused_rows
            people.note_intake(db, {**intake, **counts, "quarantined": bad_rows}, quarantine_of(reading))
            told = {**counts, "quarantined": bad_rows, "cells": len(reading.refused), "absent": len(gone)}
            events.append(db, "company", [Note("roster.taken", counts=told)], at=now, actor="roster")
        people.note_source(db, source, now, **noted)
    house.roster_changed = True


def see_who_stays_away(house: House, source: str, file_on: date, now: datetime) -> None:
    """Another day's export with the same words: nothing to take, but it confirms who is no longer in it."""
    with house.database.write_alone() as db:
        if gone := people.confirm_absence(db, source, file_on, "left"):
            chain = [Note("roster.taken", counts={"rows": 0, "absent": len(gone)})]
            events.append(db, "company", chain, at=now, actor="roster")
            house.roster_changed = True


def put_aside(
    house: House, source: str, name: str, file_on: date, sha256: str, reading: RosterReading, now: datetime
) -> None:
    """A file that cannot be used at all: nothing of it is taken, and every row of it can be looked up."""
    with house.database.write_alone() as db:
        if reading.refused and not people.was_taken(db, source, sha256, file_on):
            intake = {"sha256": sha256, "source": source, "file": name, "file_on": file_on, "taken_at": now}
            counts = {"rows": reading.rows_in, "accepted": 0, "unchanged": 0, "quarantined": reading.refused_rows}
            people.note_intake(db, {**intake, **counts}, quarantine_of(reading))


def _rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as the store takes them; pandas' own way to dicts is many times slower."""
    columns = {str(name): table[name].tolist() for name in table.columns}
    days = columns["joined_on"]
    columns["joined_on"] = [day.date() if isinstance(day, datetime) else day or None for day in days]
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def quarantine_of(reading: RosterReading) -> list[dict[str, object]]:
    """One row per refused cell; the first reason stands when a cell has several."""
    cells: dict[tuple[int, str], dict[str, object]] = {}
    for cell in reading.refused:
        named = {"row": cell.row, "column": cell.column, "code": cell.code, "reason": cell.reason, "value": cell.value}
        cells.setdefault((cell.row, cell.column), named)
    return list(cells.values())


def _note(house: House, folder: Folder, now: datetime, reason: str | None, **columns: object) -> str | None:
    columns["state"] = columns.get("state") or ("held" if reason else "ok")
    known = folder.known or {}
    if known.get("state") == "faulty" and "sha256" not in columns and reason == known.get("reason"):
        columns["state"] = "faulty"
    told = {"reason": reason, **columns}
    if any(known.get(name) != value for name, value in told.items()):
        with house.database.write_alone() as db:
            people.note_source(db, folder.source, now, **told)
    return reason


def hold_cohorts(house: House, program_ids: list[str], reason: str | None, now: datetime) -> None:
    """Let no mail go by a roster that cannot be trusted, and tell the owner when it stays so."""
    with house.database.read() as db:
        changing = cohorts.to_change_roster_hold(db, program_ids, reason)
        waiting = cohorts.under_roster_hold(db, program_ids) if reason else []
        staying = [row for row in waiting if row.state == "running" or _begins_soon(db, row, now)]
    if changing:
        with house.database.write() as db:
            cohorts.set_roster_hold(db, changing, reason, now=now, actor="roster")
    for row in staying:
        if row.cohort_id not in changing and reason:
            _tell_owner(house, row, reason, now)


def _begins_soon(db: Connection, row: cohorts.CohortRow, now: datetime) -> bool:
    first = occasions.first_day(db, row.cohort_id)
    return first is not None and first <= now.date() + SOON


def _tell_owner(house: House, row: cohorts.CohortRow, reason: str, now: datetime) -> None:
    with house.database.write() as db:
        cohort = frames.load_cohort(db, row)
        # The same words are told once each time they become true.
        number = events.count(db, row.cohort_id, "roster.held")
        occasion = f"roster.held.{hashlib.sha256(reason.encode()).hexdigest()[:8]}"
        occasion += f".{number}" if number > 1 else ""
        intents = told_at_once(cohort, "roster_held", "owner", occasion, now, house.wording_in(db))
        queue(db, row.cohort_id, intents, row.config_hash, now)


@task(retries=1)
def see_who_left(now: datetime) -> int:
    """End the matches of people who have left, tell partners of leave, and introduce who is back; safe to repeat.

    Returns:
        How many cohorts changed.
    """
    house = current_house()
    with house.database.read() as db:
        leaving = departures.cohorts_with_leavers(db)
        away = departures.cohorts_with_leave(db) if house.roster_changed else []
        back = departures.cohorts_to_introduce(db) if house.roster_changed else []
        returned = departures.cohorts_with_returned(db) if house.roster_changed else []
        kept = lateness.kept_for_return(db, now) if house.roster_changed else []
    if kept:
        with house.database.write() as db:
            lateness.ask_again(db, kept, now)
    changed = 0
    for cohort_id in sorted({*leaving, *away, *back, *returned}):
        changed += _see_one(house, cohort_id, now, tell_leave=cohort_id in away)
    house.roster_changed = False
    return changed


def _see_one(house: House, cohort_id: str, now: datetime, *, tell_leave: bool) -> int:
    standing = frames.read_standing(house.database, cohort_id)
    with house.database.read() as db:
        statuses = people.participating_statuses(db, cohort_id)
        known = people.roster(db, standing.participants["person_id"])
        told, announced = departures.told_of_matches(db, cohort_id), departures.announced(db, cohort_id)
    wording = house.wording()
    changes: Changes = decide_departures.fn(
        standing.cohort, standing.participants, standing.matches, known, statuses, now, wording, told
    )
    returns = decide_returns.fn(standing.participants, statuses, _are_matched(standing))
    changes.participants |= returns.participants
    changes.notes += returns.notes
    if tell_leave and standing.cohort.program.people.when_someone_is_on_leave == "pause":
        leave = tell_of_leave.fn(standing.cohort, standing.matches, known, statuses, now, wording)
        changes.intents += leave.intents
    if missed := introductions(house, standing, known, announced, now):
        changes.intents += missed
        changes.note(departures.BACK, departures.BACK, count=len(missed))
    if not changes.notes and not changes.intents:
        return 0
    try:
        record_decision(standing, changes, now=now, actor="roster")
    except Overtaken:
        return 0  # the next tick sees the same leavers again
    return 1


def _are_matched(standing: frames.Standing) -> bool:
    return standing.occasions.get(("match.runs", "-"), "pending") != "pending"
