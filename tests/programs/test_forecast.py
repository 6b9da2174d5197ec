"""How many mails a cohort brings and what it asks of people: ranges that hold what may happen, and say why."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohortflow.programs.cohorts import read_cohort
from cohortflow.programs.documents import read_config
from cohortflow.programs.expected import entries
from cohortflow.programs.forecast import Range, assumptions, forecast
from cohortflow.programs.workload import approver_work, loads, mentor_work, owner_work, roles_of, total_hours

CONFIGS = Path(__file__).parents[2] / "program_configs"
TEXTS = read_config(CONFIGS / "emerging-leaders.yaml")


def cohort_of(seats=60, **changes):
    line = {"starts": "2027-03-01", "ends": "2027-08-27", "seats": str(seats), **changes}
    return read_cohort(TEXTS, "emerging-leaders", "2027-spring", line)


def of(cohort, eligible=None):
    return forecast(cohort, entries(cohort), eligible)


@pytest.mark.slow
@given(seats=st.integers(1, 5000), eligible=st.none() | st.integers(0, 20_000))
def test_what_is_expected_lies_between_low_and_high(seats, eligible):
    mails = of(cohort_of(seats), eligible)

    for number in (*mails.by_message.values(), *mails.by_week.values(), mails.total):
        assert 0 <= number.low <= number.expected <= number.high


def test_messages_and_weeks_come_to_the_same_sum():
    mails = of(cohort_of())
    by_message = sum(mails.by_message.values(), Range(0, 0, 0))

    assert mails.total.low == pytest.approx(by_message.low)
    assert mails.total.expected == pytest.approx(by_message.expected)
    assert mails.total.high == pytest.approx(by_message.high)


def test_a_counted_roster_leaves_no_doubt_about_invitations():
    mails = of(cohort_of(), eligible=384)

    assert mails.by_message["recruit", "invite"] == Range(384, 384, 384)
    assert "The roster counts 384 people who may join." in assumptions(cohort_of(), mails.sizes)


def test_an_unknown_roster_is_told_as_an_assumption():
    told = assumptions(cohort_of(), of(cohort_of()).sizes)

    assert told[0] == "No roster was counted: 3 to 12 people are asked for every seat, 6 expected."


def test_nobody_is_expected_to_approve_too_late():
    assert of(cohort_of()).by_message["match", "approval_overdue"] == Range(0, 0, 1)


def test_reminders_are_counted_apart_from_what_everybody_gets():
    week = loads(entries(cohort_of()))[date(2027, 3, 29)]["mentee"]

    assert (week.mails, week.reminders, week.most) == (1, 1, 2)


@pytest.mark.parametrize(
    ("to", "roles"),
    [("managers of matched", ("manager",)), ("matched", ("mentee", "mentor")), ("unmatched", ()), (None, ())],
)
def test_an_audience_is_made_of_roles(to, roles):
    assert roles_of(to) == roles


def test_a_longer_cohort_asks_more_hours_of_a_mentor():
    half, whole = (cohort_of(ends=day) for day in ("2027-05-28", "2027-08-27"))

    less, more = (total_hours(mentor_work(each, entries(each))) for each in (half, whole))
    assert less.low < more.low and less.expected < more.expected and less.high < more.high


def test_the_hours_of_owner_and_approvers_grow_with_the_seats():
    few, many = (of(cohort_of(seats)) for seats in (20, 200))

    assert total_hours(approver_work(few.sizes)).expected < total_hours(approver_work(many.sizes)).expected
    owner = [total_hours(owner_work(cohort_of(), each.sizes, each.total, 3)).expected for each in (few, many)]
    assert owner[0] < owner[1]
