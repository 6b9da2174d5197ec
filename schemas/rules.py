"""Matching, trust and measure: the rules of a program beside its dates."""

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator

from schemas.phrases import Rule, Several, Span, Unclear, When
from schemas.stages import Whens
from schemas.words import FileName, Id, Many, Name, Some, whole

NEVER = ("reporting_line", "time_zone_gap", "matched_before", "in_file", "same", "different", "level_window")
MUST = ("same", "different", "share", "level_window", "shared_hours")
PREFER = (
    "skills_wanted_offered", "career_goal", "ranked_choice", "different_department", "same_department",
    "working_style", "career_stage", "availability",
)  # fmt: skip
RULE_SHAPES: dict[str, tuple[str, str]] = {
    "reporting_line": (r"within (?P<low>\d{1,2}) levels?", "within 2 levels"),
    "time_zone_gap": (r"more than (?P<low>\d{1,2}) hours?", "more than 4 hours"),
    "matched_before": (r"ever|within (?P<span>.+)", "within 24 months"),
    "in_file": (r"[^\\]+", "do_not_pair.csv"),
    "same": (r"[A-Za-z0-9_-]{1,64}", "department"),
    "different": (r"[A-Za-z0-9_-]{1,64}", "department"),
    "share": (r"[A-Za-z0-9_-]{1,64}", "languages"),
    "level_window": (r"(?:at least )?(?P<low>\d{1,2})(?: to (?P<high>\d{1,2}))? levels? above", "1 to 3 levels above"),
    "shared_hours": (r"at least (?P<low>\d{1,2}) a week", "at least 2 a week"),
}


@dataclass(frozen=True)
class HardRule:
    """A rule a pair cannot break: its kind, its argument as written, and what the argument counts.

    `low` is the number in it (levels, hours), `high` the upper end of a level_window, `span` that of matched_before.
    """

    kind: str
    argument: str
    low: int | None = None
    high: int | None = None
    span: Span | None = None


def _hard_rule(given: object, kinds: tuple[str, ...], where: str) -> HardRule:
    if isinstance(given, HardRule):
        return given
    if not isinstance(given, dict) or len(given) != 1:
        raise Unclear("is not one rule with its argument", f"write for example {kinds[0]}: {RULE_SHAPES[kinds[0]][1]}")
    ((kind, argument),) = given.items()
    if kind not in kinds:
        other = "must" if where == "never" else "never"
        if kind in RULE_SHAPES:
            raise Unclear(
                f"holds {kind}, which has no meaning under {where}", f"write it under {other}", (kind,), of_key=True
            )
        raise Unclear("is an unknown rule", nearest(str(kind), kinds), (kind,), of_key=True)
    shape, example = RULE_SHAPES[kind]
    text = " ".join(argument.split()) if isinstance(argument, str) else ""
    found = re.fullmatch(shape, text)
    if not found:
        raise Unclear(f"is not what {kind} can say", f"write for example {kind}: {example}", (kind,))
    parts = found.groupdict()
    return HardRule(kind, text, _number(parts.get("low")), _number(parts.get("high")), _span(parts.get("span"), kind))


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _span(text: str | None, kind: str) -> Span | None:
    try:
        return Span.read(text) if text else None
    except Unclear as unclear:
        raise Unclear(unclear.what, f"write for example {kind}: {RULE_SHAPES[kind][1]}", (kind,)) from None


def nearest(word: str, known: tuple[str, ...] | list[str]) -> str:
    """A cure for an unknown name: the nearest known one, or all of them."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(known)}"


NeverRule = Annotated[HardRule, BeforeValidator(lambda given: _hard_rule(given, NEVER, "never"))]
MustRule = Annotated[HardRule, BeforeValidator(lambda given: _hard_rule(given, MUST, "must"))]


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
