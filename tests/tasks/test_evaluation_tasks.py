"""What a cohort came to, and what is withheld."""

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from schemas.errors import DataError
from schemas.report import CohortFacts, ReportFigures
from schemas.rules import Measure
from tasks.evaluation import report_figures
from tasks.evaluation_groups import withheld
from tasks.evaluation_shares import net_promoter, share_of

FACTS = CohortFacts(seats=10, starts=date(2027, 3, 1), ends=date(2027, 8, 27), eligible=40, invited=38)
AFTERWARDS = datetime(2027, 9, 24, 7, tzinfo=UTC)
TARGETS = {
    "seats_filled": "80%",
    "first_meeting_in_21_days": "90%",
    "pulse_reply": "70%",
    "completed": "85%",
    "nps": "40",
}


def measure(smallest: int = 5, **targets: str) -> Measure:
    report = {"to": "sponsor", "when": "4 weeks after end"}
    return Measure.model_validate({"targets": targets or TARGETS, "smallest_group": str(smallest), "report": report})


def at(day: str | None) -> pd.Timestamp:
    return pd.Timestamp(day, tz="UTC") if day else pd.NaT


def member(person_id: str, **changed: Any) -> dict[str, Any]:
    facts = {"role": "mentee", "state": "completed", "site": "Berlin", "department": "Sales"}
    moments = {"applied_at": at("2027-01-10"), "accepted_at": at("2027-02-10")}
    return {"person_id": person_id, **facts, **moments, **changed}


def match(number: int, **changed: Any) -> dict[str, Any]:
    pair = {"match_id": f"m{number}", "mentee_id": f"e{number}", "mentor_id": f"o{number}", "score": 60 + number}
    moments = {"approved_at": at("2027-02-04"), "active_at": at("2027-03-01"), "ended_at": at("2027-09-10")}
    rest = {"state": "ended", "end_reason": "completed", "at_risk_since": pd.NaT}
    return {**pair, **moments, **rest, "reasons": ["offers 2 of 3 skills wanted: Hiring, Delegating"], **changed}


def answer(person_id: str, occasion: str, about: str = "-", day: str = "2027-04-02", **body: Any) -> dict[str, Any]:
    return {
        "person_id": person_id,
        "form": "any",
        "occasion": occasion,
        "about": about,
        "answered_at": at(day),
        "body": body,
    }


def figures(
    members: list[dict[str, Any]],
    matches: list[dict[str, Any]],
    answers: list[dict[str, Any]] | None = None,
    asked: list[tuple[str, str]] | None = None,
    *,
    now: datetime = AFTERWARDS,
    rules: Measure | None = None,
) -> ReportFigures:
    frames = (
        pd.DataFrame(members, columns=list(member("x"))),
        pd.DataFrame(matches, columns=list(match(0))),
        pd.DataFrame(answers or [], columns=list(answer("x", "y"))),
        pd.DataFrame(asked or [], columns=["occasion", "person_id"]),
    )
    return report_figures.fn(*frames, rules or measure(), FACTS, now)


