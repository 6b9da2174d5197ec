"""The synthetic company: plausible, lasting, and the same everywhere."""

import csv
import hashlib
import io
import os
import random
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml

from cohortflow.simulation.company import HEADERS, Company, found_company, write_company
from cohortflow.simulation.founding import GRADES

CHECKOUT = Path(__file__).parents[2]
FOUNDED = date(2027, 1, 4)
A_YEAR_LATER = date(2028, 1, 4)


@pytest.fixture(scope="module")
def company() -> Company:
    return found_company(600, 7, FOUNDED)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_company_has_as_many_people_as_asked(company: Company) -> None:
    assert len(company.on(FOUNDED)) == 600
    assert len(found_company(1, 7, FOUNDED).on(A_YEAR_LATER)) == 1


def test_headers_are_those_the_company_file_maps() -> None:
    mapped = yaml.load((CHECKOUT / "program_configs/company.yaml").read_text("utf-8"), yaml.BaseLoader)["people"]

    assert [*mapped["columns"].values(), *mapped["sensitive"].values()] == list(HEADERS)


def test_addresses_and_ids_belong_to_one_person(company: Company) -> None:
    for column in ("email", "person_id"):
        assert max(Counter(getattr(person, column) for person in company.people).values()) == 1
    assert all(person.email.isascii() and person.email.endswith("@acme.example") for person in company.people)


def test_everyone_but_the_head_reports_to_somebody_of_a_higher_grade(company: Company) -> None:
    by_id = {person.person_id: person for person in company.on(FOUNDED)}
    head, *others = by_id.values()

    assert head.manager_id == ""
    assert all(by_id[person.manager_id].grade > person.grade or person.grade == "P8" for person in others)


def test_grades_form_a_pyramid_above_the_middle(company: Company) -> None:
    sizes = Counter(person.grade for person in company.on(FOUNDED))

    assert [sizes[grade] for grade in GRADES[3:]] == sorted((sizes[grade] for grade in GRADES[3:]), reverse=True)
    assert 60 < sum(sizes[grade] for grade in ("P6", "P7", "P8")) < 130


def test_a_year_brings_leavers_joiners_leave_promotions_and_moves(company: Company) -> None:
    before = {person.person_id: person for person in company.on(FOUNDED)}
    after = {person.person_id: person for person in company.on(A_YEAR_LATER)}
    stayed = before.keys() & after.keys()
    gone = before.keys() - after.keys() | {each for each in stayed if after[each].status == "Terminated"}

    assert 0.04 < len(gone) / 600 < 0.13
    assert 40 < len(after.keys() - before.keys()) < 70
    assert any(person.status == "Leave" for person in after.values())
    assert sum(after[each].grade > before[each].grade for each in stayed) > 20
    assert any(after[each].site != before[each].site for each in stayed)
    assert any(after[each].department != before[each].department for each in stayed)


def test_nobody_reports_to_someone_who_has_left(company: Company) -> None:
    roster = {person.person_id: person for person in company.on(A_YEAR_LATER)}

    assert all(roster[person.manager_id].status != "Terminated" for person in roster.values() if person.manager_id)
    assert all(person.manager_id != person.person_id for person in roster.values())


def test_a_leaver_is_listed_as_terminated_and_never_comes_back(company: Company) -> None:
    days = [date(2027, month, 4) for month in range(1, 13)]
    seen = [{person.person_id: person.status for person in company.on(day)} for day in days]
    left = {each for day in seen for each, status in day.items() if status == "Terminated"}

    assert left
    for each in left:
        statuses = [day.get(each, "gone") for day in seen]
        from_then_on = statuses[statuses.index("Terminated") :]
        assert from_then_on == sorted(from_then_on, key=["Terminated", "gone"].index)


def test_those_who_approve_stay(company: Company) -> None:
    for day in (FOUNDED, A_YEAR_LATER, date(2030, 1, 1)):
        staff = {person.email: person.status for person in company.on(day)}
        assert staff["dana.reyes@acme.example"] == staff["jo.lang@acme.example"] == "Active"


def test_awkward_names_are_there_and_written_as_they_are(company: Company) -> None:
    names = " ".join(row["Preferred Name"] for row in rows(company.roster_csv(FOUNDED)))

    for awkward in ("None", "Null", "O'Dara", "ø", "ß", "Ł"):
        assert awkward in names


def test_the_roster_of_a_day_does_not_depend_on_what_was_asked_before() -> None:
    day = date(2027, 8, 9)
    asked_at_once = found_company(300, 3, FOUNDED).roster_csv(day)
    company = found_company(300, 3, FOUNDED)
    for other in (A_YEAR_LATER, FOUNDED, date(2029, 5, 1)):
        company.roster_csv(other)
    random.seed(99)

    assert company.roster_csv(day) == asked_at_once
    assert found_company(300, 4, FOUNDED).roster_csv(day) != asked_at_once


def test_bytes_are_the_same_under_another_zone_locale_and_hash_seed(tmp_path: Path) -> None:
    script = (
        "from datetime import date; from cohortflow.simulation.company import found_company; import hashlib;"
        "print(hashlib.sha256(found_company(300, 7, date(2027, 1, 4)).roster_csv(date(2027, 9, 1)).encode()).hexdigest())"
    )
    odd = os.environ | {"TZ": "Pacific/Chatham", "LC_ALL": "C", "PYTHONHASHSEED": "5", "PYTHONPATH": str(CHECKOUT)}
    elsewhere = subprocess.run([sys.executable, "-c", script], env=odd, capture_output=True, text=True, check=True)
    here = found_company(300, 7, FOUNDED).roster_csv(date(2027, 9, 1)).encode()

    assert elsewhere.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_a_year_of_drops_lies_apart_from_the_untidy_one(tmp_path: Path) -> None:
    written = write_company(80, 7, tmp_path, FOUNDED)
    drops = sorted(path.name for path in (tmp_path / "workers").iterdir())

    assert drops[0] == "workers-2027-01-04.csv" and drops[-1] == "workers-2028-01-04.csv" and len(drops) == 13
    assert {path.parent.name for path in written[-2:]} == {"untidy"}
    text = written[-2].read_bytes().decode("cp1252")
    assert text.splitlines()[0].count(";") == len(HEADERS) - 1
    for line in written[-1].read_text("utf-8").splitlines():
        if line.startswith("  row "):
            assert text.split("\r\n")[int(line.split()[1].strip(":")) - 1]


def test_every_untidy_row_is_where_the_explanation_says(tmp_path: Path) -> None:
    *_, export, _ = write_company(80, 7, tmp_path, FOUNDED)
    cells = list(csv.reader(io.StringIO(export.read_bytes().decode("cp1252"), newline=""), delimiter=";"))

    assert len(cells[11]) == len(HEADERS) - 1
    assert cells[18][HEADERS.index("Hire Date")] == "2021-02-31"
    assert cells[46][HEADERS.index("Employee ID")] == ""
    assert cells[6][0] == cells[-1][0] and cells[6][1] != cells[-1][1]
