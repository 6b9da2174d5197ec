"""The life of a match: approved, accepted, active, ended; and what each step means for the two people in it."""

from collections import Counter
from datetime import datetime

import pandas as pd

from cohortflow.engine import task
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.event_edits import calling_off
from schemas.changes import LIVE_MATCH, Changes, Intent
from schemas.occasions import Occasion
from schemas.rows import each_row
from tasks.intents import Sending, Wording, mails_to_queue, told_at_once

NO_ANSWER = "nobody answered in time"


@task
def approve_proposals(matches: pd.DataFrame, now: datetime, by: str) -> Changes:
    """Every proposed match becomes approved, and its two people matched."""
    changes = Changes()
    proposed = matches[matches["state"] == "proposed"]
    for row in each_row(proposed):
        changes.matches[row.match_id] = {"state": "approved", "approved_at": now, "approved_by": by}
        changes.participants[row.mentee_id] = {"state": "matched", "reason": None}
        changes.participants[row.mentor_id] = {"state": "matched", "reason": None}
    changes.note("match.approved", "match.approval", pairs=len(proposed), by=by)
    return changes


@task
def begin_matches(matches: pd.DataFrame, held_back: bool, now: datetime) -> Changes:
    """The program starts: approved matches become active, unless the program waits for both to say yes."""
    changes = Changes()
    ready = ("accepted",) if held_back else ("approved", "accepted")
    for match_id in matches.loc[matches["state"].isin(ready), "match_id"]:
        changes.matches[match_id] = {"state": "active", "active_at": now}
    changes.note("match.active", "orient.closes", pairs=len(changes.matches))
    return changes


@task
def decide_on_silence(
    cohort: Cohort,
    matches: pd.DataFrame,
    people: pd.DataFrame,
    about: str,
    now: datetime,
    wording: Wording,
    dated_alone: frozenset[str] = frozenset(),
) -> Changes:
    """The time to say yes is over: what the program says about those who said nothing.

    Args:
        about: the match whose own time is over, or "-" for all but those `dated_alone`.
    """
    changes = Changes()
    accept = cohort.program.stages.match.accept
    rule = accept.if_silent if accept else "proceed"
    if about == "-":
        silent = matches[(matches["state"] == "approved") & ~matches["match_id"].isin(dated_alone)]
    else:
        silent = matches[(matches["match_id"] == about) & _says_nothing(matches)]
    changes.note("match.silent", "match.accept_closes", about, pairs=len(silent), rule=rule)
    if silent.empty:
        return changes
    if rule in ("remind_then_ask_owner", "remind_then_hold"):
        changes.intents += told_at_once(cohort, "accept_overdue", "owner", "match.accept_closes", now, wording, about)
    elif rule == "proceed":
        for match_id in silent.loc[silent["state"] == "approved", "match_id"]:
            changes.matches[match_id] = {"state": "accepted"}
    elif rule == "remind_then_decline":
        _take_as_a_no(changes, cohort, silent, matches, people, now, wording)
        changes.intents += told_at_once(
            cohort, "accept_lapsed_digest", "owner", "match.accept_closes", now, wording, about
        )
    return changes


def _take_as_a_no(
    changes: Changes,
    cohort: Cohort,
    silent: pd.DataFrame,
    matches: pd.DataFrame,
    people: pd.DataFrame,
    now: datetime,
    wording: Wording,
) -> None:
    """End what lacks a yes: who said yes waits for another partner, who said nothing is not matched again."""
    ignored = Counter[str]()
    for row in each_row(silent):
        part_ways(changes, cohort, row, matches, "declined", NO_ANSWER, now)
        for person, said_at in ((row.mentee_id, row.mentee_accepted_at), (row.mentor_id, row.mentor_accepted_at)):
            ignored[person] += int(pd.isna(said_at))
            told = "accept_lapsed" if pd.isna(said_at) else "accept_declined"
            changes.intents += tell_partners(changes, cohort, row, people, told, "match.declined", now, wording, person)
    live = matches[matches["state"].isin(LIVE_MATCH)]
    for person, count in ignored.items():
        left = int(((live["mentee_id"] == person) | (live["mentor_id"] == person)).sum()) - count
        if count:  # a seat that nobody answered for is offered no more
            columns = {"capacity": left} if left else {"state": "declined", "reason": NO_ANSWER}
            changes.participants.setdefault(person, {}).update(columns)


def _says_nothing(matches: pd.DataFrame) -> pd.Series:
    """A match made after the start has begun before anybody said yes to it."""
    some_yes_lacks = matches["mentee_accepted_at"].isna() | matches["mentor_accepted_at"].isna()
    return (matches["state"] == "approved") | ((matches["state"] == "active") & some_yes_lacks)


def part_ways(
    changes: Changes,
    cohort: Cohort,
    match: object,
    matches: pd.DataFrame,
    state: str,
    reason: str,
    now: datetime,
    *,
    rematch: bool = True,
) -> None:
    """End one match, let its people wait for another, and have one looked for.

    Args:
        match: a row of `matches`.
        state: declined (while its people were asked whether they want it) or ended.
    """
    match_id, mentee_id, mentor_id = match.match_id, match.mentee_id, match.mentor_id  # type: ignore[attr-defined]
    changes.matches[match_id] = {"state": state, "ended_at": now, "end_reason": reason, "at_risk_since": None}
    over = [each for each, columns in changes.matches.items() if columns.get("state", "active") not in LIVE_MATCH]
    still = matches[matches["state"].isin(LIVE_MATCH) & ~matches["match_id"].isin(over)]
    changes.participants.setdefault(mentee_id, {}).setdefault("state", "waitlisted")
    if mentor_id not in set(still["mentor_id"]):
        changes.participants.setdefault(mentor_id, {}).setdefault("state", "waitlisted")
    changes.note(f"match.{state}", "match.ended", match_id, reason=reason)
    if rematch:
        changes.occasions.append(Occasion("match.rematch", "match", "rematch", now.date(), now, about=match_id))
    changes.occasions += calling_off(cohort, match_id, now)


def tell_partners(
    changes: Changes,
    cohort: Cohort,
    match: object,
    people: pd.DataFrame,
    template: str,
    occasion: str,
    now: datetime,
    wording: Wording,
    only: str | None = None,
) -> list[Intent]:
    """Tell the people of a match, or only one of them, what became of it."""
    match_id = match.match_id  # type: ignore[attr-defined]
    sides = [(match.mentee_id, "mentee"), (match.mentor_id, "mentor")]  # type: ignore[attr-defined]
    rows = [[person, role, (match_id,), ("-",)] for person, role in sides if only is None or person == only]
    readers = pd.DataFrame(rows, columns=["person_id", "role", "match_ids", "abouts"])
    sending = Sending(occasion, "program", template, "matched", match_id, now, {}, None)
    return mails_to_queue.fn(sending, readers, people, cohort, None, None, wording, now)
