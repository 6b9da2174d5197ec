"""Somebody leaves, or goes on leave: the match ends kindly, the partner is told, and another one is looked for."""

from collections.abc import Collection, Mapping
from datetime import datetime

import pandas as pd

from cohortflow.engine import task
from cohortflow.programs.cohorts import Cohort
from schemas.changes import LIVE_MATCH, PAIRED_MATCH, Changes
from schemas.rows import each_row
from tasks.intents import Wording
from tasks.matches import part_ways, tell_partners

GONE = ("left", "withdrawn", "completed", "declined")


@task
def decide_departures(
    cohort: Cohort,
    participants: pd.DataFrame,
    matches: pd.DataFrame,
    people: pd.DataFrame,
    statuses: Mapping[str, str],
    now: datetime,
    wording: Wording,
    told: Collection[tuple[str, str]] | None = None,
) -> Changes:
    """What the roster's leavers, and those newly on leave, mean for one cohort.

    Args:
        statuses: the roster status of each participant.
        told: who has had a mail about which match, by person and match; everybody, when left out.
    """
    changes = Changes()
    rule = cohort.program.people.when_someone_leaves
    taking_part = participants[~participants["state"].isin(GONE)]
    leavers = [person for person in taking_part["person_id"] if statuses.get(person) == "left"]
    for person in leavers:
        changes.participants[person] = {"state": "left", "left_at": now}
    live = matches[matches["state"].isin(LIVE_MATCH)]
    for match in each_row(live):
        sides = (match.mentee_id, match.mentor_id)
        gone = [person for person in sides if person in leavers]
        if not gone:
            continue
        again = rule == "end_match_and_rematch" and len(gone) == 1
        part_ways(changes, cohort, match, matches, "ended", "a partner left", now, rematch=again)
        stays = [person for person in sides if person not in gone]
        if stays and match.state in PAIRED_MATCH and (told is None or (stays[0], match.match_id) in told):
            changes.intents += tell_partners(
                changes, cohort, match, people, "partner_left", "people.left", now, wording, only=stays[0]
            )
    if leavers:
        changes.note("people.left", "people.left", count=len(leavers))
    return changes


@task
def decide_returns(participants: pd.DataFrame, statuses: Mapping[str, str], are_matched: bool) -> Changes:
    """Who was reported to have left, and is at work after all: a slip of one export is not for good.

    Args:
        are_matched: whether the pairs are made; from then on one can only wait for a partner, and only who applied.
    """
    changes = Changes()
    gone = participants[(participants["state"] == "left") & participants["left_at"].notna()]
    for row in each_row(gone):
        applied = pd.notna(row.applied_at)
        if statuses.get(row.person_id) != "active" or (are_matched and not applied):
            continue
        state = "waitlisted" if are_matched else "applied" if applied else "invited"
        reason = "at work again, after the pairs were made" if are_matched else None
        changes.participants[row.person_id] = {"state": state, "left_at": None, "reason": reason}
    if changes.participants:
        changes.note("people.returned", "people.returned", count=len(changes.participants))
    return changes


@task
def tell_of_leave(
    cohort: Cohort,
    matches: pd.DataFrame,
    people: pd.DataFrame,
    statuses: Mapping[str, str],
    now: datetime,
    wording: Wording,
) -> Changes:
    """Tell the partners of those who went on leave that the match pauses (once per match)."""
    changes = Changes()
    for match in each_row(matches[matches["state"].isin(PAIRED_MATCH)]):
        away = [p for p in (match.mentee_id, match.mentor_id) if statuses.get(p) == "on_leave"]
        if len(away) == 1:
            other = match.mentor_id if away[0] == match.mentee_id else match.mentee_id
            changes.intents += tell_partners(
                changes, cohort, match, people, "partner_on_leave", "people.on_leave", now, wording, only=other
            )
    if changes.intents:
        changes.note("people.on_leave", "people.on_leave", count=len(changes.intents))
    return changes
