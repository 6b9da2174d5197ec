"""Rematch by hand: end a match kindly and look for another, or look once more for everybody who waits."""

from datetime import datetime
from typing import Annotated

import pandas as pd
from pydantic import Field

from cohortflow.engine import flow
from cohortflow.store import frames, people
from cohortflow.store.decisions import record_decision
from cohortflow.store.frames import Standing
from cohortflow.store.record import Overtaken
from flows.acting import By, CohortId, Why, acting_on, acting_part, known_row
from flows.house import House
from schemas.changes import PAIRED_MATCH, Changes
from schemas.errors import CohortflowError
from schemas.occasions import Occasion
from tasks.matches import part_ways, tell_partners

TRIES = 8
MatchId = Annotated[str, Field(pattern=r"^[a-z0-9-]{0,64}$")]


@flow("rematch", run_name="rematch · {cohort_id}")
def rematch(
    cohort_id: CohortId, by: By, match_id: MatchId = "", why: Why = "not said", now: datetime | None = None
) -> str:
    """Look for new partners. With a match's id, that match ends first and both are told; without, for all who wait.

    What is found is proposed, and goes to the approvers as every match does.

    Args:
        cohort_id: such as emerging-leaders/2027-spring.
        by: role:approver#1 is the first address under `approvers:`; role:owner the owner.
        match_id: of the match to end; leave it empty to look for everybody who waits.
        why: for the record.
        now: leave it at None.

    Returns:
        What was done, in one line.
    """
    with acting_on(cohort_id, now) as (house, at):
        look_again(house, cohort_id, by, match_id, why, at)
    return f"{cohort_id}: the next tick looks for new partners"


def look_again(house: House, cohort_id: str, by: str, match_id: str, why: str, now: datetime) -> None:
    """Have the next tick look for partners, after ending a match if one is named.

    Raises:
        CohortflowError: there is no such match, the cohort is not under way, or somebody else asks.
    """
    for _ in range(TRIES):
        with house.database.read() as db:
            part = acting_part(frames.load_cohort(db, known_row(db, cohort_id)), by)
        standing = frames.read_standing(house.database, cohort_id)
        if standing.occasions.get(("match.runs", "-")) not in ("done", "skipped"):
            raise CohortflowError(
                f"{cohort_id}: nobody has been matched yet; `cohortflow status {cohort_id}` shows when"
            )
        changes = _ended(house, standing, match_id, now) if match_id else _search(standing, now)
        changes.note("match.rematch_by_hand", "match.rematch", match_id or "-", reason=why)
        try:
            record_decision(standing, changes, now=now, actor=part)
        except Overtaken:
            continue
        return
    raise CohortflowError(f"{cohort_id}: the cohort kept changing; nothing was done, run it again")


def _ended(house: House, standing: Standing, match_id: str, now: datetime) -> Changes:
    matches = standing.matches
    found = matches[(matches["match_id"] == match_id) & matches["state"].isin(PAIRED_MATCH)]
    if found.empty:
        raise CohortflowError(f"{standing.cohort.id} has no match {match_id!r} under way; `pairs.csv` lists them")
    match, changes = next(iter(found.itertuples(index=False))), Changes()
    with house.database.read() as db:
        known = people.roster(db, pd.Series([match.mentee_id, match.mentor_id]))
    part_ways(changes, standing.cohort, match, matches, "ended", "ended by hand", now)
    changes.intents += tell_partners(
        changes, standing.cohort, match, known, "match_ended", "match.ended", now, house.wording()
    )
    return changes


def _search(standing: Standing, now: datetime) -> Changes:
    if not (standing.participants["state"] == "waitlisted").any():
        raise CohortflowError(f"{standing.cohort.id}: nobody waits for a partner")
    before = sum(1 for key, about in standing.occasions if key == "match.rematch" and about.startswith("search#"))
    about = f"search#{before + 1}"
    return Changes(occasions=[Occasion("match.rematch", "match", "rematch", now.date(), now, about=about)])
