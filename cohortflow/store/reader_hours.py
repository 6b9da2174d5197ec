"""Whether a reader may be written to at this hour: asked once more when a mail is claimed, for it may have waited."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cohortflow.programs.calendars import next_allowed
from cohortflow.programs.cohorts import Cohort


def not_now(
    cohorts: Mapping[str, Cohort | None], rows: Iterable[Mapping[str, Any]], sites: Mapping[str, str], now: datetime
) -> dict[str, datetime]:
    """The mails whose readers are not at work at `now` (after an outage, a hold, a retry), and when each may go."""
    moments: dict[tuple[str, str], datetime] = {}
    later = {}
    for row in rows:
        key = (row["cohort_id"], sites.get(row["person_id"], ""))
        if key not in moments:
            cohort = cohorts[row["cohort_id"]]
            moments[key] = next_allowed(cohort, key[1] or None, now) if cohort else now
        if moments[key] > now:
            later[row["message_id"]] = moments[key]
    return later
