"""Whether a reader may be written to at this hour: asked once more when a mail is claimed, for it may have waited."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from cohortflow.programs.calendars import next_allowed
from cohortflow.store import cohorts, frames


def not_now(
    db: Connection, rows: Iterable[Mapping[str, Any]], sites: Mapping[str, str], now: datetime
) -> dict[str, datetime]:
    """The mails whose readers are not at work at `now` (after an outage, a hold, a retry), and when each may go."""
    moments: dict[tuple[str, str], datetime] = {}
    later = {}
    for row in rows:
        key = (row["cohort_id"], sites.get(row["person_id"], ""))
        if key not in moments:
            moments[key] = _next_moment(db, *key, now)
        if moments[key] > now:
            later[row["message_id"]] = moments[key]
    return later


def _next_moment(db: Connection, cohort_id: str, site: str, now: datetime) -> datetime:
    row = cohorts.read_row(db, cohort_id)
    return next_allowed(frames.load_cohort(db, row), site or None, now) if row else now
