"""Take the configuration in: only the tick reads program files and texts; everything else reads what it accepted."""

import logging
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Connection

from cohortflow.engine import task
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.texts import read_texts
from cohortflow.programs.cohorts import Cohort, cohort_line, read_cohort
from cohortflow.programs.documents import program_files, read_config
from cohortflow.programs.parsing import parse_program
from cohortflow.programs.unfinished import seems_unfinished
from cohortflow.store import adoption, bundles, cohorts, events, frames
from cohortflow.store.bundles import TEXTS_PROGRAM
from cohortflow.store.cohorts import CohortRow
from cohortflow.store.edits import FileNow, take_back
from flows import edits
from flows.house import House, current_house
from schemas.changes import Note
from schemas.errors import CohortflowError, ProgramError
from schemas.program import Program

logger = logging.getLogger("cohortflow.flows")

GONE = "gone"  # seen of a program whose file is not there


@task(retries=1)
def take_in_texts(now: datetime) -> int:
    """Accept the mail texts if they are new and sound; faulty ones leave the accepted ones in force.

    Returns:
        How many faults the newest texts have.
    """
    house = current_house()
    if house.is_untouched(house.settings.templates) and house.texts_faults is not None:
        return house.texts_faults
    try:
        house.texts_faults = _take_in_texts(house, now)
    except Exception:
        house.look_again()
        raise
    return house.texts_faults


def _take_in_texts(house: House, now: datetime) -> int:
    try:
        texts = read_texts(house.settings.templates)
        name, faults = bundles.hash_of(texts), []
    except ProgramError as error:
        texts, name, faults = {}, _mark_of(error), [str(fault) for fault in error.faults]
    with house.database.read() as db:
        seen = bundles.seen_programs(db).get(TEXTS_PROGRAM, {})
    if seen.get("seen_hash") == name:
        return len(seen["faults"])
    stationery = Stationery(texts)
    faults = faults or [str(fault) for fault in stationery.faults()]
    with house.database.write_alone() as db:
        if bundles.seen_programs(db).get(TEXTS_PROGRAM, {}).get("seen_hash") == name:
            return len(faults)
        if faults:
            bundles.note_program(db, TEXTS_PROGRAM, now, seen_hash=name, faults=faults)
        else:
            accepted = bundles.keep_bundle(db, "texts", texts, now)
            house.keep_texts(accepted, stationery)
            bundles.note_program(db, TEXTS_PROGRAM, now, seen_hash=name, accepted_hash=accepted, faults=[])
            events.append(db, "company", [Note("texts.accepted")], at=now, actor="configuration", bundle=accepted)
    return len(faults)


@task(retries=1)
def take_in_programs(now: datetime) -> list[str]:
    """Accept every program file that is new and sound, and let its cohorts follow it.

    Returns:
        The ids of programs whose newest file has faults; they stay on what was accepted.
    """
    house = current_house()
    folder = house.settings.program_dir
    if folder is not None and not folder.is_dir():
        raise CohortflowError(f"COHORTFLOW_PROGRAM_DIR: there is no folder {folder}")
    if house.is_untouched(house.settings.programs) and not house.faulty:
        return []
    try:
        house.faulty = _take_in_programs(house, now)
    except Exception:
        house.look_again()
        raise
    return house.faulty


def _take_in_programs(house: House, now: datetime) -> list[str]:
    faulty = []
    with house.database.read() as db:
        seen = bundles.seen_programs(db)
    files, only = program_files(house.settings.programs), house.settings.only_programs
    for path in files:
        if only and path.stem not in only:
            continue
        try:
            take_in_program(house, path, seen.get(path.stem, {}), now)
        except ProgramError as error:
            faulty.append(path.stem)
            keep_to_what_was_accepted(house, path.stem, error, seen.get(path.stem, {}), now)
    if files:  # a folder without any is one that is not there today
        for program_id in sorted(seen.keys() - {path.stem for path in files} - {TEXTS_PROGRAM}):
            if not only or program_id in only:
                go_without_file(house, program_id, seen[program_id], now)
    return faulty


def go_without_file(house: House, program_id: str, seen: dict[str, object], now: datetime) -> None:
    """The file of a program is gone, or has another name: what has not begun never will; what runs, runs on.

    Only at the second tick that does not find it: files are taken away for a moment when others are put in their place.
    """
    if seen.get("seen_hash") != GONE:
        with house.database.write_alone() as db:
            bundles.note_program(db, program_id, now, seen_hash=GONE)
        house.look_again()
        return
    with house.database.read() as db:
        waiting = any(_has_not_begun(row) for row in cohorts.read_rows(db, program_id))
    if waiting:
        with house.database.write_alone() as db:
            for row in filter(_has_not_begun, cohorts.read_rows(db, program_id)):
                adoption.withdraw(db, row, now)


def _has_not_begun(row: CohortRow) -> bool:
    return row.begun_at is None and row.state != "closed"


