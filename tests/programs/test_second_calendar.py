"""Random programs on awkward calendars: the plan agrees with a second, independent calculation on every instant."""

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from second_calendar import OWN, Facts, Place, SecondCalendar, first_instant

from cohortflow.programs.cohorts import read_cohort
from cohortflow.programs.occasions import dated_occasions
from cohortflow.programs.parsing import check_config
from cohortflow.programs.plan import plan_rows
from schemas.occasions import OWN_ZONE

FORMS = {
    f"forms/{path.name}": path.read_text(encoding="utf-8")
    for path in (Path(__file__).parents[2] / "program_configs" / "forms").glob("*.yaml")
}
# From Kathmandu (a quarter of an hour off) to Auckland, with those that change their clocks by half an hour, at
# midnight, or stand beyond the date line.
ZONES = [
    "Asia/Kathmandu", "Pacific/Auckland", "Pacific/Chatham", "Australia/Lord_Howe", "Europe/Berlin", "America/New_York",
    "America/St_Johns", "America/Santiago", "Africa/Casablanca", "Asia/Kolkata", "UTC", "Pacific/Kiritimati",
]  # fmt: skip
HOLIDAYS = [None, "DE-BE", "US-TX", "IN-MH", "NP", "NZ", "CL"]
KINDS = ["one_on_one", "reverse", "group", "peer", "micro"]
# A clock that is set forward or back within the life of the cohort, a leap day, a turn of the year, and any day.
STARTS = [date(2027, 3, 1), date(2027, 3, 28), date(2027, 9, 13), date(2028, 2, 29), date(2027, 12, 27)]
units = st.sampled_from([("days", 40), ("weeks", 6), ("working days", 20), ("months", 2)])


@st.composite
def spans(draw: st.DrawFn, most: int = 99) -> str:
    unit, limit = draw(units)
    return f"{draw(st.integers(1, min(limit, most)))} {unit}"


@st.composite
def calendars(draw: st.DrawFn) -> dict[str, Any]:
    sites = {
        f"site{n}": Place(draw(st.sampled_from(ZONES)), draw(st.sampled_from(HOLIDAYS)))
        for n in range(draw(st.integers(0, 3)))
    }
    starts = draw(st.sampled_from(STARTS) | st.dates(date(2027, 1, 1), date(2029, 12, 31)))
    shut = draw(st.lists(st.tuples(st.integers(-60, 200), st.integers(0, 12)), max_size=2))
    closed = [(starts + timedelta(days=at), starts + timedelta(days=at + length)) for at, length in shut]
    return {
        "zone": draw(st.sampled_from(ZONES)),
        "sites": sites,
        "closed": closed,
        "opens": draw(st.sampled_from([time(9), time(0), time(2, 30), time(1, 45), time(8, 15)])),
        "every_day": draw(st.booleans()),
        "starts": starts,
        "ends": starts + timedelta(days=draw(st.integers(120, 330))),
    }


@st.composite
def stages(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    def moments(*anchors: str, most: int = 5) -> list[str]:
        counted = st.builds(
            "{} {} {}".format, spans(most), st.sampled_from(["before", "after"]), st.sampled_from(anchors)
        )
        return draw(st.lists(st.sampled_from(anchors) | counted, min_size=1, max_size=3))

    silent = st.sampled_from(["remind_then_hold", "proceed"])
    approve = draw(st.none() | st.builds(lambda within, what: {"within": within, "if_silent": what}, spans(5), silent))
    return {
        "recruit": {
            "opens": f"{draw(st.integers(8, 14))} weeks before start",
            "closes": f"{draw(spans(20))} after opens",
            "emails": [("invite", ["opens"]), ("reminder", moments("closes", "opens"))],
        },
        "match": {"runs": f"{draw(spans(5))} after recruit closes", "approve": approve, "emails": []},
        "orient": {
            "opens": f"{draw(spans(3))} before start",
            "closes": "start",
            "emails": [("welcome", ["opens"]), ("orientation_reminder", moments("closes", "opens", "start"))],
        },
        "check_in": {
            "first_meeting": f"{draw(spans(10))} after start",
            "every": draw(st.sampled_from(["4 weeks", "1 month", "2 months", "15 working days", "30 days"])),
            "first": f"{draw(spans(5))} after start",
            "last": f"{draw(spans(4))} before end",
            "open_for": draw(st.sampled_from(["7 days", "5 working days", "1 week"])),
            "emails": [
                ("first_meeting", ["first_meeting"]),
                ("pulse", ["opens"]),
                ("pulse_reminder", moments("opens", "closes", "halfway")),
            ],
        },
        "evaluate": {
            "opens": f"{draw(spans(3))} before end",
            "closes": f"{draw(spans(3))} after end",
            "emails": [("final_survey", ["opens"]), ("final_survey_reminder", moments("closes"))],
        },
        "close": {
            "runs": f"{draw(st.integers(8, 12))} weeks after end",
            "emails": [("thank_you", ["runs"]), ("alumni_invite", moments("runs", "end"))],
        },
    }


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, Facts]:
    goals = {"ask": f"{draw(spans(3))} after start", "set_by": f"{draw(st.integers(4, 9))} weeks after start"}
    facts = Facts(
        **draw(calendars()),
        stages=draw(stages()),
        goals=draw(st.sampled_from([None, goals])),
        trial_until=draw(st.none() | st.builds("{} after start".format, spans(6))),
        reports=draw(st.lists(st.sampled_from(["halfway", "4 weeks after end", "3 months after end"]), max_size=3)),
    )
    return draw(st.sampled_from(KINDS)), facts


