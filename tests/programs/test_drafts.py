"""The first text of a program fits the house it is written in, whatever its roster and forms hold."""

from datetime import date

import pytest

from cohortflow.programs.drafts import Draft, id_of, key_of, program_text, scalar, usual_end
from cohortflow.programs.house_names import HouseNames
from cohortflow.programs.insertion import Line
from cohortflow.programs.trees import load_tree

RICH = HouseNames(
    columns=("id", "email", "name", "status", "level", "joined", "manager", "department"),
    levels=("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8"),
    questions=("skills_wanted", "skills_offered", "career_goal"),
)


def draft(kind: str = "one_on_one", name: str = "Sales") -> Draft:
    cohort = Line("2027-spring", "2027-03-01", "2027-08-27", 20)
    return Draft("sales", name, kind, "Learn", "a@acme.example", ("b@acme.example",), cohort)


def said(names: HouseNames, kind: str = "one_on_one", name: str = "Sales"):
    tree, faults = load_tree(program_text(draft(kind, name), names), "sales.yaml")
    assert tree is not None and faults == []
    return tree.plain()


def test_mentors_stand_above_mentees():
    assert said(RICH)["who"]["mentors"]["level"] == "P6 or above"
    assert said(RICH)["who"]["mentees"]["level"] == "P3 to P5"


def test_in_a_reverse_program_the_juniors_are_the_mentors():
    assert said(RICH, "reverse")["who"]["mentors"]["level"] == "P3 to P5"


def test_levels_of_several_words_are_listed():
    names = HouseNames(columns=("level",), levels=("Junior Staff", "Staff", "Senior Staff", "Lead"))

    assert said(names)["who"] == {
        "mentors": {"level": "Lead or above"},
        "mentees": {"level": ["Staff", "Senior Staff"]},
    }


def test_a_roster_without_levels_or_dates_asks_for_none():
    assert said(HouseNames(columns=("id",)))["who"] == {"mentors": {}, "mentees": {}}


@pytest.mark.parametrize("questions", [(), ("career_goal",), ("skills_wanted", "skills_offered")])
@pytest.mark.parametrize("columns", [("id",), ("id", "department")])
def test_the_weights_make_a_hundred(columns, questions):
    weights = said(HouseNames(columns=columns, questions=questions))["matching"]["prefer"]

    assert sum(map(int, weights.values())) == 100


@pytest.mark.parametrize(
    "name", ["Führung: Tandem", "# 1", "no", "null", '"Quoted"', "a, b", "{x}", "100%", "-", "What's on?", "Ruf & Tat"]
)
def test_a_name_of_any_signs_is_kept(name):
    assert said(RICH, name=name)["name"] == name
    assert load_tree(f"x: [{scalar(name)}, b]", "x.yaml")[0].plain() == {"x": [name, "b"]}


@pytest.mark.parametrize(
    ("name", "told"),
    [("Führung & Beratung", "fuehrung-and-beratung"), ("Café 2027!", "cafe-2027"), ("日本", ""), ("A" * 80, "a" * 64)],
)
def test_a_name_makes_the_name_of_a_file(name, told):
    assert id_of(name) == told


@pytest.mark.parametrize(
    ("starts", "key"),
    [
        (date(2027, 3, 1), "2027-spring"), (date(2027, 6, 30), "2027-summer"), (date(2027, 9, 13), "2027-autumn"),
        (date(2027, 12, 6), "2027-winter"), (date(2028, 2, 29), "2028-winter"),
    ],
)  # fmt: skip
def test_a_key_is_the_season_of_the_start(starts, key):
    assert key_of(starts) == key


def test_a_second_cohort_of_a_season_is_called_by_its_month():
    assert key_of(date(2027, 4, 5), frozenset({"2027-spring"})) == "2027-april"


def test_half_a_year_ends_on_a_friday():
    assert usual_end(date(2027, 3, 1)) == date(2027, 8, 27)
    assert {usual_end(date(2027, 3, day)).weekday() for day in range(1, 31)} == {4}
