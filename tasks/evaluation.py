"""Evaluate, decided: what a cohort came to, in numbers fit to be shown to a sponsor."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import pandas as pd
from pandera.typing import DataFrame

from cohortflow.engine import task
from cohortflow.programs.sample_size import half_width, smallest_difference
from schemas.checked import checked
from schemas.report import CohortFacts, Fit, Pairs, Pulse, ReportFigures, Step
from schemas.report_tables import AnswerRecord, Asked, MatchRecord, Member
from schemas.rules import Measure
from tasks.evaluation_groups import breakdown
from tasks.evaluation_shares import net_promoter, satisfaction, share_of
from tasks.evaluation_targets import Reached, targets_reached

FIRST_MEETING_DAYS = 21
CHECK_IN = re.compile(r"check_in#(\d+)")
GROUPED_BY = ("site", "department", "role")


@dataclass(frozen=True)
class Record:
    """A cohort's tables, and what follows from several of them at once."""

    participants: pd.DataFrame
    matches: pd.DataFrame
    answers: pd.DataFrame
    asked: pd.DataFrame
    facts: CohortFacts
    now: datetime

    @cached_property
    def approved(self) -> pd.DataFrame:
        """The pairs somebody approved, whatever became of them."""
        return self.matches[self.matches["approved_at"].notna()]

    @cached_property
    def began(self) -> pd.DataFrame:
        """The pairs that began to work together."""
        return self.approved[self.approved["active_at"].notna()]

    @cached_property
    def lasting(self) -> pd.DataFrame:
        """The pairs that held to the end of the cohort, or hold now, while it runs."""
        ended = self.began["ended_at"]
        return self.began[ended.isna() | (ended >= pd.Timestamp(self.facts.ends, tz="UTC"))]

    @cached_property
    def starters(self) -> set[str]:
        """The people of the pairs that began."""
        return people_of(self.began)

    @cached_property
    def completed(self) -> set[str]:
        """The people who completed the cohort."""
        done = self.participants[self.participants["state"] == "completed"]
        return set(done["person_id"])

    def pairs_met(self, days: int) -> pd.DataFrame:
        """The pairs that met within so many days of the start, or of their own start where that was later."""
        meetings = self._meetings
        met = [self._met_by(pair, meetings, days) for pair in self.began.to_dict("records")]
        return self.began[pd.Series(met, index=self.began.index, dtype=bool)]

    @cached_property
    def _meetings(self) -> dict[tuple[str, str], list[date]]:
        """The days of meetings people told of, by person and by what they were asked about."""
        days: dict[tuple[str, str], list[date]] = {}
        for answer in self.answers.to_dict("records"):
            body = answer["body"]
            if body.get("met") is True:
                told = body.get("met_on") or answer["answered_at"].date()
                day = date.fromisoformat(told) if isinstance(told, str) else told
                days.setdefault((answer["person_id"], answer["about"]), []).append(day)
        return days

    def _met_by(self, pair: Mapping[Any, Any], meetings: Mapping[tuple[str, str], list[date]], days: int) -> bool:
        latest = max(self.facts.starts, pair["active_at"].date()) + timedelta(days=days)
        keys = [(pair[side], about) for side in ("mentee_id", "mentor_id") for about in (pair["match_id"], "-")]
        return any(day <= latest for key in keys for day in meetings.get(key, ()))