def take_in_program(house: House, path: Path, seen: dict[str, object], now: datetime) -> None:
    """One program file: nothing to do when it is the accepted one.

    Raises:
        ProgramError: the file has faults; nothing was changed.
    """
    texts = read_config(path)
    name = bundles.hash_of(texts)
    if seen.get("accepted_hash") == seen.get("seen_hash") == name:
        return
    program = parse_program(texts, path.stem, path.parent.name)
    if seen.get("accepted_hash") == name and not _was_withdrawn(house, path.stem, program):
        with house.database.write_alone() as db:
            bundles.note_program(db, path.stem, now, seen_hash=name, faults=[], told_hash=None)
        return
    if wait_for_the_rest(house, path.stem, texts, seen, now):
        return
    lines = {key: cohort_line(texts, path.stem, key) for key in program.cohorts}
    views = {key: read_cohort(texts, path.stem, key) for key in program.cohorts}
    source, file = program.people.source, FileNow(texts, path.parent.name)
    with house.database.write_alone() as db:
        if bundles.seen_programs(db).get(path.stem, {}).get("seen_hash") == name:
            return  # another tick was quicker
        config_hash = bundles.keep_bundle(db, "config", texts, now)
        noted = {"seen_hash": name, "accepted_hash": config_hash, "source": source, "told_hash": None}
        bundles.note_program(db, path.stem, now, faults=[], **noted)
        chain = [Note("program.accepted", counts={"cohorts": len(views)})]
        events.append(db, path.stem, chain, at=now, actor="configuration", bundle=config_hash)
        rows = {row.key: row for row in cohorts.read_rows(db, path.stem)}
        for key, cohort in views.items():
            if house.settings.only_cohorts and key not in house.settings.only_cohorts:
                continue
            follow(house, db, rows.get(key), cohort, lines[key], file, config_hash, now)
        for key, row in rows.items():
            if key not in views and row.state != "closed":
                go_without_line(house, db, row, file, now)


def _was_withdrawn(house: House, program_id: str, program: Program) -> bool:
    """Whether a cohort of the file was closed before it began, because the file was not there for a while."""
    with house.database.read() as db:
        rows = cohorts.read_rows(db, program_id)
    return any(row.begun_at is None and row.state == "closed" and row.key in program.cohorts for row in rows)


def wait_for_the_rest(
    house: House, program_id: str, texts: dict[str, str], seen: dict[str, object], now: datetime
) -> bool:
    """Whether a file ends earlier than it did: somebody may still be saving it, so the next tick decides."""
    mark = f"unfinished-{bundles.hash_of(texts)[:12]}"
    if not seen.get("accepted_hash") or seen.get("seen_hash") == mark:
        return False
    with house.database.write_alone() as db:
        if not seems_unfinished(bundles.read_bundle(db, str(seen["accepted_hash"])), texts):
            return False
        bundles.note_program(db, program_id, now, seen_hash=mark)
    house.look_again()
    return True


def go_without_line(house: House, db: Connection, row: CohortRow, file: FileNow, now: datetime) -> None:
    """The line of a cohort was taken out: one that has begun goes on without it, any other never will begin."""
    if row.begun_at is None:
        adoption.withdraw(db, row, now)
    else:
        edits.follow_line(house, db, row, None, file, now)


def follow(
    house: House,
    db: Connection,
    row: CohortRow | None,
    cohort: Cohort,
    line: dict[str, object],
    file: FileNow,
    config_hash: str,
    now: datetime,
) -> None:
    """Let one cohort follow its file, as far as it may."""
    if row is None:
        if adoption.declare(db, cohort, line, config_hash, now):
            _tell_late(house, db, cohort, line, config_hash, now)
    elif row.begun_at is None:
        if adoption.derive_anew(db, row, cohort, line, config_hash, now):
            _tell_late(house, db, cohort, line, config_hash, now)
    elif dict(row.line) != line:
        edits.follow_line(house, db, row, line, file, now)
    else:
        take_back(db, row, now)


def _tell_late(
    house: House, db: Connection, cohort: Cohort, line: dict[str, object], config_hash: str, now: datetime
) -> None:
    occasion = f"declared.late.{adoption.line_mark(line)}"
    edits.tell(house, db, cohort, "declared_late", "owner", occasion, config_hash, now)


def keep_to_what_was_accepted(
    house: House, program_id: str, error: ProgramError, seen: dict[str, object], now: datetime
) -> None:
    """A file with faults changes nothing; its owner is told once, when a second tick still finds it faulty."""
    mark, faults = _mark_of(error), [str(fault) for fault in error.faults]
    again = seen.get("seen_hash") == mark
    with house.database.write_alone() as db:
        told = {"told_hash": mark} if again else {}
        bundles.note_program(db, program_id, now, seen_hash=mark, faults=faults, **told)
        if again and seen.get("told_hash") != mark:
            rows = [row for row in cohorts.read_rows(db, program_id) if row.state != "closed"]
            if rows:
                cohort = frames.load_cohort(db, rows[0])
                occasion = f"program.fault.{mark}.{now:%Y%m%d}"  # made once more after it was mended: told once more
                edits.tell(house, db, cohort, "program_fault", "owner", occasion, rows[0].config_hash, now)
    logger.warning("%s: %d faults; it stays on the accepted version", program_id, len(faults))


def _mark_of(error: ProgramError) -> str:
    return "faulty-" + bundles.hash_of({"faults": str(error)})[:12]
