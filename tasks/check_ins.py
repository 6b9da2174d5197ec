"""Which matches have gone quiet, by the signs the program declares."""

from datetime import datetime

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
    rows = []
    for match in each_row(matches[matches["state"] == "active"]):
        own = answers[answers["about"] == match.match_id].sort_values("answered_at")
        sign = next((each.text for each in signals if _shows(each, match.active_at, own, now)), None)
        if sign:
            rows.append([match.match_id, sign])
    return pd.DataFrame(rows, columns=["match_id", "sign"])


def _shows(signal: Signal, active_at: pd.Timestamp, own: pd.DataFrame, now: datetime) -> bool:
    met = own[[bool(body.get("met")) for body in own["body"]]] if len(own) else own
    pulses = own[own["occasion"].str.startswith("check_in#")] if len(own) else own
    if signal.kind == "no_meeting":
        last = met["answered_at"].max() if len(met) else active_at
        return bool(now - last > pd.Timedelta(days=signal.n or 0))
    if signal.kind == "first_meeting_late":
        return len(met) == 0 and bool(now - active_at > pd.Timedelta(days=signal.n or 0))
    if signal.kind == "pulse_below":
        latest = pulses["body"].iloc[-1] if len(pulses) else {}
        return "useful" in latest and int(latest["useful"]) < (signal.n or 0)
    if signal.kind == "one_sided":
        return len(pulses) >= 2 and pulses["person_id"].nunique() == 1
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
