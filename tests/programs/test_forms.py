"""A form asks what it declares, and an answer becomes values or reasons, never a crash."""

from datetime import date
from pathlib import Path

import pytest

from cohortflow.programs.crosschecks import form_of
from cohortflow.programs.documents import read_config
from schemas.forms import Form, clean_answer

CONFIGS = Path(__file__).parents[2] / "program_configs"
TEXTS = read_config(CONFIGS / "emerging-leaders.yaml")


def shipped(name: str) -> Form:
    form, faults = form_of(TEXTS, name, "program_configs")
    assert form is not None, faults
    return form


def form(**question: object) -> Form:
    return Form.model_validate({"name": "A form", "questions": {"it": {"ask": "What?", **question}}})


def faults_of(text: str) -> list[str]:
    _, faults = form_of({"forms/x.yaml": text}, "x", "program_configs")
    return [str(fault) for fault in faults]


@pytest.mark.parametrize("name", sorted(path.stem for path in (CONFIGS / "forms").glob("*.yaml")))
def test_every_shipped_form_is_sound(name):
    assert shipped(name).questions


def test_the_application_asks_each_role_its_own():
    questions = shipped("apply").questions

    assert [key for key, each in questions.items() if each.concerns("mentor")] == [
        "skills_offered", "career_goal", "working_style", "capacity", "about_me", "consent",
    ]  # fmt: skip
    assert questions["skills_wanted"].of == questions["skills_offered"].of
    assert len(questions["skills_wanted"].of) == 24


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("name: x\n", "questions", "is missing"),
        ("name: x\nquestions: {}\n", "questions", "asks nothing"),
        ("name: x\nquestions: { a: { type: text } }\n", "questions.a.ask", "is missing"),
        ("name: x\nquestions: { a: { ask: b, type: txt } }\n", "questions.a.type", "did you mean 'text'?"),
        ("name: x\nquestions: { a: { ask: b, type: choice } }\n", "questions.a", "offers nothing to choose from"),
        (
            "name: x\nquestions: { a: { ask: b, type: choice, of: [c, C] } }\n",
            "questions.a.of",
            "the same choice twice",
        ),
        ("name: x\nquestions: { a: { ask: b, type: scale } }\n", "questions.a", "write from: 1 and to: 5"),
        (
            "name: x\nquestions: { a: { ask: b, type: scale, from: 5, to: 1 } }\n",
            "questions.a.to",
            "ends before it begins",
        ),
        ("name: x\nquestions: { a: { ask: b, type: text, for: all } }\n", "questions.a.for", "write mentors | mentees"),
        ("name: x\nquestions: { a b: { ask: b, type: text } }\n", "questions.a b", "is not a key for a question"),
        ("name: x\nquestions: { a: { ask: b, type: text, requird: no } }\n", "questions.a.requird", "'required'"),
        ("name: x\nquestions: [a]\n", "questions", "should be a block"),
    ],
)
def test_a_broken_form_names_its_place(text, path, words):
    (fault,) = faults_of(text)

    assert f" {path}: " in fault
    assert words in fault


def test_an_application_is_cleaned():
    given = {
        "skills_wanted": "delegating; Giving feedback ;DELEGATING",
        "career_goal": "lead a first  team",
        "working_style": "By trying things out",
        "about_me": " I like\r\nmaps \x00",
        "consent": "Yes",
        "capacity": "",
    }

    cleaned, faults = clean_answer(shipped("apply"), "mentee", given)

    assert faults == []
    assert cleaned == {
        "skills_wanted": ["Delegating", "Giving feedback"],
        "career_goal": "Lead a first team",
        "working_style": "By trying things out",
        "about_me": "I like\nmaps",
        "consent": True,
    }


@pytest.mark.parametrize(
    ("question", "given", "cleaned"),
    [
        ({"type": "yes_no"}, True, True),
        ({"type": "yes_no"}, "no", False),
        ({"type": "yes_no"}, 0, False),
        ({"type": "scale", "from": "1", "to": "5"}, "4", 4),
        ({"type": "scale", "from": "1", "to": "5"}, "4.0", 4),
        ({"type": "number"}, 0, 0),
        ({"type": "date"}, "2027-03-01", date(2027, 3, 1)),
        ({"type": "choices", "of": ["Yes, often", "No"]}, "yes, often", ["Yes, often"]),
        ({"type": "choices", "of": ["b", "a"]}, ["a", "b", " "], ["b", "a"]),
        ({"type": "text"}, 7, "7"),
        ({"type": "text"}, "=1+1", "=1+1"),
    ],
)
def test_values_take_the_type_of_their_question(question, given, cleaned):
    assert clean_answer(form(**question), "mentor", {"it": given}) == ({"it": cleaned}, [])


@pytest.mark.parametrize(
    ("question", "given"),
    [
        ({"type": "yes_no"}, "perhaps-canary"),
        ({"type": "choice", "of": ["a", "b"]}, "canary"),
        ({"type": "choice", "of": ["a", "b"]}, ["a"]),
        ({"type": "choices", "of": ["a", "b"], "at_most": "1"}, ["a", "b"]),
        ({"type": "choices", "of": ["a", "b"]}, {"canary": 1}),
        ({"type": "choices", "of": ["a", "b"]}, ["a", {"canary": 1}]),
        ({"type": "scale", "from": "1", "to": "5"}, "6"),
        ({"type": "scale", "from": "1", "to": "5"}, True),
        ({"type": "number"}, "-1"),
        ({"type": "number"}, "canary"),
        ({"type": "number"}, "1e9"),
        ({"type": "number"}, float("nan")),
        ({"type": "date"}, "01/02/2027"),
        ({"type": "date"}, "2027-02-30"),
        ({"type": "text"}, "canary" * 1000),
        ({"type": "text"}, {"canary": 1}),
        ({"type": "text"}, "   "),
        ({"type": "text"}, None),
    ],
)
def test_what_does_not_fit_is_told_but_never_echoed(question, given):
    cleaned, (reason,) = clean_answer(form(**question), "mentor", {"it": given})

    assert cleaned == {}
    assert reason.startswith("it: ")
    assert "canary" not in reason


def test_what_is_not_required_may_be_left_out():
    assert clean_answer(form(type="text", required="false"), "mentee", {}) == ({}, [])


def test_an_answer_to_no_question_is_counted_not_named():
    _, (reason,) = clean_answer(form(type="text", required="false"), "mentee", {"canary": "x"})

    assert "canary" not in reason
