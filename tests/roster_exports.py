"""Small rosters as an HR system exports them, for the tests of what becomes of them."""

import csv
import io

from schemas.company import People
from tasks.roster import read_roster

HEADERS = {
    "id": "Employee ID",
    "email": "Work Email",
    "name": "Preferred Name",
    "manager": "Manager ID",
    "level": "Grade",
    "site": "Location",
    "joined": "Hire Date",
    "languages": "Languages",
    "status": "Status",
    "cost_center": "Cost Center",
}
SITES = ("Berlin", "Austin")


def rules(**changes):
    """People as company.yaml declares them, small."""
    declared = {
        "from": "inbox/workers/*.csv",
        "columns": HEADERS,
        "levels": ["P1", "P2", "P10"],
        "status": {"active": ["Active"], "on_leave": ["Leave"], "left": ["Terminated"]},
        "sensitive": {"gender": "Gender"},
        "hold_if": {},
        "when_someone_leaves": "end_match",
        "when_someone_is_on_leave": "pause",
    }
    return People.model_validate(declared | changes)


def worker(number=1, **cells):
    """A good row; only what matters is said."""
    row = {
        "id": f"{number:04}",
        "email": f"person.{number}@acme.example",
        "name": f"Person {number}",
        "manager": "0000",
        "level": "P2",
        "site": "Berlin",
        "joined": "2024-02-29",
        "languages": "en;de",
        "status": "Active",
        "cost_center": "CC-1",
    }
    return {HEADERS[key]: value for key, value in (row | cells).items()} | {"Gender": "Female", "Salary": "1"}


def export(*rows, mark=",", encoding="utf-8", headers=None):
    text = io.StringIO(newline="")
    names = headers or list(worker())
    writer = csv.DictWriter(text, names, delimiter=mark, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def read(*rows, rules=rules(), sites=SITES, **shape):
    return read_roster.fn(export(*rows, **shape), rules, sites, file="workers.csv")


def codes(reading):
    return [(refusal.row, refusal.column, refusal.code) for refusal in reading.refused]


def person(reading, number=1):
    return reading.people.set_index("person_id").loc[f"{number:04}"]
