"""Seats are held against the people of the newest roster, for one program and for all that run together."""

import csv
from pathlib import Path

import pytest
from lint_bench import ID, edited

from cohortflow.programs.lints.capacity import seat_faults
from cohortflow.programs.lints.views import Run
from cohortflow.programs.parsing import examine
from schemas.errors import Fault

HEADERS = ("Employee ID", "Work Email", "Preferred Name", "Grade", "Department", "Hire Date", "Status")
ONE_COHORT = (
    "  2027-autumn: { starts: 2027-09-13, ends: 2028-03-03, seats: 40, stages: { recruit: { opens: 2027-07-05 } } }\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "inbox" / "workers").mkdir(parents=True)
    return tmp_path


def write_roster(home: Path, mentors: int, name: str = "workers-2027-01-01.csv", status: str = "Active") -> None:
    with (home / "inbox" / "workers" / name).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(HEADERS)
        for number in range(mentors):
            rows.writerow((f"E{number}", f"e{number}@acme.example", "Ada", "P7", "Sales", "2019-04-01", status))
        rows.writerow(("J1", "j1@acme.example", "Bo", "P3", "Sales", "2019-04-01", "Active"))
        rows.writerow(("N1", "n1@acme.example", "Cy", "P7", "Sales", "2027-02-01", "Active"))


def runs(*changes: tuple[str, str], program_id: str = ID) -> list[Run]:
    texts = edited((ONE_COHORT, ""), *changes)
    found, cohorts = examine({**texts, f"{program_id}.yaml": texts[f"{ID}.yaml"]}, program_id)
    assert [str(fault) for fault in found if fault.severity == "error"] == []
    return cohorts


def told(home: Path, *of: Run) -> list[Fault]:
    return list(seat_faults(of, home))


def test_too_few_mentors_are_told_with_the_sum(home):
    write_roster(home, mentors=12)

    (fault,) = told(home, *runs())

    assert (fault.file, fault.path, fault.severity) == (
        f"program_configs/{ID}.yaml",
        "cohorts.2027-spring.seats",
        "warning",
    )
    assert "60 seats cannot be filled: workers-2027-01-01.csv has 12 people who may be mentors" in fault.message
    assert (
        "12 x 2 = 24 places; write seats: 24, raise mentees_per_mentor, or let more people be mentors" in fault.message
    )


def test_the_mended_seats_are_silent(home):
    write_roster(home, mentors=12)

    assert told(home, *runs(("seats: 60", "seats: 24"))) == []


def test_people_who_left_are_no_mentors(home):
    write_roster(home, mentors=40, status="Terminated")

    found = [each.message for each in told(home, *runs())]

    assert [each.partition("; ")[0] for each in found] == [
        "let nobody of workers-2027-01-01.csv be a mentor",
        "let nobody of workers-2027-01-01.csv be a mentee",
    ] or [each.partition("; ")[0] for each in found] == ["let nobody of workers-2027-01-01.csv be a mentor"]


def test_the_newest_roster_counts(home):
    write_roster(home, mentors=2)
    write_roster(home, mentors=40, name="workers-2027-01-15.csv")

    assert told(home, *runs()) == []


def test_without_a_roster_nothing_is_counted(home):
    assert told(home, *runs()) == []


def test_a_file_that_is_no_roster_is_not_counted(home):
    (home / "inbox" / "workers" / "workers-2027-01-01.csv").write_bytes(b'\xff\x00"')

    assert told(home, *runs()) == []


def test_programs_that_share_mentors_are_counted_together(home):
    write_roster(home, mentors=30)
    first, second = runs(), runs(program_id="rising-stars")

    found = told(home, *first, *second)

    assert {fault.file for fault in found} == {f"program_configs/{ID}.yaml", "program_configs/rising-stars.yaml"}
    assert "sum to 120 (emerging-leaders/2027-spring: 60, rising-stars/2027-spring: 60)" in found[0].message
    assert "has 90 places for them (30 people who may be mentors, at most 3 mentees each)" in found[0].message
    assert "write fewer seats, or start one later" in found[0].message


def test_programs_one_after_the_other_share_their_mentors(home):
    write_roster(home, mentors=30)
    later = runs(
        ("starts: 2027-03-01, ends: 2027-08-27", "starts: 2027-09-06, ends: 2028-03-03"), program_id="rising-stars"
    )

    assert told(home, *runs(), *later) == []


def test_cohorts_of_one_program_that_overlap_share_their_mentors(home):
    write_roster(home, mentors=25)
    later = "  2027-summer: { starts: 2027-05-03, ends: 2027-10-29, seats: 60 }"
    line = "  2027-spring: { starts: 2027-03-01, ends: 2027-08-27, seats: 60 }"
    changed = ((line, f"{line}\n{later}"), ("mentees_per_mentor: 2", "mentees_per_mentor: 3"))

    found = told(home, *runs(*changed))

    assert [fault.path for fault in found] == ["cohorts.2027-summer.seats"]
    assert "sum to 120" in found[0].message and "has 75 places for them" in found[0].message


def test_those_that_follow_each_other_beside_a_long_one_are_not_summed(home):
    write_roster(home, mentors=40)
    short = ("starts: 2027-03-01, ends: 2027-08-27", "starts: 2027-03-01, ends: 2027-07-30")
    long = ("starts: 2027-03-01, ends: 2027-08-27", "starts: 2027-02-15, ends: 2028-02-25")
    after = ("starts: 2027-03-01, ends: 2027-08-27", "starts: 2027-08-02, ends: 2028-02-11")

    assert told(home, *runs(short), *runs(long, program_id="long"), *runs(after, program_id="after")) == []
