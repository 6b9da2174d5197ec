"""The end of a cohort: who completed it."""

from datetime import datetime

import pandas as pd

from cohortflow.engine import task
from schemas.changes import LIVE_MATCH, Changes
from schemas.rows import each_row


@task
def end_of_the_cohort(participants: pd.DataFrame, matches: pd.DataFrame, now: datetime) -> Changes:
    """Matches that are active have completed, and so have their people; what was never begun ends with the cohort."""
    changes = Changes(cohort={"state": "closed", "closed_at": now})
    live = matches[matches["state"].isin(LIVE_MATCH)]
    for match in each_row(live):
        done = match.state == "active"
        reason = "completed" if done else "never began"
        changes.matches[match.match_id] = {"state": "ended", "ended_at": now, "end_reason": reason}
    active = live[live["state"] == "active"]
    finished = set(active["mentee_id"]) | set(active["mentor_id"])
    here = participants.loc[~participants["state"].isin(("left", "withdrawn")), "person_id"]
    for person_id in sorted(finished & set(here)):
        changes.participants[person_id] = {"state": "completed"}
    changes.note("cohort.closed", "close.runs", completed=len(changes.participants), pairs=len(active))
    return changes
