"""The whole calendar: what waits for people stands on the day it is expected, and says what that rests on."""

from datetime import date
from functools import cache
from pathlib import Path

from cohortflow.programs.cohorts import read_cohort
from cohortflow.programs.documents import read_config
from cohortflow.programs.expected import entries, site_days
from cohortflow.programs.occasions import dated_occasions

CONFIGS = Path(__file__).parents[2] / "program_configs"
LINE = {"starts": "2027-03-01", "ends": "2027-08-27", "seats": "60"}


@cache
def spring(**changes):
    texts = read_config(CONFIGS / "emerging-leaders.yaml")
    return read_cohort(texts, "emerging-leaders", "2027-spring", {**LINE, **changes})


def entry(key, cohort=None):
    (found,) = [each for each in entries(cohort or spring()) if each.occasion.key == key]
    return found


def test_every_dated_occasion_stands_in_the_calendar_once():
    keys = [each.occasion.key for each in entries(spring()) if not each.expects]

    assert keys == [occasion.key for occasion in dated_occasions(spring())]


def test_the_calendar_is_in_the_order_of_days():
    days = [each.day for each in entries(spring())]

    assert days == sorted(days)


def test_an_announcement_is_expected_a_working_day_after_it_is_asked_for():
    announced = entry("match.meet_your_match#1")

    assert announced.day == date(2027, 1, 29)  # Friday; the approvers are asked on Thursday, until Tuesday
    assert announced.expects.endswith("the last day for it is 2027-02-02")


def test_a_mail_on_response_may_go_until_its_stage_closes():
    received = entry("recruit.application_received#1")

    assert (received.day, received.until) == (date(2027, 1, 4), date(2027, 1, 25))
    assert received.expects == "whenever somebody answers"


def test_without_an_approval_the_announcement_goes_with_the_matches():
    texts = read_config(CONFIGS / "emerging-leaders.yaml")
    cohort = read_cohort(
        texts, "emerging-leaders", "2027-spring", {**LINE, "stages": {"match": {"approve": "not_needed"}}}
    )

    assert entry("match.meet_your_match#1", cohort).day == date(2027, 1, 28)
    assert "nobody has to approve" in entry("match.meet_your_match#1", cohort).expects


def test_a_site_on_holiday_reads_its_mail_on_another_day():
    assert site_days(spring(), entry("orient.welcome#1").occasion) == {"Austin": date(2027, 2, 16)}
