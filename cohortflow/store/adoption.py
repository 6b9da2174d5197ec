"""Cohorts enter the store and follow their file until they begin; what happens then stands in `edits`."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.engine import Connection

from cohortflow.programs.calendars import local_day
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.later import reason_to_hold
from cohortflow.programs.occasions import dated_occasions
from cohortflow.store import cohorts, events, occasions
from cohortflow.store.cohorts import CohortRow
from schemas.changes import Note

LATE = "declared after its first date; give it a new date, or resume it with compressed dates"
ACTOR = "configuration"


def first_day_has_passed(cohort: Cohort, now: datetime) -> bool:
    """Whether the cohort should have begun before today (in the program's zone)."""
    return first_day(cohort) < local_day(now, cohort.program.calendar.time_zone)


def first_day(cohort: Cohort) -> date:
    """The day of the first thing that falls due."""
    return min(each.due_on for each in dated_occasions(cohort))


def declare(db: Connection, cohort: Cohort, line: Mapping[str, Any], config_hash: str, now: datetime) -> bool:
    """A cohort seen for the first time; returns whether it is late and therefore held."""
    cohorts.insert(db, cohort.id, config_hash, line, now)
    count = occasions.insert(db, cohort.id, dated_occasions(cohort), config_hash, now)
    note = Note("cohort.declared", counts={"occasions": count})
    events.append(db, cohort.id, [note], at=now, actor=ACTOR, bundle=config_hash)
    late = first_day_has_passed(cohort, now)
    if reason := reason_to_hold(cohort.program) or (LATE if late else None):
        cohorts.hold(db, cohort.id, reason, now=now, actor=ACTOR)
    return late


def derive_anew(
    db: Connection, row: CohortRow, cohort: Cohort, line: Mapping[str, Any], config_hash: str, now: datetime
) -> bool:
    """A cohort that has not begun follows its file; returns whether it is late and therefore held."""
    was_known_in_time = row.held_reason != LATE and occasions.first_day(db, row.cohort_id) == first_day(cohort)
    cohorts.drop_undone(db, row.cohort_id)
    count = occasions.insert(db, row.cohort_id, dated_occasions(cohort), config_hash, now)
    # A tick that comes late itself finds days behind it that were well ahead when they were declared.
    late = first_day_has_passed(cohort, now) and not was_known_in_time
    reason = reason_to_hold(cohort.program) or (LATE if late else None)
    state: dict[str, Any] = {"state": "held", "held_reason": reason} if reason else {}
    was_withdrawn = row.state == "closed"
    if not reason and (was_withdrawn or (row.state == "held" and _by_itself(row))):
        state = {"state": "declared", "held_reason": None}
    if was_withdrawn:
        state["closed_at"] = None
    cohorts.change(db, row.cohort_id, config_hash=config_hash, line=dict(line), refused_line=None, **state)
    note = Note("cohort.derived", counts={"occasions": count})
    events.append(db, row.cohort_id, [note], at=now, actor=ACTOR, bundle=config_hash)
    return late


def _by_itself(row: CohortRow) -> bool:
    """Whether a hold was for what stood in the file, so that a mended file ends it; a person's hold stays."""
    return row.held_reason == LATE or "later version" in (row.held_reason or "")


def withdraw(db: Connection, row: CohortRow, now: datetime) -> None:
    """A cohort whose line was taken out before it began never will."""
    cohorts.drop_undone(db, row.cohort_id)
    cohorts.change(db, row.cohort_id, state="closed", closed_at=now, held_reason=None)
    events.append(db, row.cohort_id, [Note("cohort.withdrawn")], at=now, actor=ACTOR)


def line_mark(line: Mapping[str, Any]) -> str:
    """A short mark of a line, to know it again."""
    return hashlib.sha256(json.dumps(dict(line), sort_keys=True).encode()).hexdigest()[:12]
