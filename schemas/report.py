"""What the closing report says, in numbers: no names, no ids, nothing about a group too small to hide in."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Verdict = Literal["met", "missed", "not measurable"]


@dataclass(frozen=True)
class CohortFacts:
    """What a report must know of a cohort beside its people: `ends` is the last day, `seats` those for mentees."""

    seats: int
    starts: date
    ends: date
    eligible: int
    invited: int


@dataclass(frozen=True)
class Share:
    """`part` of `whole`, in percent, with the interval that holds the true share 95 times in 100 (percent too)."""

    part: int
    whole: int
    percent: float
    low: float
    high: float


@dataclass(frozen=True)
class Step:
    """One step of the funnel, counted in people; `percent` is of the people of the step labelled `of`."""

    label: str
    people: int
    of: str
    percent: float | None


@dataclass(frozen=True)
class Pairs:
    """What became of the pairs that were approved."""

    approved: int
    began: int
    lasted: int
    ended_early: int
    at_risk: int


@dataclass(frozen=True)
class Fit:
    """How well the approved pairs fit, in percent of what was attainable; `bins` are (from, to, pairs)."""

    pairs: int
    lowest: float
    median: float
    highest: float
    bins: tuple[tuple[int, int, int], ...]
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Pulse:
    """One check-in: how many were asked, who answered, who had met, and how useful it was (1 to 5).

    `met` and `useful` are None where too few answered to hide in.
    """

    n: int
    answered: Share
    met: Share | None
    useful: float | None


@dataclass(frozen=True)
class NetPromoter:
    """The net promoter score: promoters (9, 10) minus detractors (0 to 6) in percent points, -100 to 100."""

    score: float
    low: float
    high: float
    promoters: Share
    passives: Share
    detractors: Share


@dataclass(frozen=True)
class Satisfaction:
    """The mean of the final survey's first question, and how many gave each answer from 1 to 5."""

    mean: float
    answered: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Target:
    """A target of the program and what came of it. `actual` has the unit of `wanted`; `note` says on what it rests."""

    key: str
    label: str
    unit: Literal["%", "points", "of 5"]
    wanted: float
    actual: float | None
    verdict: Verdict
    note: str


@dataclass(frozen=True)
class Group:
    """One group of a breakdown. What is None is withheld: too few people, or enough to work out who they are."""

    name: str
    people: int | None
    met_in_time: Share | None
    completed: Share | None
    satisfaction: float | None


@dataclass(frozen=True)
class Breakdown:
    """The cohort by one property of its people, largest group first; withheld groups last."""

    by: str
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class ReportFigures:
    """The whole report in numbers, as of `as_of`."""

    as_of: date
    facts: CohortFacts
    funnel: tuple[Step, ...]
    pairs: Pairs
    fit: Fit | None
    pulses: tuple[Pulse, ...]
    satisfaction: Satisfaction | None
    nps: NetPromoter | None
    final_survey: Share
    targets: tuple[Target, ...]
    breakdowns: tuple[Breakdown, ...]
    smallest_group: int
    what_it_can_show: str
