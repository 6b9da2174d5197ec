"""A decision goes into the store in a transaction of its own, on the version of the cohort it was made on."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.frames import Standing, mentor_load_elsewhere
from cohortflow.store.occasions import Claim
from cohortflow.store.record import Overtaken, record
from cohortflow.store.shelf import shelf_of
from schemas.changes import Changes


def record_decision(
    standing: Standing, changes: Changes, *, now: datetime, actor: str, claim: Claim | None = None
) -> None:
    """Write what was decided on a cohort as it stood, or nothing.

    Raises:
        Overtaken: the cohort moved on meanwhile, the claim is lost, or another cohort has taken a mentor's place;
            nothing was written.
    """
    row = standing.row
    with standing.database.write() as db:
        if changes.new_matches:
            _see_mentors_again(db, row.cohort_id, changes)
        record(db, row.cohort_id, row.version, changes, now=now, actor=actor, config_hash=row.config_hash, claim=claim)
    # Only now: before the commit nobody could be sure that this version will ever be.
    shelf = shelf_of(standing.database.engine)
    shelf.carry_over(row.cohort_id, row.version, row.version + 1, _untouched(changes))


def _see_mentors_again(db: Connection, cohort_id: str, changes: Changes) -> None:
    """Cohorts that match at the same moment count a mentor's other matches one after the other.

    Raises:
        Overtaken: what a mentor has elsewhere has changed since it was decided.
    """
    if db.dialect.name == "postgresql":  # SQLite lets only one write at a time anyway
        db.execute(sa.text("select pg_advisory_xact_lock(727003)"))
    found = mentor_load_elsewhere(db, cohort_id)
    mentors = {new.mentor_id for new in changes.new_matches}
    if any(found.get(mentor, 0) != changes.elsewhere.get(mentor, 0) for mentor in mentors):
        raise Overtaken(cohort_id)


def _untouched(changes: Changes) -> list[str]:
    touched = {
        "participants": bool(changes.participants),
        "matches": bool(changes.matches or changes.new_matches),
        "answers": bool(changes.answers),
    }
    return [name for name, is_touched in touched.items() if not is_touched]
