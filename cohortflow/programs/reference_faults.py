"""Faults as `check` words them today, for the documentation: a small program, and one mistake at a time."""

from collections.abc import Iterator

from cohortflow.programs.parsing import check_config
from schemas.errors import Fault

_FILE = "sales-mentors.yaml"
_PROGRAM = """\
version: 1
name: Sales Mentors
type: one_on_one
purpose: Help people in sales to learn from each other
owner: mentoring@acme.example
approvers: [dana.reyes@acme.example]
sponsor: vp-people@acme.example
cohorts:
  2027-spring: { starts: 2027-03-01, ends: 2027-08-27, seats: 60 }
who:
  mentors: { level: P4 or above, tenure: at least 12 months }
  mentees: { level: P1 to P3, tenure: at least 6 months }
people:
  levels: [P1, P2, P3, P4, P5]
stages:
  recruit:
    opens: 8 weeks before start
    emails:
      - { send: invite, to: eligible, when: opens }
matching:
  never: [ reporting_line: within 2 levels ]
measure:
  targets: { seats_filled: 90%, completed: 85% }
"""
_FORM = """\
name: Form
questions:
  {}: {{ ask: Is that all right?, type: yes_no }}
"""
# Every form and question that the standard lifecycle asks for.
_FORMS = {
    f"forms/{name}.yaml": _FORM.format("consent")
    for name in ("accept", "after", "agreement", "before", "first_meeting", "pulse")
} | {
    "forms/apply.yaml": """\
name: Application
questions:
  consent: { ask: May we?, type: yes_no }
  skills_wanted: { ask: What would you like to learn?, type: text }
  skills_offered: { ask: What can you teach?, type: text }
  career_goal: { ask: Where to?, type: text }
"""
}
# What stands in the program, and what somebody wrote instead.
MISTAKES = (
    ("type: one_on_one", "type: one_to_one"),
    ("owner: mentoring@acme.example", "ownr: mentoring@acme.example"),
    ("owner: mentoring@acme.example", "owner: mentoring at acme.example"),
    ("starts: 2027-03-01", "starts: 2027-13-01"),
    ("ends: 2027-08-27", "ends: 2027-02-26"),
    ("seats: 60", "seats: sixty"),
    ("level: P4 or above", "level: P9 or above"),
    ("tenure: at least 6 months", "tenure: 6 months"),
    ("opens: 8 weeks before start", "opens: 8 weeks before beginning"),
    ("to: eligible", "to: everybody"),
    ("never: [ reporting_line: within 2 levels ]", "never: [ reporting_line: 2 ]"),
    ("completed: 85%", "completed: 85"),
    ("stages:\n  recruit:", "stages:\n\trecruit:"),
)


def told_faults() -> Iterator[tuple[str, str]]:
    """Each mistake, and what `check` says of the line it stands on."""
    if sound := _errors(_PROGRAM):
        raise AssertionError(f"the example is not sound: {sound[0]}")
    for right, wrong in MISTAKES:
        text = _PROGRAM.replace(right, wrong, 1)
        line = text[: text.index(wrong) + len(wrong.rstrip())].count("\n") + 1
        told = next(fault for fault in _errors(text) if fault.line == line)
        yield wrong.split("\n")[-1].replace("\t", "(tab)"), str(told)


def _errors(program: str) -> list[Fault]:
    faults = check_config({_FILE: program, **_FORMS}, _FILE.removesuffix(".yaml"))
    return [fault for fault in faults if fault.severity == "error"]
