"""Who may join, why somebody may not, and who gets a seat when there are too few."""

from datetime import date

import pandas as pd
import pytest

from schemas.errors import DataError
from schemas.program import Who
from tasks.recruitment import choose_applicants, eligible_people

LEVELS = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8")
START = date(2027, 3, 1)


def person(person_id="ada", **changes):
    """An active P4 of Finance, five years with the company."""
    usual = {"email": f"{person_id}@acme.example", "name": person_id.title(), "manager_id": "boss"}
    usual |= {
        "department": "Finance",
        "level": "P4",
        "joined_on": date(2022, 3, 1),
        "languages": "en",
        "status": "active",
    }
    return {"person_id": person_id, **usual, **changes}


def verdict(*people, mentors=None, mentees=None, on=START):
    """The eligibility of these people, by person."""
    who = Who.model_validate({"mentors": mentors or {}, "mentees": mentees or {}})
    return eligible_people.fn(pd.DataFrame(people), who, LEVELS, on).set_index("person_id")


def reason(row, **mentees):
    """Why someone may be neither, when nobody may be a mentor."""
    return verdict(row, mentors={"level": "P8 or above"}, mentees=mentees).loc[row["person_id"], "reason"]


def test_levels_decide_between_mentors_and_mentees():
    roles = verdict(
        person("ada", level="P4"),
        person("grace", level="P7"),
        mentors={"level": "P6 or above"},
        mentees={"level": "P3 to P5"},
    )

    assert roles["role"].to_dict() == {"ada": "mentee", "grace": "mentor"}
    assert roles["reason"].isna().all()


def test_whoever_may_be_both_is_asked_as_a_mentee():
    ada = verdict(person("ada")).loc["ada"]

    assert (ada["role"], ada["may_be"]) == ("mentee", "mentor;mentee")


@pytest.mark.parametrize(
    ("changes", "said"), [({"status": "left"}, "has left the company"), ({"status": "on_leave"}, "is on leave")]
)
def test_nobody_who_is_away_may_join(changes, said):
    assert verdict(person("ada", **changes)).loc["ada", "reason"] == said


def test_a_refusal_names_the_rule_of_each_role():
    ada = verdict(person("ada", level="P2"), mentors={"level": "P6 or above"}, mentees={"level": "P3 to P5"}).loc["ada"]

    assert ada["reason"] == "as a mentee: does not meet level: P3 to P5; as a mentor: does not meet level: P6 or above"
    assert ada["may_be"] == ""


def test_only_the_first_rule_that_fails_is_told():
    new = person("ada", level="P1", joined_on=date(2027, 2, 1))

    assert "tenure" not in reason(new, level="P3 to P5", tenure="at least 6 months")


@pytest.mark.parametrize(
    ("joined_on", "on", "long_enough"),
    [
        (date(2026, 9, 1), date(2027, 3, 1), True),
        (date(2026, 9, 2), date(2027, 3, 1), False),
        (date(2026, 8, 31), date(2027, 2, 28), True),  # February has no 31st
        (date(2023, 8, 31), date(2024, 2, 28), False),  # a leap year has one more day
    ],
)
def test_tenure_counts_months_as_people_do(joined_on, on, long_enough):
    roles = verdict(person("ada", joined_on=joined_on), mentees={"tenure": "at least 6 months"}, on=on)

    assert ("mentee" in roles.loc["ada", "may_be"]) is long_enough


def test_a_longest_tenure_includes_its_last_day():
    rule = {"tenure": "at most 12 months"}
    people = person("ada", joined_on=date(2026, 3, 1)), person("grace", joined_on=date(2026, 2, 28))

    assert verdict(*people, mentees=rule)["role"].tolist() == ["mentee", "mentor"]


def test_a_column_may_be_required_or_refused():
    assert reason(person(department="Legal"), department="not Legal").startswith(
        "as a mentee: does not meet department"
    )
    assert verdict(person(department="legal"), mentees={"department": "Legal"}).loc["ada", "role"] == "mentee"


def test_any_mapped_column_of_the_roster_may_be_asked():
    roles = verdict(person("ada", business_unit="Cloud"), person("grace", business_unit="Retail"),
                    mentors={"business_unit": "Cloud"}, mentees={"business_unit": "Retail"})  # fmt: skip

    assert roles["role"].tolist() == ["mentor", "mentee"]