AUDIENCES = {
    "invite": "eligible", "reminder": "no_response", "welcome": "matched", "orientation_reminder": "no_response",
    "first_meeting": "matched", "pulse": "matched", "pulse_reminder": "no_response", "final_survey": "participants",
    "final_survey_reminder": "no_response", "thank_you": "participants", "alumni_invite": "completed",
}  # fmt: skip


def as_yaml(kind: str, facts: Facts) -> str:
    """The program as a coordinator would write it."""
    written: dict[str, Any] = {
        "version": 1, "name": "Circle", "type": kind, "purpose": "To learn", "owner": "owner@acme.example",
        "approvers": ["dana@acme.example"], "sponsor": "sponsor@acme.example",
        "cohorts": {"2027-a": {"starts": str(facts.starts), "ends": str(facts.ends), "seats": 10}},
        "who": {"mentors": {"level": "P6 or above"}, "mentees": {"level": "P3 to P5"}},
        "people": {"levels": [f"P{n}" for n in range(1, 9)]},
        "calendar": {
            "time_zone": facts.zone,
            "sites": {
                name: {"zone": place.zone} | ({"holidays": place.holidays} if place.holidays else {})
                for name, place in facts.sites.items()
            },
            "closed": [f"{first} to {last}" for first, last in facts.closed],
        },
        "email": {
            "hours": f"{facts.opens:%H:%M}-17:00", "days": "every day" if facts.every_day else "working days",
            "at_most": "50 per person per week",
        },
        "stages": {name: _stage(name, stage) for name, stage in facts.stages.items()},
        "goals": {**facts.goals, "set_by": facts.goals["set_by"]} if facts.goals else "not_needed",
        "measure": {"report": {"to": ["owner"], "when": facts.reports}} if facts.reports else {},
    }  # fmt: skip
    if not facts.goals:
        del written["goals"]
    written |= {"group": {"group_size": "3 to 6"}, "peer": {"level_gap": "at most 1"}}.get(kind, {})
    if facts.trial_until:
        written["trial"] = {"until": facts.trial_until, "who_may_ask": "either", "rematches_per_person": 1}
    return yaml.safe_dump(written, sort_keys=False, default_flow_style=False, width=1000)


def _stage(name: str, stage: dict[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in stage.items() if key not in ("emails", "approve", "first_meeting")}
    shown["emails"] = [
        {"send": send, "to": AUDIENCES[send], "when": phrases if len(phrases) > 1 else phrases[0]}
        for send, phrases in stage["emails"]
    ]
    if name == "match":
        shown["approve"] = {"by": "approvers", **stage["approve"]} if stage["approve"] else "not_needed"
    if name == "check_in":
        shown["first_meeting"] = {"ask": stage["first_meeting"]}
    return shown


@pytest.mark.slow
@given(programs())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_the_plan_agrees_with_a_second_calculation_on_every_instant(drawn: tuple[str, Facts]) -> None:
    kind, facts = drawn
    texts = {**FORMS, "circle.yaml": as_yaml(kind, facts)}
    assume(not [fault for fault in check_config(texts, "circle", "program_configs") if fault.severity == "error"])
    cohort = read_cohort(texts, "circle", "2027-a")

    expected = SecondCalendar(facts).all()

    planned = {each.key: each for each in dated_occasions(cohort)}
    if not facts.reports:  # then the standard lifecycle's own
        expected |= {key: {OWN: planned[key].due_at} for key in planned if key.startswith("measure.report")}
    assert sorted(planned) == sorted(expected)
    for key, instants in expected.items():
        each = planned[key]
        found = {site or OWN: at for site, at in (each.due_by_site or {OWN_ZONE: each.due_at}).items()}
        found = {OWN if site == OWN_ZONE else site: at for site, at in found.items()}
        assert found == instants, key
    rows = {row["occasion"]: row for row in plan_rows(cohort) if row["due"]}
    assert {key: datetime.fromisoformat(str(row["due"])) for key, row in rows.items()} == {
        key: instants[OWN] for key, instants in expected.items()
    }
    assert json.dumps(list(rows.values()))


@pytest.mark.parametrize(
    ("zone", "day", "clock", "expected"),
    [
        ("Europe/Berlin", date(2027, 3, 28), time(2, 30), "2027-03-28T01:00:00+00:00"),  # the hour that is skipped
        ("Europe/Berlin", date(2027, 10, 31), time(2, 30), "2027-10-31T00:30:00+00:00"),  # the hour that comes twice
        ("Pacific/Auckland", date(2027, 9, 26), time(2, 30), "2027-09-25T14:00:00+00:00"),
        ("Asia/Kathmandu", date(2028, 2, 29), time(9), "2028-02-29T03:15:00+00:00"),
    ],
)
def test_the_second_calculation_is_right_where_the_answer_is_known(
    zone: str, day: date, clock: time, expected: str
) -> None:
    assert first_instant(zone, day, clock).isoformat() == expected
