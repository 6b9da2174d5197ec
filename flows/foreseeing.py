"""What would go out if a held cohort went on: decided step by step as the ticks decide it, with nothing written."""

from dataclasses import dataclass
from datetime import datetime

from cohortflow.store import frames, occasions
from cohortflow.store.frames import Standing
from cohortflow.store.imagining import as_if_written
from cohortflow.store.occasions import Claim
from flows.advance import DECISIONS
from flows.carry import Turn
from flows.house import House
from schemas.errors import CohortflowError
from schemas.occasions import Occasion


@dataclass(frozen=True)
class Outcome:
    """What one occasion would come to, if the cohort went on now."""

    occasion: str
    about: str
    due_at: datetime
    mails: int
    comes_to: str


def what_would_go_out(house: House, cohort_id: str, now: datetime) -> list[Outcome]:
    """What every overdue occasion would come to now, and whatever each of them lets go."""
    standing = frames.read_standing(house.database, cohort_id)
    with house.database.read() as db:
        ahead, waiting = occasions.overdue(db, cohort_id, now), occasions.kept_waiting(db, cohort_id, now)
    found = []
    while ahead:
        claim = ahead.pop(0)
        try:
            changes = DECISIONS[claim.stage](Turn(house, claim, standing, now))
        except CohortflowError:
            found.append(_outcome(claim, 0, "would fail; the next tick says why"))
            continue
        told = f"skipped: {changes.skipped_because}" if changes.skipped_because else "done"
        found.append(_outcome(claim, 0 if changes.skipped_because else len(changes.intents), told))
        closed = {(claim.key, claim.about): "skipped" if changes.skipped_because else "done", **changes.close_occasions}
        ahead = [each for each in ahead if (each.key, each.about) not in closed]
        new = [each for each in changes.occasions if (each.key, each.about) not in standing.occasions]
        standing = as_if_written(standing, changes, closed, now)
        ahead += occasions.ready_of(cohort_id, [each for each in new if _waits_no_more(standing, each)], now)
        ahead += [each for key, about in closed if about == "-" for each in waiting.pop(key, [])]
    return found


def _outcome(claim: Claim, mails: int, comes_to: str) -> Outcome:
    return Outcome(claim.key, claim.about, claim.due_at or claim.ready_at, mails, comes_to)


def _waits_no_more(standing: Standing, new: Occasion) -> bool:
    return new.waits_for is None or standing.occasions.get((new.waits_for, "-")) in ("done", "skipped")