def test_one_of_several_languages_is_enough():
    rules = {"mentors": {"level": "P8 or above"}, "mentees": {"languages": "de"}}
    roles = verdict(person("ada", languages="en;de"), person("grace", languages="en"), **rules)

    assert roles["role"].notna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"level": None}, "level is missing in the roster"),
        ({"level": "X9"}, "level is not one the program knows the order of"),
        ({"joined_on": None}, "tenure is missing in the roster"),
        ({"department": ""}, "department is missing in the roster"),
    ],
)
def test_what_the_roster_does_not_say_is_the_reason(changes, said):
    rules = {"level": "P3 to P5", "tenure": "at least 6 months", "department": "not Legal"}

    assert said in verdict(person("ada", **changes), mentors=rules, mentees=rules).loc["ada", "reason"]


def test_a_rule_about_an_unmapped_column_is_an_error():
    with pytest.raises(DataError, match="no column 'region'"):
        verdict(person(), mentees={"region": "EMEA"})


def test_an_unknown_level_in_a_rule_is_an_error():
    with pytest.raises(DataError, match=r"'P9' is not under people\.levels"):
        verdict(person(), mentees={"level": "P9 or above"})


def test_no_reason_shows_what_the_roster_says():
    assert "canary" not in reason(person(department="canary"), department="Finance")


def test_an_empty_roster_is_no_error():
    nobody = pd.DataFrame([person()]).iloc[:0]

    assert eligible_people.fn(nobody, Who(mentors={}, mentees={}), LEVELS, START).empty


def applications(*people, role="mentee"):
    """Applications in this order, an hour apart."""
    first = pd.Timestamp("2027-01-10T09:00Z")
    hours = [first + pd.Timedelta(hours=hour) for hour in range(len(people))]
    return pd.DataFrame({"person_id": list(people), "role": role, "applied_at": hours})


def seated(table, seats, rule="earliest", seed="spring"):
    chosen = choose_applicants.fn(table, seats, rule, seed)
    return chosen.loc[chosen["state"] == "applied", "person_id"].tolist()


def test_the_earliest_get_the_seats():
    chosen = choose_applicants.fn(applications("zoe", "ada", "max"), 2, "earliest", "spring").set_index("person_id")

    assert chosen["state"].to_dict() == {"zoe": "applied", "ada": "applied", "max": "waitlisted"}
    assert chosen["place"].to_dict() == {"zoe": 1, "ada": 2, "max": 3}


def test_who_applied_at_the_same_instant_goes_by_id():
    table = applications("zoe", "ada").assign(applied_at=pd.Timestamp("2027-01-10T09:00Z"))

    assert seated(table, 1) == ["ada"]


def test_mentors_are_never_turned_away():
    table = pd.concat([applications("ada", "max"), applications("grace", "joan", role="mentor")])

    assert seated(table, 0) == ["grace", "joan"]


def test_a_lottery_does_not_know_the_order_of_rows():
    table = applications(*(f"person-{n}" for n in range(40)))

    assert seated(table, 15, "lottery") == seated(table.sample(frac=1, random_state=1), 15, "lottery")


def test_another_seed_draws_other_lots():
    table = applications(*(f"person-{n}" for n in range(40)))

    assert seated(table, 15, "lottery", "spring") != seated(table, 15, "lottery", "autumn")


def test_one_more_applicant_changes_nobodys_lot():
    names = [f"person-{n}" for n in range(20)]
    before = choose_applicants.fn(applications(*names), 20, "lottery", "spring").sort_values("place")
    after = choose_applicants.fn(applications("late", *names), 20, "lottery", "spring").sort_values("place")

    assert [name for name in after["person_id"] if name != "late"] == before["person_id"].tolist()


def test_best_fit_leaves_the_choice_to_the_match():
    table = applications("ada", "max", "zoe").assign(fit=[10.0, None, 90.0])
    chosen = choose_applicants.fn(table, 1, "best_fit", "spring")

    assert set(chosen["state"]) == {"applied"}
    assert chosen.sort_values("place")["person_id"].tolist() == ["zoe", "ada", "max"]


def test_until_the_owner_chooses_the_earliest_are_in():
    assert seated(applications("zoe", "ada"), 1, "owner_chooses") == ["zoe"]


def test_nobody_applied_and_nobody_is_chosen():
    assert choose_applicants.fn(applications("ada").iloc[:0], 5, "lottery", "spring").empty


def test_an_unknown_rule_is_named():
    with pytest.raises(DataError, match="if_more_apply: 'loudest'"):
        choose_applicants.fn(applications("ada"), 1, "loudest", "spring")
