"""What was aimed at, and whether it was reached."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.report import NetPromoter, Satisfaction, Share, Target

LABELS = {
    "seats_filled": "Seats filled",
    "matched": "Applicants matched",
    "pulse_reply": "Pulses answered",
    "completed": "Completed",
    "satisfaction": "Satisfaction",
    "nps": "Net promoter score",
}


@dataclass(frozen=True)
class Reached:
    """What a cohort reached, in everything a target may be set for."""

    seats_filled: Share
    matched: Share
    pulse_reply: Share
    completed: Share
    satisfaction: Satisfaction | None
    nps: NetPromoter | None
    pairs_met: Callable[[int], Share]
    days_since_start: int


def targets_reached(targets: Mapping[str, float], reached: Reached, over: bool) -> tuple[Target, ...]:
    """Each target of the program, in its order: met, missed, or not measurable and why."""
    return tuple(_target(key, wanted, reached, over) for key, wanted in targets.items())


def _target(key: str, wanted: float, reached: Reached, over: bool) -> Target:
    if days := re.fullmatch(r"first_meeting_in_(\d+)_days", key):
        return _first_meeting(key, wanted, reached, int(days[1]))
    if key == "nps":
        nps = reached.nps
        note = f"{nps.promoters.whole} answers; 95% interval {nps.low:.0f} to {nps.high:.0f}" if nps else ""
        return _score(key, "points", wanted, nps.score if nps else None, note)
    if key == "satisfaction":
        happy = reached.satisfaction
        return _score(key, "of 5", wanted, happy.mean if happy else None, f"{happy.answered} answers" if happy else "")
    share, of = {
        "seats_filled": (reached.seats_filled, "seats"),
        "matched": (reached.matched, "applicants"),
        "pulse_reply": (reached.pulse_reply, "questions"),
        "completed": (reached.completed, "people who began"),
    }[key]
    too_early = "the cohort has not ended" if key == "completed" and not over else ""
    return _share(key, LABELS[key], wanted, share, of, too_early)


def _first_meeting(key: str, wanted: float, reached: Reached, within: int) -> Target:
    too_early = "the days are not over" if reached.days_since_start < within else ""
    label = f"First meeting within {within} days"
    return _share(key, label, wanted, reached.pairs_met(within), "pairs", too_early)


def _share(key: str, label: str, wanted: float, share: Share, of: str, too_early: str) -> Target:
    if too_early or share.whole == 0:
        return Target(key, label, "%", wanted, None, "not measurable", too_early or f"there were no {of}")
    note = f"{share.part} of {share.whole} {of}"
    # Seats are counted, not sampled: there is nothing unknown about them.
    if of != "seats":
        note += f"; 95% interval {share.low:.0f}% to {share.high:.0f}%"
    met = 100 * share.part >= wanted * share.whole
    return Target(key, label, "%", wanted, share.percent, "met" if met else "missed", note)


def _score(key: str, unit: Literal["points", "of 5"], wanted: float, actual: float | None, note: str) -> Target:
    if actual is None:
        return Target(key, LABELS[key], unit, wanted, None, "not measurable", "too few answered the final survey")
    return Target(key, LABELS[key], unit, wanted, actual, "met" if actual >= wanted else "missed", note)
