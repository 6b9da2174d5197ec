"""Whether a reader may be written to at this hour: asked once more when a mail is claimed, for it may have waited."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from cohortflow.programs.calendars import next_allowed
from cohortflow.programs.cohorts import Cohort

ASKED_AGAIN = timedelta(hours=12)  # sooner where a roster says that somebody is back


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


def while_away(
    cohorts: Mapping[str, Cohort | None], rows: Iterable[Mapping[str, Any]], sites: Mapping[str, str], now: datetime
) -> dict[str, datetime]:
    """When each mail of those that wait until their reader is back from leave is asked again whether it may go."""
    later, again = {}, now + ASKED_AGAIN
    for row in rows:
        cohort = cohorts[row["cohort_id"]]
        site = sites.get(row["person_id"]) or None
        later[row["message_id"]] = next_allowed(cohort, site, again) if cohort else again
    return later