def cohort(pairs: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    mentees = [member(f"e{number}") for number in range(pairs)]
    mentors = [member(f"o{number}", role="mentor", department="Legal") for number in range(pairs)]
    return mentees + mentors, [match(number) for number in range(pairs)]


def verdicts(found: ReportFigures) -> dict[str, str]:
    return {target.key: target.verdict for target in found.targets}


def test_the_funnel_counts_people_from_eligible_to_completed() -> None:
    members, matches = cohort(8)
    members += [member("late", state="waitlisted", accepted_at=pd.NaT)]
    members += [member("shy", state="invited", applied_at=pd.NaT, accepted_at=pd.NaT)]
    steps = {step.label: step.people for step in figures(members, matches).funnel}

    assert steps == {
        "Eligible": 40,
        "Invited": 38,
        "Applied": 17,
        "Selected": 16,
        "Matched": 16,
        "Accepted the match": 16,
        "Met within 21 days": 0,
        "Active at the end": 16,
        "Completed": 16,
    }


def test_a_cohort_without_anybody_still_has_a_report() -> None:
    empty = figures([], [])

    assert empty.fit is None and empty.nps is None and empty.pulses == ()
    assert verdicts(empty)["completed"] == "not measurable"
    assert "Fewer than two" in empty.what_it_can_show


def test_a_pair_has_met_in_time_when_either_says_so() -> None:
    members, matches = cohort(6)
    told = [
        answer("e0", "check_in.first_meeting", "m0", met=True, met_on="2027-03-22"),
        answer("o1", "check_in.first_meeting", "m1", met=True, met_on="2027-03-05"),
        answer("e2", "check_in.first_meeting", "m2", met=True, met_on="2027-03-23"),
        answer("e3", "check_in.first_meeting", "m3", met=False),
        answer("e4", "check_in#1", "m4", day="2027-03-20", met=True, meetings=1),
    ]
    found = figures(members, matches, told)

    assert next(step.people for step in found.funnel if step.label.startswith("Met")) == 6
    target = next(target for target in found.targets if target.key == "first_meeting_in_21_days")
    assert target.verdict == "missed" and target.note.startswith("3 of 6 pairs")


def test_a_pair_made_late_has_its_own_days_to_meet() -> None:
    members, matches = cohort(6)
    matches[0] |= {"active_at": at("2027-04-20")}
    told = [answer("e0", "check_in.first_meeting", "m0", met=True, met_on="2027-05-05")]

    assert figures(members, matches, told).funnel[6].people == 2


def test_a_pulse_counts_who_answered_and_not_who_wants_another_partner() -> None:
    members, matches = cohort(8)
    asked = [("check_in#1", f"e{number}") for number in range(8)] * 2
    told = [answer(f"e{number}", "check_in#1", f"m{number}", met=number > 1, useful=4) for number in range(6)]
    told += [answer("e7", "check_in#1", "m7", reason="We did not get along")]
    pulse = figures(members, matches, told, asked).pulses[0]

    assert (pulse.answered.part, pulse.answered.whole) == (6, 8)
    assert pulse.met is not None and (pulse.met.part, pulse.met.whole) == (4, 6)
    assert pulse.useful == 4


def test_what_fewer_than_five_said_is_withheld() -> None:
    members, matches = cohort(8)
    asked = [("check_in#1", f"e{number}") for number in range(8)]
    told = [answer(f"e{number}", "check_in#1", f"m{number}", met=True, useful=1) for number in range(4)]
    told += [answer(f"e{number}", "evaluate", satisfaction=1, recommend=0) for number in range(4)]
    found = figures(members, matches, told, asked)

    assert found.pulses[0].met is None and found.pulses[0].useful is None
    assert found.satisfaction is None and found.nps is None
    assert verdicts(found)["nps"] == "not measurable"


def test_promoters_less_detractors_make_the_score() -> None:
    final = pd.DataFrame({"recommend": [10, 9, 9, 8, 7, 6, 0, 10]})
    nps = net_promoter(final, smallest=5)

    assert nps is not None
    assert (nps.promoters.part, nps.passives.part, nps.detractors.part) == (4, 2, 2)
    assert nps.score == 25 and nps.low < 25 < nps.high


def test_few_answers_that_agree_do_not_make_the_score_sure() -> None:
    nps = net_promoter(pd.DataFrame({"recommend": [10] * 9}), smallest=5)

    # By hand: p = 9.75/12, d = 0.75/12; 75 less 1.96 * sqrt((0.875 - 0.75²) / 12).
    assert nps is not None and (nps.score, nps.low, nps.high) == (100, 43.4, 100)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(0, 10, 0.0, 27.8), (10, 10, 72.2, 100.0), (81, 263, 25.5, 36.6)],
)
def test_intervals_are_those_of_wilson(part: int, whole: int, low: float, high: float) -> None:
    share = share_of(part, whole)

    assert (share.low, share.high) == (low, high)