@task
@checked
def report_figures(
    participants: DataFrame[Member],
    matches: DataFrame[MatchRecord],
    answers: DataFrame[AnswerRecord],
    asked: DataFrame[Asked],
    measure: Measure,
    facts: CohortFacts,
    now: datetime,
) -> ReportFigures:
    """Everything the report says.

    Means and shares of fewer than `measure.smallest_group` people are withheld, and in a breakdown also whatever
    would let a reader work them out.
    """
    known = Record(participants, matches, answers, asked, facts, now)
    smallest = measure.smallest_group
    final = _bodies(answers[answers["occasion"] == "evaluate"])
    pulses = tuple(_pulse(known, number, smallest) for number in _check_ins(asked))
    happy, promoters = satisfaction(final, smallest), net_promoter(final, smallest)
    in_time = people_of(known.pairs_met(FIRST_MEETING_DAYS))
    people = _starters(known, in_time, final)
    over = now.date() > facts.ends
    return ReportFigures(
        as_of=now.date(),
        facts=facts,
        funnel=_funnel(known, in_time),
        pairs=_pairs(known),
        fit=_fit(known.approved, smallest),
        pulses=pulses,
        satisfaction=happy,
        nps=promoters,
        final_survey=share_of(len(set(final["person_id"])), len(_asked_at(asked, "evaluate"))),
        targets=targets_reached(measure.targets, _reached(known, pulses, happy, promoters), over),
        breakdowns=tuple(breakdown(people, by, smallest, over) for by in GROUPED_BY),
        smallest_group=smallest,
        what_it_can_show=what_it_can_show(known, over),
    )


def _starters(known: Record, in_time: set[str], final: pd.DataFrame) -> pd.DataFrame:
    """One row per person of a pair that began, with what the breakdowns ask."""
    rows = known.participants[known.participants["person_id"].isin(known.starters)]
    return rows.assign(
        met_in_time=rows["person_id"].isin(in_time),
        completed=rows["person_id"].isin(known.completed),
        satisfaction=rows["person_id"].map(_answers_to("satisfaction", final)),
    )


def people_of(pairs: pd.DataFrame) -> set[str]:
    """Everyone in some pairs."""
    return set(pairs["mentee_id"]) | set(pairs["mentor_id"])


def what_it_can_show(known: Record, over: bool) -> str:
    """What effect a cohort of this size could show at all, in two sentences."""
    mentees = known.began["mentee_id"].nunique()
    if mentees < 2:
        return "Fewer than two mentees began: no share of so few says anything about others."
    done = len(set(known.began["mentee_id"]) & known.completed) / mentees
    rate = done if over and 0 < done < 1 else 0.5
    known_to, seen = round(100 * half_width(rate, mentees)), round(100 * smallest_difference(rate, mentees))
    certain = (
        f"With {mentees} mentees, a share such as {rate:.0%} is known to about ±{known_to} points "
        "(95% interval, Wilson 1927)."
    )
    if seen >= round(100 * rate):
        return f"{certain} So few cannot be told apart from a comparison group of the same size by any difference."
    return (
        f"{certain} Compared with a group of the same size, a difference of {seen} points or more would be seen four "
        "times in five (80% power, 5% two-sided, Cohen 1988); a smaller one can be real and stay unseen."
    )


def _funnel(known: Record, in_time: set[str]) -> tuple[Step, ...]:
    people, facts = known.participants, known.facts
    applied = set(people.loc[people["applied_at"].notna(), "person_id"])
    turned_away = set(people.loc[people["state"] == "waitlisted", "person_id"])
    matched = people_of(known.approved)
    accepted = set(people.loc[people["accepted_at"].notna(), "person_id"]) & matched
    now = "Active at the end" if known.now.date() > facts.ends else "Active today"
    # From the match on, a later step does not imply the one before: some pairs meet late, and last.
    steps = [
        ("Eligible", facts.eligible, ""),
        ("Invited", facts.invited, "Eligible"),
        ("Applied", len(applied), "Invited"),
        ("Selected", len((applied - turned_away) | matched), "Applied"),
        ("Matched", len(matched), "Selected"),
        ("Accepted the match", len(accepted), "Matched"),
        (f"Met within {FIRST_MEETING_DAYS} days", len(in_time), "Matched"),
        (now, len(people_of(known.lasting)), "Matched"),
        ("Completed", len(known.completed), "Matched"),
    ]
    counts = {label: count for label, count, _ in steps}
    return tuple(
        Step(label, count, of, round(100 * count / counts[of], 1) if counts.get(of) else None)
        for label, count, of in steps
    )


