"""A cohort's line is put into a file of any layout, and nothing else of the file changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohortflow.programs.insertion import Line, with_cohort
from cohortflow.programs.trees import load_tree
from schemas.errors import CohortflowError, ProgramError

LINE = Line("2028-spring", "2028-03-06", "2028-09-01", 40)
FLOW = "2028-spring: { starts: 2028-03-06, ends: 2028-09-01, seats: 40 }"
HEAD = "version: 1\n# cohorts, see below\n"
TAIL = "who:\n  mentors: {}   # all\n"

LAYOUTS = [
    ("cohorts:\n  a: { x: 1 }  # the first\n", f"cohorts:\n  a: {{ x: 1 }}  # the first\n  {FLOW}\n"),
    ("cohorts:\n  a: { x: 1 }\n\n\n# and then\n", f"cohorts:\n  a: {{ x: 1 }}\n  {FLOW}\n\n\n# and then\n"),
    ("cohorts:\n    a: { x: 1 }\n", f"cohorts:\n    a: {{ x: 1 }}\n    {FLOW}\n"),
    ("cohorts:\n  a: { x: [1,\n    2] }\n", f"cohorts:\n  a: {{ x: [1,\n    2] }}\n  {FLOW}\n"),
    (
        "cohorts:\n  a:\n    x: 1\n    y:\n      z: 2  # deep\n",
        "cohorts:\n  a:\n    x: 1\n    y:\n      z: 2  # deep\n"
        "  2028-spring:\n    starts: 2028-03-06\n    ends: 2028-09-01\n    seats: 40\n",
    ),
    ("cohorts: { a: { x: 1 } }\n", f"cohorts: {{ a: {{ x: 1 }}, {FLOW} }}\n"),
    ("cohorts: { a: { x: 1 }, }\n", f"cohorts: {{ a: {{ x: 1 }}, {FLOW} }}\n"),
    (
        "cohorts: {\n  a: {x: 1},  # one, two\n  b: {x: 2}  # three, four\n}\n",
        f"cohorts: {{\n  a: {{x: 1}},  # one, two\n  b: {{x: 2}},  # three, four\n  {FLOW}\n}}\n",
    ),
    ("cohorts: {\n  a: {x: 1},\n}\n", f"cohorts: {{\n  a: {{x: 1}},\n  {FLOW},\n}}\n"),
    ("cohorts: {}\n", f"cohorts: {{ {FLOW} }}\n"),
    ("cohorts: { }\n", f"cohorts: {{ {FLOW} }}\n"),
    ("cohorts: ~\n", f"cohorts: {{ {FLOW} }}\n"),
    ("cohorts:\n", f"cohorts:\n  {FLOW}\n"),
    ("cohorts:  # none yet\n\n", f"cohorts:  # none yet\n  {FLOW}\n\n"),
    ("cohorts:\n  # one line each\n  # as here\n", f"cohorts:\n  # one line each\n  # as here\n  {FLOW}\n"),
    (
        "cohorts:\n  a:\n    x: |\n      1\n      2\n\n",
        "cohorts:\n  a:\n    x: |\n      1\n      2\n"
        "  2028-spring:\n    starts: 2028-03-06\n    ends: 2028-09-01\n    seats: 40\n\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), LAYOUTS, ids=lambda text: text[:30])
def test_the_line_follows_the_style_of_the_file(before, after):
    assert with_cohort(HEAD + before + TAIL, LINE, "x.yaml") == HEAD + after + TAIL


@pytest.mark.parametrize(("before", "after"), LAYOUTS, ids=lambda text: text[:30])
def test_line_ends_of_windows_stay(before, after):
    text = (HEAD + before + TAIL).replace("\n", "\r\n")

    assert with_cohort(text, LINE, "x.yaml") == (HEAD + after + TAIL).replace("\n", "\r\n")


def test_a_last_line_without_an_end_stays_so():
    assert with_cohort("cohorts:\n  a: { x: 1 }", LINE, "x.yaml") == f"cohorts:\n  a: {{ x: 1 }}\n  {FLOW}"
    assert with_cohort("version: 1\ncohorts:", LINE, "x.yaml") == f"version: 1\ncohorts:\n  {FLOW}"


def test_a_file_without_cohorts_gets_the_block():
    assert with_cohort("version: 1\nname: X\n", LINE, "x.yaml") == f"version: 1\nname: X\ncohorts:\n  {FLOW}\n"


def test_a_file_in_braces_is_added_to():
    text = "{ version: 1, cohorts: { a: { x: 1 } } }"

    assert with_cohort(text, LINE, "x.yaml") == f"{{ version: 1, cohorts: {{ a: {{ x: 1 }}, {FLOW} }} }}"


@pytest.mark.parametrize("text", ["cohorts: [a]\n", "cohorts: spring\n", "{ version: 1 }"])
def test_what_has_no_place_for_it_is_told_with_the_line(text):
    with pytest.raises(CohortflowError, match=r"by hand: 2028-spring: \{ starts"):
        with_cohort(text, LINE, "x.yaml")


def test_a_key_that_is_taken_is_refused():
    with pytest.raises(CohortflowError, match=r"2028-spring: is there already"):
        with_cohort(f"cohorts:\n  {FLOW}\n", LINE, "x.yaml")


def test_a_file_that_is_no_yaml_is_told_with_its_line():
    with pytest.raises(ProgramError, match=r"x.yaml:2:1"):
        with_cohort("a: 1\n\tb: 2\n", LINE, "x.yaml")


comments = st.sampled_from(["", "  # a, b: { c", " #"])
gaps = st.sampled_from(["", "\n", "\n# between: {,\n", "  # inside\n", "\n\n"])
cohorts = st.lists(
    st.sampled_from(["{ x: 1 }", "{x: 1, y: [a, 'b, c']}", '{ x: "}" }', "{\n      x: 1 }", "\n      x: 1", "{}"]),
    max_size=4,
)


@given(lines=cohorts, comment=comments, gap=gaps, indent=st.integers(1, 5), end=st.sampled_from(["\n", "\r\n"]))
def test_nothing_else_of_a_file_changes(lines, comment, gap, indent, end):
    body = "".join(f"{' ' * indent}c{number}: {line}{comment}\n{gap}" for number, line in enumerate(lines))
    text = f"{HEAD}cohorts:{comment}\n{body}{gap}{TAIL}".replace("\n", end)

    added = with_cohort(text, LINE, "x.yaml")

    begins = next(at for at in range(len(added)) if added[at : at + 1] != text[at : at + 1])
    rest = len(added) - len(text)
    assert added[:begins] + added[begins + rest :] == text
    tree, faults = load_tree(added, "x.yaml")
    assert faults == [] and tree is not None
    assert list(tree.plain()["cohorts"]) == [*(f"c{number}" for number in range(len(lines))), "2028-spring"]
