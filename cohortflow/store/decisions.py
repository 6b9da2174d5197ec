"""A decision goes into the store in a transaction of its own, on the version of the cohort it was made on."""

from datetime import datetime

from cohortflow.store.frames import Standing
from cohortflow.store.occasions import Claim
from cohortflow.store.record import record
from cohortflow.store.shelf import shelf_of
from schemas.changes import Changes


def record_decision(
    standing: Standing, changes: Changes, *, now: datetime, actor: str, claim: Claim | None = None
) -> None:
    """Write what was decided on a cohort as it stood, or nothing.

    Raises:
        Overtaken: the cohort moved on meanwhile, or the claim is lost; nothing was written.
    """
    row = standing.row
    with standing.database.write() as db:
        record(db, row.cohort_id, row.version, changes, now=now, actor=actor, config_hash=row.config_hash, claim=claim)
    # Only now: before the commit nobody could be sure that this version will ever be.
    shelf = shelf_of(standing.database.engine)
    shelf.carry_over(row.cohort_id, row.version, row.version + 1, _untouched(changes))


def _untouched(changes: Changes) -> list[str]:
    touched = {
        "participants": bool(changes.participants),
        "matches": bool(changes.matches or changes.new_matches),
        "answers": bool(changes.answers),
    }
    return [name for name, is_touched in touched.items() if not is_touched]
