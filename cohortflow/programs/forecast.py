"""How many mails a cohort will send, by message and by week: low, expected and high, with what that rests on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil

from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.expected import Entry, week_of

# How many are asked for every seat, where no roster says how many are eligible.
ASKED_PER_SEAT = (3, 6, 12)
# The share of places that is filled, of those filled that last to the end, and of those asked that stay silent.
FILLED, LASTING = (0.7, 0.9, 1.0), (0.7, 0.85, 1.0)
SILENT_WHEN_INVITED, SILENT_LATER = (0.5, 0.75, 0.95), (0.1, 0.3, 0.6)
APPLICANTS_PER_PLACE, MANAGERS_PER_PERSON = (0.8, 1.2, 2.0), (0.5, 0.8, 1.0)
PROBLEMS_ONLY = ("approval_reminder", "approval_overdue")


@dataclass(frozen=True)
class Range:
    """A number nobody knows yet: what it may be at least, probably, and at most."""

    low: float
    expected: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def __mul__(self, other: "Range") -> "Range":
        return Range(self.low * other.low, self.expected * other.expected, self.high * other.high)

    def whole(self) -> "Range":
        """In whole mails or people."""
        return Range(int(self.low), round(self.expected), ceil(self.high - 1e-9))


NONE = Range(0, 0, 0)


@dataclass(frozen=True)
class Sizes:
    """How many people each audience has; `eligible_known` says whether a roster counted them."""

    eligible: Range
    applicants: Range
    mentors: Range
    mentees: Range
    approvers: int
    eligible_known: bool

    @property
    def matched(self) -> Range:
        """Everybody in a pair."""
        return self.mentors + self.mentees


@dataclass(frozen=True)
class Forecast:
    """The mails of a cohort, by message (in the order they first go) and by the Monday of their week."""

    sizes: Sizes
    by_message: dict[tuple[str, str], Range]
    by_week: dict[date, Range]

    @property
    def total(self) -> Range:
        """All mails of the cohort."""
        return sum(self.by_week.values(), NONE)


def forecast(cohort: Cohort, entries: Iterable[Entry], eligible: int | None = None) -> Forecast:
    """What the mails of these entries come to; `eligible` is how many people of the roster may join, if known."""
    sizes = sizes_of(cohort, eligible)
    by_message: dict[tuple[str, str], Range] = defaultdict(lambda: NONE)
    by_week: dict[date, Range] = defaultdict(lambda: NONE)
    for entry in entries:
        occasion = entry.occasion
        if occasion.send and occasion.to:
            mails = readers(sizes, occasion.stage, occasion.send, occasion.to)
            by_message[occasion.stage, occasion.send] += mails
            for week, share in _spread(entry).items():
                by_week[week] += mails * Range(share, share, share)
    return Forecast(sizes, dict(by_message), dict(by_week))


def _spread(entry: Entry) -> Mapping[date, float]:
    """The weeks in which a mail goes, with their share; answers come evenly, as nobody knows better."""
    if entry.until is None:
        return {week_of(entry.day): 1.0}
    weeks = [date.fromordinal(n) for n in range(week_of(entry.day).toordinal(), entry.until.toordinal() + 1, 7)]
    return {week: 1 / len(weeks) for week in weeks}


def sizes_of(cohort: Cohort, eligible: int | None = None) -> Sizes:
    """The audiences of a cohort of this many seats."""
    program, seats = cohort.program, cohort.seats
    most = max(1, program.mentees_per_mentor)
    target = min(1.0, program.measure.targets.get("seats_filled", 100 * FILLED[1]) / 100)
    mentees = Range(seats * min(FILLED[0], target), seats * target, seats)
    # A mentor takes between one mentee and as many as may be; the mean of the two is expected.
    mentors = Range(mentees.low / most, mentees.expected / ((1 + most) / 2), mentees.high)
    places = mentees + mentors
    asked = Range(eligible, eligible, eligible) if eligible is not None else Range(*(seats * n for n in ASKED_PER_SEAT))
    return Sizes(
        eligible=asked,
        applicants=places * Range(*APPLICANTS_PER_PLACE),
        mentors=mentors,
        mentees=mentees,
        approvers=len(program.approvers),
        eligible_known=eligible is not None,
    )


def readers(sizes: Sizes, stage: str, send: str, to: str) -> Range:
    """How many people of an audience get one mail."""
    matched = sizes.matched
    fixed = {"owner": 1, "sponsor": 1, "approvers": sizes.approvers}
    if to in fixed:
        few = fixed[to]
        return Range(0, 0, few) if send in PROBLEMS_ONLY else Range(few, few, few)
    if to == "no_response":
        asked, silent = (sizes.eligible, SILENT_WHEN_INVITED) if stage == "recruit" else (matched, SILENT_LATER)
        return asked * Range(*silent)
    left_over = Range(0, max(0.0, sizes.applicants.expected - matched.expected), sizes.applicants.high - matched.low)
    known = {
        "eligible": sizes.eligible,
        "applicant": sizes.applicants,
        "applicants": sizes.applicants,
        "mentors": sizes.mentors,
        "mentees": sizes.mentees,
        "unmatched": left_over,
        "completed": matched * Range(*LASTING),
        "managers of matched": matched * Range(*MANAGERS_PER_PERSON),
    }
    return known.get(to, matched)


def assumptions(cohort: Cohort, sizes: Sizes) -> list[str]:
    """What the forecast rests on, in sentences; each may be doubted, so each is shown."""
    most, seats = cohort.program.mentees_per_mentor, cohort.seats
    few, likely, many = ASKED_PER_SEAT
    asked = f"No roster was counted: {few} to {many} people are asked for every seat, {likely} expected."
    if sizes.eligible_known:
        asked = f"The roster counts {sizes.eligible.expected:,.0f} people who may join."
    low, filled = (f"{number / seats:.0%}" for number in (sizes.mentees.low, sizes.mentees.expected))
    takes = f"1 to {most} mentees" if most > 1 else "one mentee"
    return [
        asked,
        f"{low} to 100% of the {seats} seats are filled, {filled} expected; a mentor takes {takes}.",
        f"For every place {APPLICANTS_PER_PLACE[0]} to {APPLICANTS_PER_PLACE[2]} people apply.",
        f"A reminder reaches {_shares(SILENT_WHEN_INVITED)} of those invited, and {_shares(SILENT_LATER)} of those "
        "matched once the cohort runs.",
        f"{_shares(LASTING)} of the matched complete; a manager hears of one to two of their people.",
        "Mails about what goes wrong (nobody approves, nobody answers) are counted only at the high end; "
        "mails about people who leave are not counted.",
    ]


def _shares(shares: tuple[float, float, float]) -> str:
    return f"{shares[0]:.0%} to {shares[2]:.0%} ({shares[1]:.0%} expected)"
