"""A program: everything one YAML file and the company's say together, frozen."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from schemas.company import Brand, Calendar, EmailRules, People, Privacy
from schemas.phrases import Rule, Several, Size, Unclear
from schemas.rules import Goals, Matching, Measure, SignalPhrase, Step, Trial
from schemas.stages import Stages
from schemas.words import ID, Address, Day, Id, Link, Many, Name, plain_name_cure, whole

Op = Literal["at_or_above", "at_or_below", "between", "is", "is_not", "at_least_months", "at_most_months"]
CONDITION = "P6 or above, P3 to P5, at least 12 months, not Legal, or a list of values"


@dataclass(frozen=True)
class Condition:
    """What must hold of one column: `op` compares it with `values`; months are written as digits."""

    text: str
    op: Op
    values: tuple[str, ...]


def read_condition(given: object) -> Condition:
    """The condition that the words, or the list, say."""
    if isinstance(given, Condition):
        return given
    if isinstance(given, list):
        return _one_of(given)
    if not isinstance(given, str) or not given.strip():
        raise Unclear("is not a condition", f"write for example {CONDITION}")
    text = " ".join(given.split())
    if found := re.fullmatch(r"(.+) or (above|below)", text):
        return Condition(text, "at_or_above" if found[2] == "above" else "at_or_below", (found[1],))
    if found := re.fullmatch(r"at (least|most) (\d{1,3}) (month|year)s?", text):
        months = int(found[2]) * (12 if found[3] == "year" else 1)
        return Condition(text, "at_least_months" if found[1] == "least" else "at_most_months", (str(months),))
    if text.startswith(("at least ", "at most ")):
        raise Unclear("is not a length of service", "write for example at least 12 months")
    if text.startswith("not "):
        return Condition(text, "is_not", (text[4:],))
    if found := re.fullmatch(r"(\S+) to (\S+)", text):
        return Condition(text, "between", (found[1], found[2]))
    return Condition(text, "is", (text,))


def _one_of(given: list[object]) -> Condition:
    words = [" ".join(word.split()) for word in given if isinstance(word, str)]
    if not words or len(words) < len(given):
        raise Unclear("is not a list of values", f"write for example {CONDITION}")
    refused = [word for word in words if word.startswith("not ")]
    if refused and len(refused) < len(words):
        raise Unclear(
            "mixes values that may be with values that may not be", "write not before each of them, or before none"
        )
    if refused:
        return Condition(", ".join(words), "is_not", tuple(word[4:] for word in words))
    return Condition(", ".join(words), "is", tuple(words))


Conditions = dict[Id, Annotated[Condition, BeforeValidator(read_condition)]]


class Who(Rule):
    """Who may join in which role."""

    mentors: Conditions
    mentees: Conditions


class CohortLine(Rule):
    """The dates and seats of one cohort; what else its line says is merged into the cohort's program."""

    starts: Day
    ends: Day
    seats: Annotated[int, whole(1, 1_000_000)]


def _forward(line: CohortLine) -> CohortLine:
    if line.ends <= line.starts:
        later = line.starts + timedelta(weeks=26)
        mend = f"write a later day, for example {later}"
        raise Several([Unclear(f"is not after the cohort starts on {line.starts}", mend, ("ends",))])
    if (line.ends - line.starts).days > 3660:
        raise Several([Unclear("is more than ten years after the start", "write the day the cohort ends", ("ends",))])
    return line


def _keys(given: object) -> object:
    if not isinstance(given, dict):
        return given
    faults = [
        Unclear("is not a key for a cohort", plain_name_cure(str(key), "2027-spring"), (key,), of_key=True)
        for key in given
        if not ID.fullmatch(str(key))
    ]
    if faults:
        raise Several(faults)
    return given


Cohorts = Annotated[dict[str, Annotated[CohortLine, AfterValidator(_forward)]], BeforeValidator(_keys)]


def _level_gap(given: object) -> object:
    found = re.fullmatch(r"at most (\d{1,2})", given) if isinstance(given, str) else None
    if isinstance(given, int):
        return given
    if not found:
        raise Unclear("is not a gap of levels", "write for example at most 1")
    return int(found[1])


Count = Annotated[int, whole(0, 1000)]


class Program(Rule):
    """One mentorship program, as its file, the company's and the standard lifecycle together declare it."""

    version: Annotated[int, whole(1, 1)]
    company: Name
    name: Name
    type: Literal["one_on_one", "reverse", "group", "peer", "micro", "cross_company"]
    purpose: Name
    owner: Address
    approvers: Annotated[tuple[Address, ...], Many] = ()
    sponsor: Address | None = None
    meet: Link | None = None
    brand: Brand | None = None

    calendar: Calendar
    people: People
    mentees_per_mentor_everywhere: Annotated[int, whole(1, 1000)] | None = None
    email: EmailRules
    privacy: Privacy

    cohorts: Cohorts
    who: Who
    mentees_per_mentor: Annotated[int, whole(1, 1000)]
    min_mentees_per_mentor: Count
    if_more_apply: Literal["earliest", "lottery", "best_fit", "owner_chooses"]
    group_size: Size | None = None
    level_gap: Annotated[int, BeforeValidator(_level_gap)] | None = None
    companies: Annotated[tuple[Id, ...], Many] = ()

    stages: Stages
    matching: Matching
    trial: Trial | None = None
    goals: Goals | None = None
    at_risk: Annotated[tuple[SignalPhrase, ...], Many]
    escalate: tuple[Step, ...]
    measure: Measure