def test_nothing_of_nothing_is_known_not_at_all() -> None:
    assert (share_of(0, 0).low, share_of(0, 0).high) == (0, 100)


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ({"a": 20, "b": 9, "c": 7}, set()),
        ({"a": 20, "b": 9, "c": 3}, {"b", "c"}),
        ({"a": 20, "b": 4, "c": 3}, {"b", "c"}),
        ({"a": 20, "b": 9, "c": 2, "d": 2}, {"b", "c", "d"}),
        ({"a": 3}, {"a"}),
        ({"a": 30, "b": 1}, {"a", "b"}),
        ({}, set()),
    ],
)
def test_no_withheld_group_can_be_worked_out(sizes: dict[str, int], hidden: set[str]) -> None:
    assert withheld(sizes, smallest=5) == hidden


def test_small_groups_and_their_shield_are_withheld_in_a_breakdown() -> None:
    members, matches = cohort(12)
    for number in range(12):
        members[number]["site"] = "Pune" if number < 3 else "Austin" if number < 9 else "Berlin"
    sites = next(part for part in figures(members, matches).breakdowns if part.by == "site")

    assert [(group.name, group.people) for group in sites.groups] == [("Berlin", 15), ("Austin", None), ("Pune", None)]


def test_a_group_where_few_answered_shows_its_people_and_not_their_mean() -> None:
    members, matches = cohort(8)
    told = [answer(f"e{number}", "evaluate", satisfaction=5, recommend=9) for number in range(8)]
    told += [answer(f"o{number}", "evaluate", satisfaction=1, recommend=0) for number in range(2)]
    roles = next(part for part in figures(members, matches, told).breakdowns if part.by == "role")

    assert [(group.people, group.satisfaction) for group in roles.groups] == [(8, None), (8, None)]


def test_people_without_a_site_are_a_group_of_their_own() -> None:
    members, matches = cohort(6)
    for person in members[:6]:
        person["site"] = None
    sites = next(part for part in figures(members, matches).breakdowns if part.by == "site")

    assert {group.name: group.people for group in sites.groups} == {"Berlin": 6, "not stated": 6}


def test_targets_are_met_exactly_at_their_value() -> None:
    members, matches = cohort(8)

    assert verdicts(figures(members, matches))["seats_filled"] == "met"
    assert verdicts(figures(members, matches, rules=measure(seats_filled="80.1%")))["seats_filled"] == "missed"


def test_halfway_nobody_can_have_completed() -> None:
    members, matches = cohort(8)
    for pair in matches:
        pair |= {"ended_at": pd.NaT, "state": "active"}
    found = figures(members, matches, now=datetime(2027, 5, 30, tzinfo=UTC))

    target = next(target for target in found.targets if target.key == "completed")
    assert (target.verdict, target.note) == ("not measurable", "the cohort has not ended")
    assert found.funnel[7].label == "Active today"
    assert found.breakdowns[0].groups[0].completed is None


def test_pairs_that_ended_early_did_not_last() -> None:
    members, matches = cohort(8)
    matches[0] |= {"ended_at": at("2027-05-01"), "end_reason": "left"}
    matches[1] |= {"active_at": pd.NaT}
    pairs = figures(members, matches).pairs

    assert (pairs.approved, pairs.began, pairs.lasted, pairs.ended_early) == (8, 7, 6, 1)


def test_reasons_are_counted_by_kind() -> None:
    members, matches = cohort(8)
    matches[0]["reasons"] = ["offers the skill wanted: Hiring", "works in another department"]
    fit = figures(members, matches).fit

    assert fit is not None and fit.reasons == (("offers skills wanted", 8), ("works in another department", 1))
    assert (fit.lowest, fit.highest) == (60, 67)


def test_a_missing_column_is_named_without_showing_a_row() -> None:
    members, matches = cohort(6)
    frames = [pd.DataFrame(members).drop(columns="site"), pd.DataFrame(matches)]
    rest = [pd.DataFrame(columns=list(answer("x", "y"))), pd.DataFrame(columns=["occasion", "person_id"])]

    with pytest.raises(DataError, match="'site' is missing") as error:
        report_figures.fn(*frames, *rest, measure(), FACTS, AFTERWARDS)
    assert "e0" not in str(error.value)