def _pairs(known: Record) -> Pairs:
    lasted = len(known.lasting)
    at_risk = int(known.lasting["at_risk_since"].notna().sum())
    return Pairs(len(known.approved), len(known.began), lasted, len(known.began) - lasted, at_risk)


def _fit(approved: pd.DataFrame, smallest: int) -> Fit | None:
    """How the scores spread; with fewer pairs than `smallest` nothing, for lowest and highest would be somebody."""
    if len(approved) < smallest:
        return None
    scores = approved["score"].astype(float)
    bins = tuple(
        (low, low + 10, int(((scores >= low) & ((scores < low + 10) | (low == 90))).sum())) for low in range(0, 100, 10)
    )
    said = approved["reasons"].explode().dropna().map(_kind_of_reason)
    counted = sorted(said.value_counts().items(), key=lambda item: (-item[1], item[0]))
    top = tuple((str(reason), int(count)) for reason, count in counted[:6])
    return Fit(len(scores), float(scores.min()), float(scores.median()), float(scores.max()), bins, top)


def _kind_of_reason(reason: str) -> str:
    """What kind of reason it is: "offers 2 of 3 skills wanted: ..." counts as "offers skills wanted"."""
    plain = re.sub(r"\b\d+ of \d+ ", "", reason.partition(":")[0])
    return re.sub(r"^offers the skill wanted$", "offers skills wanted", plain).strip()


def _check_ins(asked: pd.DataFrame) -> list[int]:
    found = (CHECK_IN.fullmatch(occasion) for occasion in asked["occasion"].unique())
    return sorted(int(match[1]) for match in found if match)


def _asked_at(asked: pd.DataFrame, occasion: str) -> set[str]:
    return set(asked.loc[asked["occasion"] == occasion, "person_id"])


def _bodies(answers: pd.DataFrame) -> pd.DataFrame:
    """One row per answer, its questions as columns; person_id beside them."""
    rows = [{"person_id": row["person_id"], **row["body"]} for row in answers.to_dict("records")]
    return pd.DataFrame(rows, columns=None if rows else ["person_id"])


def _answers_to(question: str, bodies: pd.DataFrame) -> dict[str, float]:
    return dict(zip(bodies["person_id"], bodies[question], strict=True)) if question in bodies else {}


def _pulse(known: Record, n: int, smallest: int) -> Pulse:
    asked = _asked_at(known.asked, f"check_in#{n}")
    rows = _bodies(known.answers[known.answers["occasion"] == f"check_in#{n}"])
    # A wish for another partner may arrive at a check-in too; only an answer to the pulse says whether they met.
    pulses = rows[rows["met"].notna()] if "met" in rows else rows.iloc[:0]
    answered = share_of(len(asked & set(pulses["person_id"])), len(asked))
    if answered.part < smallest:
        return Pulse(n, answered, None, None)
    useful = pulses["useful"].dropna() if "useful" in pulses else pd.Series(dtype=float)
    mean = round(float(useful.astype(float).mean()), 2) if len(useful) >= smallest else None
    return Pulse(n, answered, share_of(int(pulses["met"].eq(True).sum()), len(pulses)), mean)


def _reached(known: Record, pulses: tuple[Pulse, ...], happy: Any, promoters: Any) -> Reached:
    began = len(known.began)
    return Reached(
        seats_filled=share_of(known.approved["mentee_id"].nunique(), known.facts.seats),
        matched=share_of(*_applicants_matched(known)),
        pulse_reply=share_of(sum(each.answered.part for each in pulses), sum(each.answered.whole for each in pulses)),
        completed=share_of(len(known.starters & known.completed), len(known.starters)),
        satisfaction=happy,
        nps=promoters,
        pairs_met=lambda days: share_of(len(known.pairs_met(days)), began),
        days_since_start=(known.now.date() - known.facts.starts).days,
    )


def _applicants_matched(known: Record) -> tuple[int, int]:
    applied = set(known.participants.loc[known.participants["applied_at"].notna(), "person_id"])
    return len(applied & people_of(known.approved)), len(applied)
