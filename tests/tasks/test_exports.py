"""Exports read the same everywhere, and nothing in them is a formula."""

import csv
import io
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.exports import as_text, guard, to_csv, unguard


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 30 1", "-cmd|x", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "--1", "＝1"]
)
def test_what_might_be_a_formula_is_guarded(text):
    assert guard(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", ["Ann", "O'Brien", "'tis", "-5", "-0.5", "a=b", "007", "", "x@y.example", -3, 2.5, -1e-07]
)
def test_plain_text_and_numbers_stay_as_they_are(value):
    assert guard(value) == str(value)


def test_a_number_without_end_is_no_number_to_a_spreadsheet():
    assert guard(float("-inf")) == "'-inf"


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, pd.NaT])
def test_what_is_missing_is_an_empty_cell(nothing):
    assert guard(nothing) == ""


def test_values_are_written_the_same_on_every_machine():
    row = {
        "day": date(2027, 3, 1),
        "at": datetime(2027, 3, 1, 9, 0, tzinfo=UTC),
        "yes": True,
        "share": 0.1,
        "reasons": ["both in Pune", "shares en"],
        "extra": "not asked for",
    }
    assert to_csv([row], ["day", "at", "yes", "share", "reasons", "absent"]) == (
        '"day","at","yes","share","reasons","absent"\n'
        '"2027-03-01","2027-03-01 09:00:00+00:00","true","0.1","both in Pune; shares en",""\n'
    )


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_texts_come_back_once_the_guard_is_removed(texts):
    written = to_csv([{"a": text} for text in texts], ["a"])
    read = list(csv.reader(io.StringIO(written, newline=""), strict=True))

    assert [unguard(cell) for [cell] in read[1:]] == texts


@given(st.text(st.sampled_from("'=+-@\t\r\n1a.")))
def test_the_guard_can_always_be_told_from_the_text(text):
    assert unguard(guard(text)) == text


@given(st.one_of(st.text(st.sampled_from("'=+-@\t\r\n1a. ")), st.integers(), st.floats()))
def test_no_cell_begins_like_a_formula(value):
    cell = guard(value)
    assert not cell.startswith(("=", "+", "@", "\t", "\r", "\n"))
    if cell.startswith("-"):
        float(cell)


def test_a_list_of_nothing_is_an_empty_cell():
    assert as_text([]) == ""
