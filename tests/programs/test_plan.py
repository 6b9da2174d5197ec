"""The plan as a coordinator reads it and as `plan --json` gives it, and what a cohort of its size can show."""

import json
from datetime import datetime
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cohortflow.cli.plan import print_plan, show_plan
from cohortflow.programs.cohorts import read_cohort
from cohortflow.programs.documents import read_config
from cohortflow.programs.plan import plan_notes, plan_rows
from cohortflow.programs.sample_size import half_width, smallest_difference

CONFIGS = Path(__file__).parents[2] / "program_configs"
LINE = {"starts": "2027-03-01", "ends": "2027-08-27", "seats": "60"}


@cache
def spring(**changes):
    line = {**LINE, **changes}
    return read_cohort(read_config(CONFIGS / "emerging-leaders.yaml"), "emerging-leaders", "2027-spring", line)


def row(key):
    (found,) = [each for each in plan_rows(spring()) if each["occasion"] == key]
    return found


def test_a_mail_is_shown_at_the_hour_of_the_programs_zone():
    assert row("recruit.reminder#2") == {
        "occasion": "recruit.reminder#2",
        "stage": "recruit",
        "due_on": "2027-01-22",
        "due": "2027-01-22T09:00:00+01:00",
        "first_due": "2027-01-22T04:30:00+01:00",
        "due_by_site": {
            "Berlin": "2027-01-22T09:00:00+01:00",
            "Austin": "2027-01-22T09:00:00-06:00",
            "Pune": "2027-01-22T09:00:00+05:30",
        },
        "when": None,
        "sends": "reminder",
        "to": "no_response",
        "waits_for": "recruit.opens",
        "moved_from": "2027-01-23",
        "moved_because": "Saturday",
    }


def test_what_closes_is_due_at_the_end_of_its_day():
    closing = row("recruit.closes")

    assert (closing["due_on"], closing["due"]) == ("2027-01-25", "2027-01-26T00:00:00+01:00")


@pytest.mark.parametrize(
    ("key", "when", "waits_for"),
    [
        ("recruit.application_received#1", "on response", "recruit.opens"),
        ("match.meet_your_match#1", "on approval", "match.approval"),
        ("match.accept_closes", "5 working days after approval", "match.approval"),
        ("match.accept_reminder#1", "1 working day before accept_closes", "match.approval"),
    ],
)
def test_what_waits_for_people_has_no_day(key, when, waits_for):
    waiting = row(key)

    assert (waiting["due"], waiting["when"], waiting["waits_for"]) == (None, when, waits_for)


def test_every_declared_mail_is_in_the_plan():
    stages = spring().program.stages
    declared = {line.send for name in type(stages).model_fields for line in getattr(stages, name).emails}

    assert declared <= {each["sends"] for each in plan_rows(spring())}


def test_no_row_comes_twice():
    keys = [each["occasion"] for each in plan_rows(spring())]

    assert len(keys) == len(set(keys))


def test_json_is_a_list_that_reads_back(capsys):
    assert print_plan(spring(), ["a note"], as_json=True) == 0

    rows = json.loads(capsys.readouterr().out)
    assert rows == plan_rows(spring())
    assert all(datetime.fromisoformat(each["due"]).utcoffset() is not None for each in rows if each["due"])


def test_the_table_is_plain_text_when_piped(capsys):
    assert print_plan(spring(), ["program_configs/x.yaml:1:1: a note"], as_json=False) == 0

    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "2027-01-22  Fri  09:00  recruit.reminder#2" in shown
    assert "2027-01-25  Mon  24:00  recruit.closes" in shown
    assert "from 2027-01-23: Saturday" in shown
    assert "goals.ask#1                       goals -> matched" in shown
    assert "program_configs/x.yaml:1:1: a note" in shown
    assert max(map(len, shown.splitlines())) <= 120


@pytest.mark.parametrize("columns", [80, 100])
def test_no_key_is_cut_in_a_narrow_window(columns):
    window = StringIO()

    show_plan(Console(file=window, width=columns), spring(), [])

    shown = window.getvalue()
    assert all(each["occasion"] in shown for each in plan_rows(spring()))
    assert max(map(len, shown.splitlines())) <= columns


# --- what a cohort of this size can show ------------------------------------------------------------------------


def test_notes_say_what_sixty_seats_can_show():
    notes = plan_notes(spring())

    assert notes[0] == "With 60 seats, a completion of 85% is known to about ±9 points (95% interval, Wilson 1927)."
    assert "a difference of 22 points or more (85% against 63%)" in notes[1]


def test_notes_warn_when_nothing_may_be_shown():
    notes = plan_notes(spring(seats="3"))

    assert "too few to tell any difference" in notes[1]
    assert "hold back every answer" in notes[2]


@pytest.mark.parametrize(
    ("share", "people", "low", "high"),
    [
        (0.85, 60, 0.7389, 0.9190),  # 51 of 60
        (0.5, 10, 0.2366, 0.7634),
        (0.0, 20, 0.0, 0.1611),
        (1.0, 20, 0.8389, 1.0),
    ],
)
def test_the_half_width_is_wilsons(share, people, low, high):
    assert half_width(share, people) == pytest.approx((high - low) / 2, abs=1e-4)


@pytest.mark.parametrize(
    ("share", "other", "people"),
    [
        # People per group for 80 % power at a two-sided 5 %: the usual tables of two proportions, without correction.
        (0.5, 0.3, 93),
        (0.6, 0.5, 388),
        (0.9, 0.8, 199),
    ],
)
def test_the_smallest_difference_agrees_with_the_tables(share, other, people):
    assert smallest_difference(share, people) <= share - other < smallest_difference(share, people - 2)


def test_more_people_show_smaller_differences():
    seen = [smallest_difference(0.85, people) for people in (20, 60, 200, 1000)]

    assert seen == sorted(seen, reverse=True)
