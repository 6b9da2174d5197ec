"""Each hard rule, by two people: may they be paired under it or not."""

from datetime import date

import pandas as pd
import pytest

from schemas.hard_rules import RULES
from schemas.rules import Matching
from tasks.matching import MatchSetting, propose_pairs
from tasks.matching_rules import STATEMENTS

LEVELS = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8")
START = date(2027, 3, 1)
ALIKE = {"department": "Finance", "site": "Berlin", "zone": "Europe/Berlin", "languages": "en;de"}
MIA = {"person_id": "mia", "role": "mentee", "level": "P4", **ALIKE}
ADA = {"person_id": "ada", "role": "mentor", "level": "P7", "capacity": 1, **ALIKE}


def may_meet(mia=None, ada=None, managers=None, setting=None, never=(), must=()):
    """Whether Mia may be paired with Ada, whose rows and managers differ from the usual only as said."""
    people = pd.DataFrame([{**MIA, **(mia or {})}, {**ADA, **(ada or {})}]).astype({"capacity": "Int64"})
    chain = {"mia": None, "ada": None, **(managers or {})}
    staff = pd.DataFrame({"person_id": list(chain), "manager_id": list(chain.values())})
    rules = Matching.model_validate({"aim": "best fit", "never": list(never), "must": list(must), "prefer": {}})
    pairs, _ = propose_pairs.fn(people, staff, rules, setting or MatchSetting(START, LEVELS))
    return len(pairs) == 1


@pytest.mark.parametrize(
    ("managers", "may_be"),
    [
        ({"mia": "ada"}, False),
        ({"mia": "boss", "boss": "ada"}, False),
        ({"mia": "boss", "boss": "chief", "chief": "ada"}, True),
        ({"ada": "mia"}, False),
        ({"ada": "boss", "boss": "mia"}, False),
        ({"mia": "boss", "ada": "boss", "boss": None}, True),
        ({"mia": "boss", "boss": "mia", "ada": "ada"}, True),  # circles in the data
        ({"mia": "nobody-we-know"}, True),
    ],
)
def test_nobody_is_paired_along_their_reporting_line(managers, may_be):
    assert may_meet(managers=managers, never=[{"reporting_line": "within 2 levels"}]) is may_be


@pytest.mark.parametrize(
    ("zone", "on", "may_be"),
    [
        ("Asia/Kolkata", date(2027, 3, 1), False),  # four and a half hours in winter
        ("Asia/Kolkata", date(2027, 5, 3), True),  # three and a half in summer
        ("Asia/Dubai", date(2027, 3, 1), True),
        ("America/Chicago", date(2027, 3, 1), False),
        (None, date(2027, 3, 1), True),
    ],
)
def test_clocks_are_compared_on_the_first_day(zone, on, may_be):
    never = [{"time_zone_gap": "more than 4 hours"}]

    assert may_meet(ada={"zone": zone}, never=never, setting=MatchSetting(on, LEVELS)) is may_be


@pytest.mark.parametrize(
    ("ended_on", "within", "may_be"),
    [
        ("2025-03-01", "within 24 months", False),
        ("2025-02-28", "within 24 months", True),
        ("2001-01-01", "ever", False),
        (None, "within 24 months", False),  # still running
    ],
)
@pytest.mark.parametrize(("one", "other"), [("mia", "ada"), ("ada", "mia")])
def test_an_earlier_match_is_not_repeated(ended_on, within, may_be, one, other):
    earlier = pd.DataFrame({"mentee_id": [one], "mentor_id": [other], "ended_on": [ended_on]})
    setting = MatchSetting(START, LEVELS, earlier=earlier)

    assert may_meet(never=[{"matched_before": within}], setting=setting) is may_be


@pytest.mark.parametrize("pair", [("mia", "ada"), ("ada", "mia")])
def test_a_file_keeps_two_people_apart(pair):
    setting = MatchSetting(START, LEVELS, files={"do_not_pair.csv": frozenset({pair})})

    assert not may_meet(never=[{"in_file": "do_not_pair.csv"}], setting=setting)


@pytest.mark.parametrize(
    ("program", "mentor_site", "may_be"),
    [
        ({"never": [{"same": "site"}]}, "Berlin", False),
        ({"never": [{"same": "site"}]}, "Austin", True),
        ({"never": [{"same": "site"}]}, None, True),
        ({"must": [{"same": "site"}]}, "berlin", True),
        ({"must": [{"same": "site"}]}, "Austin", False),
        ({"must": [{"same": "site"}]}, None, False),
        ({"never": [{"different": "site"}]}, "Austin", False),
        ({"never": [{"different": "site"}]}, None, True),
        ({"must": [{"different": "site"}]}, "Austin", True),
        ({"must": [{"different": "site"}]}, None, False),
    ],
)
def test_a_column_may_have_to_agree_or_differ(program, mentor_site, may_be):
    assert may_meet(ada={"site": mentor_site}, **program) is may_be


@pytest.mark.parametrize(("languages", "may_be"), [("de;fr", True), ("DE", True), ("fr", False), (None, False)])
def test_two_must_share_a_language(languages, may_be):
    assert may_meet(ada={"languages": languages}, must=[{"share": "languages"}]) is may_be


@pytest.mark.parametrize(
    ("window", "level", "may_be"),
    [
        ("at least 1 level above", "P5", True),
        ("at least 1 level above", "P8", True),
        ("at least 1 level above", "P4", False),
        ("1 to 3 levels above", "P7", True),
        ("1 to 3 levels above", "P8", False),
        ("2 levels above", "P7", False),
        ("1 to 3 levels above", None, False),
    ],
)
def test_a_mentor_must_stand_in_the_level_window(window, level, may_be):
    assert may_meet(ada={"level": level}, must=[{"level_window": window}]) is may_be


@pytest.mark.parametrize(
    ("changes", "hours", "may_be"),
    [
        ({"zone": "America/Chicago"}, 5, True),  # nine to five there is four to midnight in Berlin: one hour a day
        ({"zone": "America/Chicago"}, 6, False),
        ({"availability": ["mon 9-11"]}, 2, True),
        ({"availability": ["mon 9-11"]}, 3, False),
        ({"availability": ["Monday morning", "sat 10-12"]}, 3, True),
        ({"availability": ["whenever"]}, 40, True),  # unreadable is unsaid
        ({"zone": None}, 1, False),
    ],
)
def test_two_must_share_hours_of_the_week(changes, hours, may_be):
    assert may_meet(ada=changes, must=[{"shared_hours": f"at least {hours} a week"}]) is may_be


def test_nobody_is_their_own_mentor():
    assert not may_meet(mia={"person_id": "ada"})


def test_every_rule_that_can_be_written_is_kept():
    assert RULES.keys() == STATEMENTS.keys()
