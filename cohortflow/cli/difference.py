"""The file of a cohort beside what the database knows of it; only read, and no database is ever made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from cohortflow.programs.cohorts import Cohort, cohort_line, read_cohort
from cohortflow.programs.edits import first_seen, withdrawn
from cohortflow.programs.parsing import FOLDER
from schemas.edits import Difference, People
from schemas.errors import ProgramError
from schemas.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from cohortflow.store.cohorts import CohortRow


def difference_of(
    cohort: Cohort, texts: dict[str, str], settings: Settings, now: datetime | None = None, folder: str = FOLDER
) -> Difference | None:
    """What the file of a cohort changes; None where there is no database to compare it with.

    Args:
        cohort: as the file declares it.
        texts: the files it was read from, and `folder` the one they lie in, as it is to be shown.
        now: the instant to judge by; None for what the instance clock shows.
    """
    with _looking(settings) as db:
        if db is None:
            return None
        from cohortflow.store import cohorts, instances

        row = cohorts.read_row(db, cohort.id)
        at = now or instances.shown_now(db)
        return first_seen(cohort) if row is None else _of_known(db, row, cohort, texts, folder, at)


def without_line(
    program_id: str, keys: list[str], texts: dict[str, str], settings: Settings, folder: str = FOLDER
) -> dict[str, Difference]:
    """The cohorts of a program whose line is not in its file any more, by id; `keys` are those in the file."""
    with _looking(settings) as db:
        if db is None:
            return {}
        from cohortflow.store import cohorts
        from cohortflow.store.edits import FileNow, line_is_gone
        from cohortflow.store.frames import load_cohort

        rows = [row for row in cohorts.read_rows(db, program_id) if row.key not in keys and row.state != "closed"]
        file = FileNow(texts, folder)
        return {
            row.cohort_id: line_is_gone(row, file).difference
            if row.begun_at is not None
            else withdrawn(load_cohort(db, row), file.places(row).of(()))
            for row in rows
        }


def without_file(program_ids: list[str], settings: Settings, folder: str = FOLDER) -> dict[str, Difference]:
    """The cohorts of programs whose file is not there any more, by id; `program_ids` are those that have one."""
    with _looking(settings) as db:
        if db is None:
            return {}
        from cohortflow.store import cohorts

        known = {row.program_id for row in cohorts.read_rows(db) if row.state != "closed"}
    gone = sorted(known - set(program_ids))
    return {
        name: each for program_id in gone for name, each in without_line(program_id, [], {}, settings, folder).items()
    }


def as_it_runs(cohort: Cohort, texts: dict[str, str], settings: Settings, folder: str = FOLDER) -> Cohort:
    """A running cohort by the version of the program it runs on, under the line that the file has now.

    Any other cohort, and one whose line that version cannot read, is as the file declares it.
    """
    with _looking(settings) as db:
        if db is None:
            return cohort
        from cohortflow.store import bundles, cohorts

        row = cohorts.read_row(db, cohort.id)
        if row is None or row.begun_at is None:
            return cohort
        line = cohort_line(texts, row.program_id, row.key, folder)
        try:
            return read_cohort(bundles.read_bundle(db, row.config_hash), row.program_id, row.key, line)
        except ProgramError:
            return cohort


@contextmanager
def _looking(settings: Settings) -> "Iterator[Connection | None]":
    """A transaction that only reads, or None where there is no database."""
    # A file that nobody has run yet is planned without waiting for the database's libraries to load.
    if not settings.database_url and not (settings.var / "cohortflow.db").is_file():
        yield None
        return
    from cohortflow.store.database import open_existing

    database = open_existing(settings.database, timeout=settings.database_timeout)
    if database is None:
        yield None
        return
    try:
        with database.read() as db:
            yield db
    finally:
        database.close()


def _of_known(
    db: "Connection", row: "CohortRow", cohort: Cohort, texts: dict[str, str], folder: str, now: datetime
) -> Difference:
    from cohortflow.store.edits import FileNow, compare_with_file, kept_as_begun, weigh_line

    file = FileNow(texts, folder)
    if row.begun_at is None:
        return compare_with_file(db, row, cohort, file, _counted)
    line = cohort_line(texts, row.program_id, row.key, folder)
    found = weigh_line(db, row, line, file, now, _counted).difference
    return replace(found, kept=kept_as_begun(db, row, line, file))


def _counted(db: "Connection", old: Cohort, new: Cohort) -> tuple[People, ...]:
    """Only an edit that touches who may join pays for loading the tables that count them."""
    from flows.eligibility import eligible_counts

    return eligible_counts(db, old, new)
