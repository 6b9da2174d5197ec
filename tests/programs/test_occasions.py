"""What falls due for a cohort, and when: the whole spring cohort as a table, and what moves, waits and ends."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortflow.programs.calendars import reader_calendar, zone_of
from cohortflow.programs.cohorts import read_cohort
from cohortflow.programs.documents import read_config
from cohortflow.programs.occasions import dated_occasions
from schemas.company import Site
from schemas.errors import CohortflowError
from schemas.phrases import When

CONFIGS = Path(__file__).parents[2] / "program_configs"
SPRING = {"starts": "2027-03-01", "ends": "2027-08-27", "seats": "60"}


@cache
def texts():
    return read_config(CONFIGS / "emerging-leaders.yaml")


@cache
def shipped(key="2027-spring"):
    return read_cohort(texts(), "emerging-leaders", key)


def cohort(line=SPRING, **changes):
    """The shipped program with some of its paths changed: `cohort(stages={"match": {"approve": "not_needed"}})`."""
    declared = merged(yaml.load(texts()["emerging-leaders.yaml"], yaml.BaseLoader), changes)
    changed = {
        **texts(),
        "emerging-leaders.yaml": yaml.safe_dump({**declared, "cohorts": {"a": line}}, sort_keys=False),
    }
    return read_cohort(changed, "emerging-leaders", "a")


def merged(below, above):
    return {
        **below,
        **{
            key: merged(below.get(key) or {}, value) if isinstance(value, Mapping) and key != "sites" else value
            for key, value in above.items()
        },
    }


def mails(stage, *lines):
    return {stage: {"emails": list(lines)}}


def by_key(occasions):
    assert len({each.key for each in occasions}) == len(occasions), "a key occurs twice"
    return {each.key: each for each in occasions}


def dated(*args, **changes):
    return by_key(dated_occasions(cohort(*args, **changes)))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


GOLDEN = [
    ("recruit.opens", "Mon 2027-01-04", None),
    ("recruit.invite#1", "Mon 2027-01-04", "recruit.opens"),
    ("recruit.reminder#1", "Mon 2027-01-18", "recruit.opens"),
    ("recruit.reminder#2", "Fri 2027-01-22", "recruit.opens"),
    ("recruit.closes", "Mon 2027-01-25", "recruit.opens"),
    ("match.runs", "Thu 2027-01-28", "recruit.closes"),
    ("match.approval_request#1", "Thu 2027-01-28", "match.runs"),
    ("match.approval_reminder#1", "Mon 2027-02-01", "match.runs"),
    ("match.approval", "Tue 2027-02-02", "match.runs"),
    ("match.approval_overdue#1", "Wed 2027-02-03", "match.runs"),
    ("orient.opens", "Mon 2027-02-15", "match.approval"),
    ("orient.welcome#1", "Mon 2027-02-15", "orient.opens"),
    ("orient.orientation_invite#1", "Mon 2027-02-15", "orient.opens"),
    ("orient.orientation_reminder#1", "Wed 2027-02-24", "orient.opens"),
    ("orient.orientation_reminder#2", "Fri 2027-02-26", "orient.opens"),
    ("orient.closes", "Mon 2027-03-01", "orient.opens"),
    ("goals.ask#1", "Tue 2027-03-09", "orient.closes"),
    ("check_in.first_meeting#1", "Thu 2027-03-11", "orient.closes"),
    ("goals.reminder#1", "Wed 2027-03-17", "goals.ask#1"),
    ("check_in#1", "Mon 2027-03-29", "orient.closes"),
    ("check_in#1.pulse#1", "Tue 2027-03-30", "check_in#1"),
    ("check_in#1.pulse_reminder#1", "Thu 2027-04-01", "check_in#1"),
    ("check_in#1.closes", "Mon 2027-04-05", "check_in#1"),
    ("trial.closes", "Mon 2027-04-12", "orient.closes"),
    ("check_in#2", "Mon 2027-04-26", "check_in#1"),
    ("check_in#2.pulse#1", "Mon 2027-04-26", "check_in#2"),
    ("check_in#2.pulse_reminder#1", "Thu 2027-04-29", "check_in#2"),
    ("check_in#2.closes", "Mon 2027-05-03", "check_in#2"),
    ("check_in#3", "Mon 2027-05-24", "check_in#2"),
    ("check_in#3.pulse#1", "Mon 2027-05-24", "check_in#3"),
    ("check_in#3.pulse_reminder#1", "Thu 2027-05-27", "check_in#3"),
    ("measure.report#1", "Sat 2027-05-29", "orient.closes"),
    ("check_in#3.closes", "Mon 2027-05-31", "check_in#3"),
    ("check_in#4", "Mon 2027-06-21", "check_in#3"),
    ("check_in#4.pulse#1", "Mon 2027-06-21", "check_in#4"),
    ("check_in#4.pulse_reminder#1", "Thu 2027-06-24", "check_in#4"),
    ("check_in#4.closes", "Mon 2027-06-28", "check_in#4"),
    ("check_in#5", "Mon 2027-07-19", "check_in#4"),
    ("check_in#5.pulse#1", "Mon 2027-07-19", "check_in#5"),
    ("check_in#5.pulse_reminder#1", "Thu 2027-07-22", "check_in#5"),
    ("check_in#5.closes", "Mon 2027-07-26", "check_in#5"),
    ("evaluate.opens", "Fri 2027-08-13", "check_in#5"),
    ("evaluate.final_survey#1", "Fri 2027-08-13", "evaluate.opens"),
    ("evaluate.final_survey_reminder#1", "Fri 2027-08-27", "evaluate.opens"),
    ("evaluate.final_survey_reminder#2", "Wed 2027-09-01", "evaluate.opens"),
    ("evaluate.closes", "Fri 2027-09-03", "evaluate.opens"),
    ("close.runs", "Fri 2027-09-10", "evaluate.closes"),
    ("close.thank_you#1", "Fri 2027-09-10", "close.runs"),
    ("measure.report#2", "Fri 2027-09-24", "close.runs"),
    ("close.alumni_invite#1", "Fri 2027-10-08", "close.runs"),
    ("measure.report#3", "Sun 2028-08-27", "close.runs"),
]


def test_the_spring_cohort_in_full():
    assert [(each.key, f"{each.due_on:%a %Y-%m-%d}", each.waits_for) for each in dated_occasions(shipped())] == GOLDEN


@pytest.mark.parametrize(
    ("key", "instant"),
    [
        ("recruit.opens", "2027-01-03T23:00"),  # midnight in Berlin
        ("recruit.closes", "2027-01-25T23:00"),  # and the midnight that ends the day
        ("match.approval", "2027-02-02T23:00"),
        ("check_in#1", "2027-03-28T22:00"),  # summer time
        ("check_in#1.closes", "2027-04-05T22:00"),
        ("trial.closes", "2027-04-12T22:00"),
    ],
)
def test_milestones_stand_at_midnight_of_the_program(key, instant):
    assert by_key(dated_occasions(shipped()))[key].due_at == utc(instant)


def test_each_site_gets_its_own_morning():
    invite = by_key(dated_occasions(shipped()))["recruit.invite#1"]

    assert invite.due_by_site == {
        "": utc("2027-01-04T08:00"),
        "Berlin": utc("2027-01-04T08:00"),
        "Austin": utc("2027-01-04T15:00"),
        "Pune": utc("2027-01-04T03:30"),
    }
    assert invite.due_at == utc("2027-01-04T03:30")


@pytest.mark.parametrize(
    ("key", "moved_from", "because"),
    [
        ("recruit.reminder#2", date(2027, 1, 23), "Saturday"),
        ("goals.ask#1", date(2027, 3, 8), "2027-03-08 is Women's Day in Berlin; unmoved in Austin, Pune"),
        ("check_in#1.pulse#1", date(2027, 3, 29), "2027-03-29 is Easter Monday in Berlin; unmoved in Austin, Pune"),
        ("recruit.reminder#1", None, "2027-01-18 is Martin Luther King Jr. Day in Austin, so 2027-01-15 there"),
        ("orient.welcome#1", None, "2027-02-15 is Presidents' Day in Austin, so 2027-02-16 there"),
        ("recruit.invite#1", None, None),
    ],
)
def test_a_moved_mail_says_from_where_and_why(key, moved_from, because):
    mail = by_key(dated_occasions(shipped()))[key]

    assert (mail.moved_from, mail.moved_because) == (moved_from, because)


def test_before_moves_back_where_after_moves_forward():
    survey = {"send": "final_survey", "to": "participants", "when": ["1 day before closes", "25 days after start"]}

    # Good Friday 2027 is 26 March: a day before an evaluation that closes on 27 March, and 25 days after 1 March.
    planned = dated(stages={"evaluate": {"closes": "26 days after start", "emails": [survey]}})

    assert planned["evaluate.final_survey#1"].due_on == date(2027, 3, 25)
    assert planned["evaluate.final_survey#2"].due_on == date(2027, 3, 30)
    assert planned["evaluate.final_survey#1"].moved_because.startswith("2027-03-26 is Good Friday in Berlin")


def test_a_closed_period_moves_mail_at_every_site():
    thanks = {"send": "thank_you", "to": "participants", "when": ["runs", "2 days before runs"]}

    planned = dated(stages={"close": {"runs": "2027-12-28", "emails": [thanks]}})

    assert planned["close.runs"].due_on == date(2027, 12, 28)
    assert planned["close.thank_you#1"].due_on == date(2028, 1, 3)
    assert planned["close.thank_you#2"].due_on == date(2027, 12, 23)
    assert planned["close.thank_you#1"].moved_because == "closed 2027-12-24 to 2028-01-02"


def test_monthly_check_ins_do_not_drift_after_a_short_month():
    line = {**SPRING, "starts": "2027-12-31", "ends": "2028-06-30"}
    rounds = {"first": "1 month after start", "every": "1 month", "last": "end"}

    planned = dated(line, stages={"check_in": rounds})

    opened = [each.due_on for key, each in planned.items() if key.startswith("check_in#") and "." not in key]
    assert opened == [
        date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31), date(2028, 4, 30), date(2028, 5, 31), date(2028, 6, 30),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "ends_at"),
    [
        ("recruit.reminder#2", "2027-01-25T23:00"),
        ("match.approval_reminder#1", "2027-02-02T23:00"),
        ("orient.orientation_reminder#1", "2027-03-01T23:00"),
        ("orient.orientation_invite#1", "2027-03-01T14:00"),  # the event itself, at 15:00 in Berlin
        ("goals.reminder#1", "2027-03-22T23:00"),
        ("check_in#1.pulse_reminder#1", "2027-04-05T22:00"),
        ("evaluate.final_survey#1", "2027-09-03T22:00"),
        ("close.thank_you#1", None),
        ("match.approval_request#1", None),
    ],
)
def test_a_mail_ends_with_what_it_speaks_of(key, ends_at):
    assert by_key(dated_occasions(shipped()))[key].ends_at == (utc(ends_at) if ends_at else None)


def test_a_mail_meant_for_after_the_close_does_not_end_with_it():
    after = {"send": "reminder", "to": "applicants", "when": "1 day after closes"}

    mail = dated(stages=mails("recruit", after))["recruit.reminder#1"]

    assert (mail.waits_for, mail.ends_at) == ("recruit.closes", None)


def test_a_mail_meant_for_before_the_opening_does_not_wait_for_it():
    early = {"send": "invite", "to": "eligible", "when": "3 days before opens"}

    assert dated(stages=mails("recruit", early))["recruit.invite#1"].waits_for is None


def test_a_proposed_pair_hears_nothing_before_the_approval():
    early = {"send": "meet_your_match", "to": "matched", "when": "runs"}

    assert dated(stages=mails("match", early))["match.meet_your_match#1"].waits_for == "match.approval"


def test_one_send_counts_on_over_several_lines():
    lines = [
        {"send": "reminder", "to": "no_response", "when": ["7 days before closes", "2 days before closes"]},
        {"send": "invite", "to": "eligible", "when": "opens"},
        {"send": "reminder", "to": "no_response", "when": "1 day before closes"},
    ]

    planned = dated(stages=mails("recruit", *lines))

    assert {"recruit.reminder#1", "recruit.reminder#2", "recruit.reminder#3", "recruit.invite#1"} <= set(planned)


def test_without_approval_the_match_decides_at_once():
    planned = dated(stages={"match": {"approve": "not_needed"}})

    decision = planned["match.approval"]
    assert (decision.kind, decision.due_at) == ("milestone", planned["match.runs"].due_at)
    assert not any("approval_" in key for key in planned)


def test_silence_may_stand_for_a_yes():
    approve = {"by": "approvers", "within": "3 working days", "if_silent": "proceed"}

    planned = dated(stages={"match": {"approve": approve}})

    assert planned["match.approval_proceeds"].due_at == planned["match.approval"].due_at
    assert "match.approval_overdue#1" not in planned
    assert planned["match.approval"].kind == "decision"


def test_without_check_ins_the_evaluation_follows_orientation():
    planned = dated(stages={"check_in": {"first": "end", "last": "start"}})

    assert "check_in#1" not in planned
    assert planned["evaluate.opens"].waits_for == "orient.closes"


@pytest.mark.parametrize("key", ["2027-spring", "2027-autumn"])
def test_everything_waited_for_exists_and_no_circle_is_waited(key):
    planned = by_key(dated_occasions(shipped(key)))

    for occasion in planned.values():
        behind, waits_for = [], occasion.waits_for
        while waits_for:
            assert waits_for in planned
            assert waits_for not in behind
            behind.append(waits_for)
            waits_for = planned[waits_for].waits_for


def test_what_is_waited_for_comes_first():
    order = [each.key for each in dated_occasions(shipped())]

    assert all(
        order.index(each.waits_for) < order.index(each.key) for each in dated_occasions(shipped()) if each.waits_for
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"opens": When.read("1 week before closes")}, "goes round in a circle"),
        ({"closes": When.read("1 week after approval")}, "no day called 'approval'"),
    ],
)
def test_a_day_nobody_can_count_is_told_in_words(changes, message):
    program = shipped().program
    recruit = program.stages.recruit.model_copy(update=changes)
    stages = program.stages.model_copy(update={"recruit": recruit})

    with pytest.raises(CohortflowError, match=message):
        dated_occasions(replace(shipped(), program=program.model_copy(update={"stages": stages})))


# --- what always holds ------------------------------------------------------------------------------------------

ZONES = [
    "Europe/Berlin",
    "America/Chicago",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Pacific/Auckland",
    "Pacific/Honolulu",
]
starts = st.dates(date(2026, 1, 1), date(2033, 12, 31))


def moved_to(own, others, starts, ends):
    """The shipped cohort at other dates, run from another zone, with people in more of them."""
    spring = shipped()
    sites = {**spring.program.calendar.sites, **{f"site {n}": Site(zone=zone) for n, zone in enumerate(others)}}
    calendar = spring.program.calendar.model_copy(update={"time_zone": own, "sites": sites})
    return replace(spring, starts=starts, ends=ends, program=spring.program.model_copy(update={"calendar": calendar}))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    starts,
    st.integers(min_value=60, max_value=400),
    st.sampled_from(ZONES),
    st.lists(st.sampled_from(ZONES), max_size=3),
)
def test_every_mail_reaches_every_site_in_an_open_hour(starts, length, own, others):
    anywhere = moved_to(own, others, starts, starts + timedelta(days=length))

    planned = by_key(dated_occasions(anywhere))

    for mail in (each for each in planned.values() if each.kind == "mail"):
        assert set(mail.due_by_site) == {"", *anywhere.program.calendar.sites}
        assert mail.due_at == min(mail.due_by_site.values())
        for site, at in mail.due_by_site.items():
            wall = at.astimezone(ZoneInfo(zone_of(anywhere, site)))
            assert time(9) <= wall.time() < time(17)
            assert reader_calendar(anywhere, site).why_no_mail(wall.date()) is None
