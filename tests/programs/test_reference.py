"""The documentation of the configuration tells everything, tells it once, and is fresh."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest

from cohortflow.programs.house_names import HouseNames
from cohortflow.programs.json_schema import form_values, program_values
from cohortflow.programs.json_values import Value
from cohortflow.programs.reference import entries_of, told_at
from cohortflow.programs.reference_faults import MISTAKES, told_faults
from cohortflow.programs.reference_page import PHRASES_FILE, anchor, reference_page
from schemas.phrases import ANCHORS
from schemas.rules import Signal
from schemas.stages import Audience, IfSilent

ROOT = Path(__file__).parents[2]
VALUES = {"program": program_values(HouseNames()), "form": form_values()}


def flat(values: Mapping[str, Value], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        yield (*path, key)
        yield from flat(value.below, (*path, key))


@pytest.mark.parametrize("kind", VALUES)
def test_every_key_is_explained(kind):
    entries = entries_of(kind)

    assert [".".join(path) for path in flat(VALUES[kind]) if not any(at in entries for at in told_at(path))] == []


@pytest.mark.parametrize("kind", VALUES)
def test_nothing_is_explained_that_is_no_key(kind):
    entries = entries_of(kind)
    used = {next((at for at in told_at(path) if at in entries), ()) for path in flat(VALUES[kind])}

    assert sorted(".".join(path) for path in entries.keys() - used) == []


def test_related_keys_exist():
    known = {".".join(path) for kind in VALUES for path in entries_of(kind)}
    named = {each for kind in VALUES for entry in entries_of(kind).values() for each in entry.see}

    assert sorted(named - known) == []


def test_the_page_is_fresh():
    kept = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert kept == reference_page(), "run `cohortflow schema --docs --out docs/configuration.md`"


def test_every_link_of_the_page_leads_somewhere():
    page = reference_page()
    headings = {anchor(title) for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    linked = set(re.findall(r"\]\(#([^)]+)\)", page))

    assert len(linked) > 20
    assert sorted(linked - headings) == []


def test_every_row_of_a_table_has_its_cells():
    rows = [line for line in reference_page().splitlines() if line.startswith("|")]
    cells = {len(re.split(r"(?<!\\)\|", row)) - 2 for row in rows}

    assert len(rows) > 200
    assert cells == {2, 5}


def test_every_word_of_the_phrases_is_explained():
    text = PHRASES_FILE.read_text(encoding="utf-8")
    signs = re.findall(r"`([^`]+)`", text[text.index("### Signs") :].split("###", 2)[1])
    assert [word for word in (*get_args(Audience), *get_args(IfSilent)) if f"`{word}`" not in text] == []
    assert [anchor for anchor in ANCHORS if not re.search(rf"`(on )?{anchor}`", text)] == []
    assert {Signal.read(sign).kind for sign in signs if sign != "at_risk"} == set(Signal.shapes)


def test_each_mistake_of_the_page_is_told_with_its_line():
    told = list(told_faults())

    assert len(told) == len(MISTAKES)
    assert [wrong for wrong, fault in told if not re.match(r"program_configs/[a-z-]+\.yaml:\d+:\d+: ", fault)] == []
