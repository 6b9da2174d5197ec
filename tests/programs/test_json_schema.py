"""The JSON Schema says of a file what `check` says of it, as far as an editor can know."""

import copy
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from editor_yaml import as_an_editor_reads
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from cohortflow.cli.schema import schema_texts
from cohortflow.programs.documents import read_config
from cohortflow.programs.house_names import HouseNames, house_names
from cohortflow.programs.json_schema import NoShape, Shaper, company_schema, form_schema, program_schema
from cohortflow.programs.parsing import resolved_text
from schemas.phrases import ANCHORS, STAGES, Attach, When

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "program_configs"
NAMES = house_names(CONFIGS, ROOT / "templates")
SCHEMAS = {"program": program_schema(NAMES), "company": company_schema(NAMES), "form": form_schema()}
SHIPPED = [*sorted(CONFIGS.rglob("*.yaml")), ROOT / "cohortflow" / "programs" / "standard.yaml"]
WHOLE = (CONFIGS / "emerging-leaders.yaml").read_text(encoding="utf-8")


def kind_of(path: Path) -> str:
    if path.name in ("company.yaml", "standard.yaml"):
        return "company"
    return "form" if path.parent.name == "forms" else "program"


def complaints(kind: str, value: Any) -> list[str]:
    """What an editor would underline."""
    return [error.message for error in Draft202012Validator(SCHEMAS[kind]).iter_errors(value)]


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        yield from (node for each in schema.values() for node in nodes(each))
    elif isinstance(schema, list):
        yield from (node for each in schema for node in nodes(each))


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_schema_is_one_of_draft_2020_12(kind):
    Draft202012Validator.check_schema(SCHEMAS[kind])

    assert SCHEMAS[kind]["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_file_pleases_the_editor(path):
    assert complaints(kind_of(path), as_an_editor_reads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("name", ["emerging-leaders", "first-steps"])
def test_a_program_with_all_it_leaves_out_pleases_the_editor(name):
    text = resolved_text(read_config(CONFIGS / f"{name}.yaml"), name)

    assert complaints("program", as_an_editor_reads(text)) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_first_line_leads_an_editor_to_the_schema(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    before, _, named = first.partition("$schema=")

    assert before == "# yaml-language-server: "
    assert (path.parent / named).resolve() == CONFIGS / "schema" / f"{kind_of(path)}.json"
    assert (path.parent / named).is_file()


@pytest.mark.parametrize(("name", "text"), schema_texts(NAMES).items(), ids=lambda each: each[:12])
def test_the_committed_copy_is_fresh(name, text):
    kept = (CONFIGS / "schema" / name).read_text(encoding="utf-8")

    assert kept == text, "run `cohortflow schema --write`"


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all keys."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        if isinstance(key, str):
            yield (*path, key)
        yield from places(child, (*path, key))


# Below these a key is a name of one's own, which nobody can misspell.
FREE = [("cohorts",), ("calendar", "sites"), ("people", "columns"), ("people", "sensitive"), ("questions",)]


def is_own(path: tuple[str | int, ...]) -> bool:
    return path[:-1] in FREE or path[0] == "translations"


@pytest.mark.slow
def test_no_misspelt_key_passes():
    tried = 0
    for file in SHIPPED:
        value = as_an_editor_reads(file.read_text(encoding="utf-8"))
        for path in places(value):
            if is_own(path):
                continue
            broken = copy.deepcopy(value)
            block = broken
            for step in path[:-1]:
                block = block[step]
            block[f"{path[-1]}x"] = block.pop(path[-1])
            assert complaints(kind_of(file), broken), f"{file.name}: {path} may be misspelt"
            tried += 1
    assert tried > 250


BROKEN = [
    ("starts: 2027-03-01", "starts: 3 March 2027"),
    ("seats: 60", "seats: sixty"),
    ("seats: 60", "seats: 0"),
    ("type: one_on_one", "type: one_to_one"),
    ("owner: mentoring@acme.example", "owner: mentoring"),
    ("level: P6 or above", "level: P9 or above"),
    ("level: P3 to P5", "level: P3 to P9"),
    ("tenure: at least 6 months", "tenure: 6 months"),
    ("department: not Legal", "departement: not Legal"),
    ("opens: 8 weeks before start", "opens: 8 weeks before beginning"),
    ("form: apply", "form: application"),
    ("send: invite", "send: invitation"),
    ("send: welcome", "send: invite"),
    ("to: eligible", "to: everybody"),
    ("attach: contact_card", "attach: business_card"),
    ("attach: calendar 2 hours on start at 15:00", "attach: calendar on start"),
    ("agenda: month_{n}", "agenda: week_{n}"),
    ("if_silent: remind_then_hold", "if_silent: hold"),
    ("reporting_line: within 2 levels", "reporting_line: 2"),
    ("share: languages", "share: hobbies"),
    ("skills_wanted_offered: 45", "skills: 45"),
    ("check_fairness_by: [gender, site]", "check_fairness_by: [colour]"),
    ("no meeting for 35 days", "no meetings"),
    ("completed: 85%", "completed: 85"),
    ("nps: 40", "nps: 400"),
    ("survey: pulse", "survey: not_needed"),
    ("owner: mentoring@acme.example     # a mailbox somebody reads\n", ""),
    ("{ recruit: { opens: 2027-07-05 } }", "{ recruit: { open: 2027-07-05 } }"),
    ("{ recruit: { opens: 2027-07-05 } }", "{ recruit: { opens: soon } }"),
    ("seats: 40, stages:", "seats: 40, company: Other, stages:"),
]


@pytest.mark.parametrize(("old", "new"), BROKEN, ids=lambda text: text[:40])
def test_what_check_refuses_is_underlined(old, new):
    assert old in WHOLE

    assert complaints("program", as_an_editor_reads(WHOLE.replace(old, new, 1)))


SOUND = [
    ("seats: 60", 'seats: "60"'),
    ("name: Emerging Leaders Mentoring", "name: 2027"),
    ("opens: 8 weeks before start", "opens: 8 Weeks before START"),
    ("opens: 8 weeks before start", "opens: 2027-01-04"),
    ("approvers: [dana.reyes@acme.example, jo.lang@acme.example]", "approvers: dana.reyes@acme.example"),
    ("agreement: agreement", "agreement: not_needed"),
    ("trial: {", "group_size: 3 to 6\ntrial: {"),
    ("department: not Legal", "department: [Sales, Marketing]"),
    ("working_style: 10 }", "similar site: 5, text about_me: 5 }"),
    ("seats: 60 }", "seats: 60, who: { mentors: { level: P5 or above } }, goals: { at_most: 2 } }"),
    ("{ recruit: { opens: 2027-07-05 } }", "{ match: { approve: not_needed } }"),
]


@pytest.mark.parametrize(("old", "new"), SOUND, ids=lambda text: text[:40])
def test_what_check_takes_is_not_underlined(old, new):
    assert old in WHOLE

    assert complaints("program", as_an_editor_reads(WHOLE.replace(old, new, 1))) == []


def test_every_example_is_one_that_the_key_takes():
    told = 0
    for schema in SCHEMAS.values():
        for node in nodes(schema):
            for example in node.get("examples", ()):
                about = {**node, "$defs": schema.get("$defs", {})}
                found = [error.message for error in Draft202012Validator(about).iter_errors(example)]
                assert found == [], (node["description"], example)
                told += 1
    assert told > 250


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_key_has_a_description_and_an_example(kind):
    for node in nodes(SCHEMAS[kind]):
        for key, each in node.get("properties", {}).items() if isinstance(node.get("properties"), dict) else ():
            if "$ref" in each and each["$ref"].removeprefix("#/$defs/") == key:
                each = SCHEMAS[kind]["$defs"][key]
            assert each.get("description", "").strip(), key
            assert each.get("examples"), key


def test_names_of_this_house_are_offered():
    sends = SCHEMAS["program"]["$defs"]["stages"]["properties"]["recruit"]["properties"]["emails"]["items"]
    form = SCHEMAS["program"]["$defs"]["stages"]["properties"]["recruit"]["properties"]["form"]
    who = SCHEMAS["program"]["$defs"]["who"]["properties"]["mentors"]["properties"]

    assert sends["properties"]["send"]["enum"] == ["application_received", "invite", "reminder"]
    assert {"apply", "pulse"} <= set(form["enum"])
    assert {"department", "level", "site", "tenure"} <= set(who)
    assert "gender" not in who


def test_without_any_names_any_plain_name_may_stand():
    bare = Draft202012Validator(program_schema(HouseNames()))
    value = as_an_editor_reads(WHOLE.replace("send: invite", "send: come_along").replace("form: apply", "form: join"))

    assert list(bare.iter_errors(value)) == []


def moments() -> list[str]:
    anchors = [*ANCHORS, *(f"{stage} {anchor}" for stage in STAGES for anchor in ("opens", "closes", "runs"))]
    counted = itertools.product(("1 day", "3 working days", "2 weeks", "12months"), ("before", "after"), anchors)
    known = [f"{span} {side} {anchor}" for span, side, anchor in counted]
    return [
        text for text in [*anchors, *(f"on {anchor}" for anchor in anchors), "first meeting", *known] if reads(text)
    ]


def reads(text: str) -> bool:
    try:
        When.parse(text)
    except ValueError:
        return False
    return True


def test_every_moment_that_is_understood_is_taken():
    moment = Draft202012Validator(SCHEMAS["program"]["$defs"]["moment"])
    known = moments()

    assert len(known) > 200
    assert [text for text in known if not moment.is_valid(text)] == []
    assert [text for text in ("8 weeks", "before start", "soon", "2 hours after start") if moment.is_valid(text)] == []


def test_every_attachment_that_is_understood_is_taken():
    attachment = Draft202012Validator(SCHEMAS["program"]["$defs"]["attachment"])
    written = [f"calendar 2 hours on {text} at 15:00" for text in moments()]

    assert [text for text in written if Attach.parse(text) and not attachment.is_valid(text)] == []


def test_a_value_nobody_has_described_is_not_passed_over():
    class Unknown(BaseModel):
        when: complex

    with pytest.raises(NoShape, match="when"):
        Shaper("form", HouseNames()).block(Unknown, ())
