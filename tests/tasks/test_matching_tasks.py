"""Who is paired with whom, and in which words it is explained."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import DataError
from schemas.rules import Matching
from tasks.matching import MatchSetting, propose_pairs, propose_replacement, shortfall

LEVELS = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8")
START = date(2027, 3, 1)


def mentee(person_id="mia", **changes):
    """A P4 of Finance in Berlin who wants to learn to negotiate."""
    usual = {"level": "P4", "department": "Finance", "site": "Berlin", "zone": "Europe/Berlin", "languages": "en;de"}
    usual |= {"skills_wanted": ["negotiation"], "career_goal": "people_leadership", "working_style": "structured"}
    return {"person_id": person_id, "role": "mentee", "manager_id": None, **usual, **changes}


def mentor(person_id="ada", capacity=1, **changes):
    """A P7 of Sales in Berlin who can teach to negotiate."""
    usual = {"level": "P7", "department": "Sales", "site": "Berlin", "zone": "Europe/Berlin", "languages": "en"}
    usual |= {"skills_offered": ["negotiation"], "career_goal": "people_leadership", "working_style": "structured"}
    return {"person_id": person_id, "role": "mentor", "capacity": capacity, "manager_id": None, **usual, **changes}


def table(*people):
    return pd.DataFrame(list(people)).astype({"capacity": "Int64"}) if people else pd.DataFrame()


def rules(never=(), must=(), prefer=None, aim="most people matched, then best fit", **more):
    given = {"aim": aim, "never": list(never), "must": list(must), "prefer": prefer or {}}
    return Matching.model_validate({**given, **more})


def match(*people, managers=None, call=propose_pairs, setting=None, **program):
    """The pairs and the unmatched; `managers` may name people who do not take part."""
    applicants = table(*people)
    chain = dict(zip(applicants["person_id"], applicants["manager_id"], strict=True)) | (managers or {})
    staff = pd.DataFrame({"person_id": list(chain), "manager_id": list(chain.values())})
    return call.fn(
        applicants.drop(columns="manager_id"), staff, rules(**program), setting or MatchSetting(START, LEVELS)
    )


def paired(*people, **program):
    """Who mentors whom."""
    pairs, _ = match(*people, **program)
    return dict(zip(pairs["mentee_id"], pairs["mentor_id"], strict=True))


def why(person_id, *people, **program):
    """Why this person is left."""
    return match(*people, **program)[1].set_index("person_id").loc[person_id, "reason"]


def said(*people, **program):
    """The reasons of the only pair."""
    return match(*people, **program)[0]["reasons"].iloc[0]


def test_the_best_fitting_mentor_is_chosen():
    grace = mentor("grace", skills_offered=["budgeting"])

    assert paired(mentee(), mentor("ada"), grace, prefer={"skills_wanted_offered": 1}) == {"mia": "ada"}


def test_a_mentor_with_two_seats_takes_two():
    assert paired(mentee("mia"), mentee("tom"), mentor("ada", capacity=2)) == {"mia": "ada", "tom": "ada"}


MOST = "most people matched, then best fit"
PICKY = [mentee("mia"), mentee("tom", languages="de", skills_wanted=["budgeting"])]
SCARCE = [
    mentor("ada", languages="en;de", skills_offered=["negotiation"]),
    mentor("grace", skills_offered=["budgeting"]),
]


@pytest.mark.parametrize(("aim", "expected"), [(MOST, {"mia": "grace", "tom": "ada"}), ("best fit", {"mia": "ada"})])
def test_the_aim_decides_between_more_pairs_and_better_pairs(aim, expected):
    program = {"must": [{"share": "languages"}], "prefer": {"skills_wanted_offered": 10}}

    assert paired(*PICKY, *SCARCE, aim=aim, **program) == expected


def test_a_score_is_the_share_of_what_was_attainable():
    pairs, _ = match(
        mentee(skills_wanted=["a", "b", "c"]),
        mentor(skills_offered=["a"], career_goal="expert"),
        prefer={"skills_wanted_offered": 50, "career_goal": 50},
    )

    assert pairs[["score", "points"]].iloc[0].tolist() == [17, 50 * 333]


# Preferences


@pytest.mark.parametrize(
    ("wish", "better", "worse"),
    [
        ("career_goal", {}, {"career_goal": "expert"}),
        ("working_style", {}, {"working_style": "free"}),
        ("different_department", {}, {"department": "Finance"}),
        ("same_department", {"department": "finance"}, {}),
        ("career_stage", {"level": "P6"}, {"level": "P4"}),
        ("career_stage", {"level": "P4"}, {"level": "P3"}),
        ("availability", {}, {"availability": ["mon 9-10"]}),
        ("similar: site", {}, {"site": "Austin"}),
        ("different: site", {"site": "Austin"}, {}),
        ("similar: languages", {"languages": "en;de"}, {"languages": "en;fr"}),
        ("similar: level", {"level": "P5"}, {"level": "P8"}),
        ("similar: years", {"years": 4}, {"years": 9}),
        ("different: years", {"years": 9}, {"years": 4}),
        ("text: about", {"about": "I enjoy sailing and chess"}, {"about": "Gardening, mostly"}),
        ("ranked_choice", {"choices": ["mia"]}, {"choices": ["tom", "mia"]}),
    ],
)
def test_each_preference_prefers_what_it_says(wish, better, worse):
    usual = {"years": 5, "about": "Chess after work"}
    people = mentee(**usual), mentor("grace", **{**usual, **worse}), mentor("zoe", **{**usual, **better})

    assert paired(*people, prefer={wish: 1}) == {"mia": "zoe"}


def test_a_mentees_first_choice_goes_before_the_second():
    people = mentee(choices=["zoe", "ada"]), mentor("ada"), mentor("zoe")

    assert paired(*people, prefer={"ranked_choice": 10}) == {"mia": "zoe"}
    assert said(*people, prefer={"ranked_choice": 10}) == ["choice 1 of the mentee"]


def test_naming_one_hour_does_not_win_the_best_hour():
    narrow, wide = mentor("ada", availability=["mon 9-10"]), mentor("zoe", availability=["mon 9-12", "tue 9-12"])

    assert paired(mentee(), narrow, wide, prefer={"availability": 1}) == {"mia": "zoe"}


def test_a_preference_nobody_answered_counts_for_nobody():
    pairs, _ = match(mentee(), mentor(), prefer={"text: dreams": 50, "career_goal": 50})

    assert pairs["score"].tolist() == [50]


# Words


def test_a_pair_is_explained_by_its_three_weightiest_reasons():
    reasons = said(
        mentee(skills_wanted=["negotiation", "public_speaking", "budgeting", "strategy"]),
        mentor(skills_offered=["budgeting", "negotiation", "public_speaking"]),
        prefer={"skills_wanted_offered": 45, "career_goal": 30, "different_department": 15, "working_style": 10},
    )

    assert reasons == [
        "offers 3 of 4 skills wanted: negotiation, public speaking, budgeting",
        "same career goal: people leadership",
        "works in another department",
    ]


def test_a_pair_that_nothing_speaks_for_says_so():
    assert said(mentee(), mentor(career_goal="x"), prefer={"career_goal": 1}) == [
        "may be paired by every rule of the program"
    ]


def test_a_mentee_without_room_hears_the_numbers():
    people = mentee("mia"), mentee("tom", career_goal="expert"), mentor("ada"), mentor("zoe", capacity=0)

    assert why("tom", *people, prefer={"career_goal": 1}) == (
        "every mentor allowed for you is full: 1 mentor, 1 seat, all taken by better-fitting pairs"
    )


def test_a_mentee_excluded_by_rules_hears_which():
    program = {"never": [{"reporting_line": "within 2 levels"}, {"time_zone_gap": "more than 4 hours"}]}
    program["must"] = [{"share": "languages"}]
    mentors = (
        mentor("ada"),
        mentor("ben", zone="Asia/Tokyo"),
        mentor("cat", zone="Asia/Tokyo"),
        mentor("dan", languages="fr"),
    )

    assert why("mia", mentee(manager_id="ada"), *mentors, **program) == (
        "no mentor passes the rules: 1 excluded by reporting line, 2 by time-zone gap, 1 by no shared languages"
    )


def test_a_mentor_left_over_hears_the_numbers():
    assert why("zoe", mentee(), mentor("ada"), mentor("zoe", career_goal="x"), prefer={"career_goal": 1}) == (
        "mentor without a mentee: fewer mentees than seats (1 mentee, 2 seats)"
    )


def test_a_mentor_excluded_by_rules_hears_which():
    assert why("ada", mentee(), mentor(site="Austin"), must=[{"same": "site"}]) == (
        "no mentee passes the rules: 1 excluded by a different site"
    )


@pytest.mark.parametrize(
    ("person", "people", "reason"),
    [
        ("mia", [mentee()], "nobody takes part as a mentor"),
        ("mia", [mentee(), mentor(capacity=0)], "no mentor has a seat left"),
        ("ada", [mentor()], "nobody takes part as a mentee"),
        ("ada", [mentee(), mentor(capacity=0)], "offers no seat, or has none left"),
    ],
)
def test_an_empty_side_is_told_plainly(person, people, reason):
    assert why(person, *[{"capacity": None, **row} for row in people]) == reason


def test_too_few_seats_are_told_as_arithmetic():
    people = [mentee(f"m{n}") for n in range(4)] + [mentor("ada"), mentor("zoe", capacity=2)]

    assert shortfall.fn(table(*people)) == "4 mentees, 2 mentors with 3 seats: 1 will wait"
    assert shortfall.fn(table(*people[1:])) is None


# What cannot be carried out


@pytest.mark.parametrize("aim", ["fairest", "stable"])
def test_an_aim_of_a_later_version_is_refused(aim):
    with pytest.raises(DataError, match="carried out by a later version; write 'most people matched"):
        match(mentee(), mentor(), aim=aim)


def test_an_unknown_preference_is_named():
    unknown = rules().model_copy(update={"prefer": {"star_sign": 10}})

    with pytest.raises(DataError, match="'star_sign' is not a preference known here"):
        propose_pairs.fn(table(mentee(), mentor()), staff_of(mentee(), mentor()), unknown, MatchSetting(START, LEVELS))


def staff_of(*people):
    return pd.DataFrame({"person_id": [row["person_id"] for row in people], "manager_id": None})


def test_a_rule_about_a_column_nobody_has_is_refused():
    with pytest.raises(DataError, match="nobody has a column 'union'"):
        match(mentee(), mentor(), never=[{"same": "union"}])


def test_a_file_that_was_not_read_is_refused():
    with pytest.raises(DataError, match=r"'do_not_pair.csv' was not read"):
        match(mentee(), mentor(), never=[{"in_file": "do_not_pair.csv"}])


def test_a_demographic_column_never_reaches_the_match():
    setting = MatchSetting(START, LEVELS, sensitive=frozenset({"gender"}))

    with pytest.raises(DataError, match=r"columns that are under people\.sensitive: gender"):
        match(mentee(gender="f"), mentor(gender="m"), setting=setting)
    with pytest.raises(DataError, match="may not be read by the match"):
        match(mentee(), mentor(), prefer={"similar: gender": 5}, setting=setting)


def test_a_minimum_that_cannot_be_met_is_told():
    setting = MatchSetting(START, LEVELS, min_per_mentor=1)

    with pytest.raises(DataError, match="2 mentors need 2 mentees together, and there are 1"):
        match(mentee(), mentor("ada"), mentor("zoe"), setting=setting)


# Always


def test_a_replacement_is_not_the_partner_just_lost():
    setting = MatchSetting(START, LEVELS, apart=frozenset({("mia", "ada")}), min_per_mentor=2)
    people = mentee(), mentor("ada"), mentor("zoe", career_goal="x")

    pairs, _ = match(*people, call=propose_replacement, setting=setting, prefer={"career_goal": 1})

    assert pairs["mentor_id"].tolist() == ["zoe"]


@st.composite
def companies(draw):
    goals, skills = st.sampled_from(["a", "b"]), st.lists(st.sampled_from(["x", "y", "z"]), unique=True)
    names = draw(st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=2, max_size=9, unique=True))
    cut = draw(st.integers(1, len(names) - 1))
    mentees = [mentee(name, skills_wanted=draw(skills), career_goal=draw(goals)) for name in names[:cut]]
    mentors = [
        mentor(name, draw(st.integers(0, 2)), skills_offered=draw(skills), career_goal=draw(goals))
        for name in names[cut:]
    ]
    people = mentees + [{**row, "manager_id": draw(st.sampled_from(names))} for row in mentors]
    return people, draw(st.permutations(people))


PROGRAM = {"never": [{"reporting_line": "within 2 levels"}], "prefer": {"skills_wanted_offered": 2, "career_goal": 1}}


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(companies())
def test_the_order_of_rows_changes_nothing(company):
    straight, shuffled = (match(*people, **PROGRAM) for people in company)

    for table_one, table_other in zip(straight, shuffled, strict=True):
        pd.testing.assert_frame_equal(table_one, table_other)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(companies())
def test_everybody_is_paired_or_told_why(company):
    people, _ = company
    pairs, left = match(*people, **PROGRAM)
    seats = {row["person_id"]: row["capacity"] for row in people if row["role"] == "mentor"}

    assert all(load <= seats[who] for who, load in pairs["mentor_id"].value_counts().items())
    assert sorted({*pairs["mentee_id"], *pairs["mentor_id"], *left["person_id"]}) == sorted(
        r["person_id"] for r in people
    )
    assert not set(left["person_id"]) & {*pairs["mentee_id"], *pairs["mentor_id"]}
    assert left["reason"].str.len().gt(0).all()
