"""Forms in further languages: one stored value whatever the language, and gaps told with their line."""

from pathlib import Path

import pytest

from cohortflow.programs.crosschecks import form_of
from cohortflow.programs.documents import read_config
from cohortflow.programs.form_gaps import form_gaps
from schemas.forms import Form, choice_labels, clean_answer
from tasks.answer_file import read_answer_file

CONFIGS = Path(__file__).parents[2] / "program_configs"
TEXTS = read_config(CONFIGS / "emerging-leaders.yaml")
SMALL = """\
name: A form
questions:
  met: { ask: Have you met?, type: yes_no }
  style: { ask: How do you work?, type: choice, of: [With a plan, "Freely, and as it comes"] }
translations:
  de:
    name: Ein Formular
    ask: { met: Habt ihr euch getroffen?, style: Wie arbeitest du? }
    choices: { With a plan: Mit Plan, "Freely, and as it comes": "Frei, wie es kommt" }
    yes: Ja
    no: Nein
"""


def form(text: str = SMALL) -> Form:
    found, faults = form_of({"forms/x.yaml": text}, "x", "program_configs")
    assert found is not None, faults
    return found


def faults_of(text: str):
    return form_of({"forms/x.yaml": text}, "x", "program_configs")[1]


def gaps_of(text: str, *languages: str) -> list[str]:
    return [str(fault) for fault in form_gaps({"forms/x.yaml": text}, "program_configs", languages)]


def test_each_shipped_form_is_whole_in_german():
    assert form_gaps(TEXTS, "program_configs", ("en", "de")) == []


def test_a_form_reads_in_the_language_asked_for():
    small = form()

    assert [small.name_in(each) for each in ("en", "de", "de-AT", "fr")] == [
        "A form",
        "Ein Formular",
        "Ein Formular",
        "A form",
    ]
    assert small.asked_in("met", "de") == "Habt ihr euch getroffen?"
    assert small.asked_in("met", "fr") == "Have you met?"
    assert small.label_in("With a plan", "de") == "Mit Plan"
    assert choice_labels({"x": small}, "de")["With a plan"] == "Mit Plan"
    assert choice_labels({"x": small}, "en") == {}


@pytest.mark.parametrize(
    ("met", "style"),
    [("yes", "With a plan"), ("ja", "mit  plan"), ("Ja", "With a plan"), ("YES", "Mit Plan")],
)
def test_what_is_stored_is_the_same_in_any_language(met, style):
    cleaned, faults = clean_answer(form(), "mentee", {"met": met, "style": style})

    assert (cleaned, faults) == ({"met": True, "style": "With a plan"}, [])


def test_a_german_export_of_a_form_tool_is_taken_in():
    apply, _ = form_of(TEXTS, "apply", "program_configs")
    content = (
        "Employee ID,An welchen Fähigkeiten möchtest du am liebsten arbeiten?,"
        '"Welche Richtung interessiert dich am meisten, für dich selbst oder für die Person, die du begleitest?",'
        "working_style,consent\n"
        'T01,Delegieren;Leading a team; feedback geben,Ein erstes Team führen,"Frei und je nachdem, was ansteht",ja\n'
    )

    (row,) = read_answer_file.fn(content.encode(), apply, file="answers.csv").rows

    assert clean_answer(apply, "mentee", row.given) == (
        {
            "skills_wanted": ["Leading a team", "Delegating", "Giving feedback"],
            "career_goal": "Lead a first team",
            "working_style": "Freely and as things come up",
            "consent": True,
        },
        [],
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "told"),
    [
        ("{ met: Habt", "{ mett: Habt", 8, "translations.de.ask.mett", "did you mean 'met'?"),
        (
            "{ With a plan: Mit",
            "{ With plan: Mit",
            9,
            "translations.de.choices.With plan",
            "did you mean 'With a plan'?",
        ),
        (
            '"Frei, wie es kommt"',
            "mit plan",
            9,
            "translations.de.choices.Freely, and as it comes",
            "reads like another",
        ),
        ("no: Nein", "no: ja", 11, "translations.de.no", "means both yes and no"),
        ("yes: Ja", "yess: Ja", 10, "translations.de.yess", "did you mean 'yes'?"),
        ("  de:", "  deutsch:", 6, "translations", "is not the code of a language"),
    ],
)
def test_a_fault_in_a_translation_names_its_line(old, new, line, path, told):
    (fault,) = faults_of(SMALL.replace(old, new, 1))

    assert fault.line == line
    assert path in fault.path and told in fault.message


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("    name: Ein Formular\n", "", 6, "lacks name; write name: and its words"),
        (", style: Wie arbeitest du? ", " ", 6, "lacks ask.style; write style: and its words under ask:"),
        ("{ With a plan: Mit Plan, ", "{ ", 6, "lacks choices.With a plan"),
        ("    no: Nein\n", "", 6, "lacks no"),
    ],
)
def test_a_gap_in_a_translation_is_a_warning_with_its_line(old, new, line, told):
    (gap,) = form_gaps({"forms/x.yaml": SMALL.replace(old, new, 1)}, "program_configs", ("en", "de"))

    assert (gap.line, gap.severity) == (line, "warning")
    assert told in gap.message


def test_a_language_without_translation_is_told_but_for_the_forms_own():
    plain = SMALL.partition("translations:")[0]

    assert gaps_of(plain, "en") == [] == gaps_of(plain, "de")
    assert [gap for gap in gaps_of(plain, "en", "de") if "is not in de yet" in gap] == gaps_of(plain, "en", "de") != []
    assert gaps_of(SMALL, "en", "de") == [] == gaps_of(SMALL, "de", "en")
    (french,) = gaps_of(SMALL, "en", "de", "fr")
    assert "is not in fr yet" in french
