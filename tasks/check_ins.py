"""Which matches have gone quiet, by the signs the program declares."""

from datetime import datetime
from typing import Any

import pandas as pd

from cohortflow.engine import task
from schemas.rows import each_row
from schemas.rules import Signal


@task
def quiet_matches(
    matches: pd.DataFrame, answers: pd.DataFrame, signals: tuple[Signal, ...], now: datetime
) -> pd.DataFrame:
    """Active matches with a sign of trouble: match_id, sign (the first that shows, in the program's order).

    A meeting counts from the day an answer reports it; a match that never met counts from the day it became active.
    """
    told: dict[str, list[Any]] = {}
    for answer in each_row(answers.sort_values("answered_at")):
        told.setdefault(answer.about, []).append(answer)
    rows = []
    for match in each_row(matches[matches["state"] == "active"]):
        own = told.get(match.match_id, [])
        sign = next((each.text for each in signals if _shows(each, match.active_at, own, now)), None)
        if sign:
            rows.append([match.match_id, sign])
    return pd.DataFrame(rows, columns=["match_id", "sign"])


def _shows(signal: Signal, active_at: pd.Timestamp, own: list[Any], now: datetime) -> bool:
    """Whether a sign shows in the answers about one match, oldest first."""
    met = [answer.answered_at for answer in own if answer.body.get("met")]
    pulses = [answer for answer in own if answer.occasion.startswith("check_in#")]
    limit = pd.Timedelta(days=signal.n or 0)
    if signal.kind == "no_meeting":
        return bool(now - (met[-1] if met else active_at) > limit)
    if signal.kind == "first_meeting_late":
        return not met and bool(now - active_at > limit)
    if signal.kind == "pulse_below":
        marks = [int(answer.body["useful"]) for answer in pulses if "useful" in answer.body]
        return bool(marks) and marks[-1] < (signal.n or 0)
    if signal.kind == "one_sided":
        return len(pulses) >= 2 and len({answer.person_id for answer in pulses}) == 1
    return False


@task
def unanswered_check_ins(matches: pd.DataFrame, answers: pd.DataFrame, closed: int, most: int) -> list[str]:
    """Active matches from which nobody answered the last `most` of `closed` check-ins."""
    if closed < most:
        return []
    last = {f"check_in#{n}" for n in range(closed - most + 1, closed + 1)}
    heard = set(answers.loc[answers["occasion"].isin(last), "about"])
    active = matches.loc[matches["state"] == "active", "match_id"]
    return [match_id for match_id in active if match_id not in heard]
