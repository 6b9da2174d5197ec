"""Notes about mails in the histories of their cohorts: each cohort's row is held, and always in one order."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store import events
from cohortflow.store.tables import cohorts
from schemas.changes import Note

Gathered = dict[str, list[Note]]  # by cohort, in the order in which they are to stand there


def append_note(db: Connection, cohort_id: str, note: Note, now: datetime, actor: str) -> None:
    """Add a note to a cohort's history, holding the cohort's row."""
    append_notes(db, {cohort_id: [note]}, now, actor)


def append_notes(db: Connection, gathered: Mapping[str, list[Note]], now: datetime, actor: str) -> None:
    """Add notes to the histories of several cohorts.

    What writes about several in one transaction gathers its notes and adds them once, at its end: two that held the
    rows of two cohorts, one in one order and one in the other, would wait for each other.
    """
    for cohort_id in sorted(gathered):
        # Two deliveries may not take the same number of its chain. SQLite has one writer.
        if db.dialect.name != "sqlite":
            db.execute(_HOLD_ROW, {"cohort_id": cohort_id})
        events.append(db, cohort_id, gathered[cohort_id], at=now, actor=actor)


def note_counts(
    db: Connection,
    kind: str,
    by_cohort: Mapping[str, Mapping[str, int]],
    now: datetime,
    actor: str,
    gathered: Gathered | None = None,
) -> None:
    """Note how many mails of each cohort ended how: at once, or with what the caller gathers for later."""
    notes = {} if gathered is None else gathered
    for cohort_id, counts in by_cohort.items():
        notes.setdefault(cohort_id, []).append(Note(kind, counts=dict(counts)))
    if gathered is None:
        append_notes(db, notes, now, actor)


_HOLD_ROW = sa.select(cohorts.c.cohort_id).where(cohorts.c.cohort_id == sa.bindparam("cohort_id")).with_for_update()
