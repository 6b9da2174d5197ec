"""Matching, trust and measure: the rules of a program beside its dates."""

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator

from schemas.hard_rules import MustRule, NeverRule, nearest
from schemas.phrases import Rule, Several, Span, Unclear, When
from schemas.stages import Whens
from schemas.words import FileName, Id, Many, Name, Some, whole

PREFER = (
    "skills_wanted_offered", "career_goal", "ranked_choice", "different_department", "same_department",
    "working_style", "career_stage", "availability",
)  # fmt: skip


def _preferences(given: object) -> object:
    """Names in one shape: "similar: site" and "similar site" are the same preference."""
    if not isinstance(given, dict):
        return given
    faults = [
        Unclear("is an unknown preference", nearest(str(key), PREFER), (key,), of_key=True)
        for key in given
        if not _known(key)
    ]
    if faults:
        raise Several(faults)
    return {re.sub(r"^(similar|different|text):? +", r"\1: ", key): weight for key, weight in given.items()}


def _known(key: object) -> bool:
    return key in PREFER or bool(re.fullmatch(r"(similar|different|text):? +[A-Za-z0-9_-]{1,64}", str(key)))


class Matching(Rule):
    """What a good match is: what may never be, what must be, and what is preferred by how much."""

    aim: Literal["most people matched, then best fit", "best fit", "fairest", "stable"]
    never: tuple[NeverRule, ...]
    must: tuple[MustRule, ...] = ()
    prefer: Annotated[dict[str, Annotated[int, whole(0, 1000)]], BeforeValidator(_preferences)]
    check_fairness_by: Annotated[tuple[Id, ...], Many] = ()
    score_from: FileName | None = None


class Trial(Rule):
    """The first weeks of a match, in which one may ask for another partner."""

    until: When
    who_may_ask: Literal["either", "mentors", "mentees"]
    rematches_per_person: Annotated[int, whole(0, 10)]
    reason_seen_by: Literal["owner", "approvers", "nobody"]


class Goals(Rule):
    """What the two set out to reach."""

    ask: When
    set_by: When
    style: Literal["smart", "free"] = "free"
    review: Literal["every check_in", "last check_in", "never"] = "every check_in"
    at_most: Annotated[int, whole(1, 10)] = 3


@dataclass(frozen=True)
class Signal:
    """A sign that a match is in trouble: its kind, and the number in it (days, a mark, check-ins)."""

    kind: str
    n: int | None
    text: str
    shapes: ClassVar[dict[str, str]] = {
        "no_meeting": r"no meeting for (\d{1,3}) days?",
        "pulse_below": r"pulse below (\d)",
        "no_reply": r"no reply to (\d{1,2}) check_ins?",
        "first_meeting_late": r"first meeting later than (\d{1,3}) days?",
        "goal_overdue": r"goal overdue",
        "one_sided": r"only one side answers",
    }

    @classmethod
    def read(cls, given: object) -> Self:
        """The signal that the words say."""
        if isinstance(given, cls):
            return given
        text = " ".join(given.split()) if isinstance(given, str) else ""
        for kind, shape in cls.shapes.items():
            if found := re.fullmatch(shape, text):
                return cls(kind, int(found[1]) if found.groups() else None, text)
        mend = "write for example no meeting for 35 days, pulse below 3, no reply to 2 check_ins or goal overdue"
        raise Unclear("is not a sign known here", mend)


SignalPhrase = Annotated[Signal, BeforeValidator(Signal.read)]


class Escalation(Rule):
    """One step of the ladder: after how long, to whom, and a mail or a proposal."""

    after: Span
    to: Literal["pair", "mentors", "mentees", "owner", "approvers", "sponsor"]
    send: Id | None = None
    propose: Literal["rematch", "end_match"] | None = None


def _one_act(step: Escalation) -> Escalation:
    if (step.send is None) == (step.propose is None):
        raise Unclear("should do one thing", "write either send: nudge or propose: rematch")
    return step


Step = Annotated[Escalation, AfterValidator(_one_act)]


class Report(Rule):
    """Who gets the report, and when."""

    to: Annotated[tuple[Literal["sponsor", "owner", "approvers"], ...], Some]
    when: Whens


class Outcomes(Rule):
    """What to look for in the roster afterwards."""

    stayed: Annotated[tuple[Span, ...], Many] = ()
    promoted: Annotated[tuple[Span, ...], Many] = ()
    internal_move: Annotated[tuple[Span, ...], Many] = ()


TARGETS = ("seats_filled", "pulse_reply", "completed", "matched", "satisfaction", "nps", "first_meeting_in_21_days")


def _targets(given: object) -> object:
    """Shares are written with %, the net promoter score (-100 to 100) and the satisfaction (1 to 5) without."""
    if not isinstance(given, dict):
        return given
    read, faults = {}, []
    for key, value in given.items():
        try:
            read[key] = value if isinstance(value, float) else _target(str(key), value)
        except Unclear as unclear:
            faults.append(Unclear(unclear.what, unclear.mend, (key,), unclear.of_key))
    if faults:
        raise Several(faults)
    return read


def _target(key: str, value: object) -> float:
    text = value.strip() if isinstance(value, str) else ""
    if key not in TARGETS and not re.fullmatch(r"first_meeting_in_[1-9]\d{0,2}_days", key):
        raise Unclear("is an unknown target", nearest(key, TARGETS), of_key=True)
    if key in ("nps", "satisfaction"):
        low, high = (-100, 100) if key == "nps" else (1, 5)
        if not re.fullmatch(r"-?\d{1,3}(\.\d+)?", text) or not low <= float(text) <= high:
            raise Unclear(
                f"is not a number from {low} to {high}", f"write for example {key}: {40 if key == 'nps' else 4}"
            )
        return float(text)
    found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?%", text)
    if not found or float(found[1]) > 100:
        mend = f"write {text}%" if re.fullmatch(r"\d{1,2}", text) else "write for example 90%"
        raise Unclear("is not a share between 0% and 100%", mend)
    return float(found[1])


class Measure(Rule):
    """What success would look like, and who is told."""

    targets: Annotated[dict[str, float], BeforeValidator(_targets)]
    outcomes: Outcomes | None = None
    compare_with: Name | None = None
    smallest_group: Annotated[int, whole(1, 100)]
    report: Report
