"""A small company and a short program, written by hand: what the scenes of the tests are made of."""

import shutil
from collections.abc import Collection
from pathlib import Path

PROGRAM_CONFIGS = Path(__file__).parents[1] / "program_configs"
COHORT = "small-circle/2027-spring"

COMPANY = """\
version: 1
company: Acme
calendar:
  time_zone: Europe/Berlin
  sites:
    Berlin: { zone: Europe/Berlin, holidays: DE-BE }
    Austin: { zone: America/Chicago, holidays: US-TX }
people:
  from: inbox/workers/*.csv
  columns: { id: Employee ID, email: Work Email, name: Preferred Name, manager: Manager ID, department: Department,
             title: Job Title, level: Grade, site: Location, joined: Hire Date, languages: Languages, status: Status }
  levels: [P1, P2, P3, P4, P5, P6, P7, P8]
  status: { active: [Active], on_leave: [Leave], left: [Terminated] }
  hold_if: { older_than: 24 months }
email:
  from: Acme Mentoring <mentoring@acme.example>
"""

PROGRAM = """\
version: 1
name: Small Circle
type: one_on_one
purpose: Help people find their way
owner: mentoring@acme.example
approvers: [dana.reyes@acme.example]
sponsor: vp-people@acme.example
cohorts:
  2027-spring: { starts: 2027-03-01, ends: 2027-05-28, seats: 6 }
who:
  mentors: { level: P6 or above, tenure: at least 12 months }
  mentees: { level: P3 to P5 }
mentees_per_mentor: 2
stages:
  recruit: { opens: 5 weeks before start, closes: 2 weeks after opens }
matching:
  never: [ reporting_line: within 2 levels ]
  must: [ share: languages ]
  prefer: { skills_wanted_offered: 50, career_goal: 30, different_department: 20 }
trial: { until: 6 weeks after start, who_may_ask: either, rematches_per_person: 1, reason_seen_by: owner }
goals: { ask: 1 week after start, set_by: 3 weeks after start }
at_risk: [ no meeting for 35 days ]
measure:
  report: { to: [sponsor, owner], when: [4 weeks after end] }
"""

HEADER = (
    "Employee ID,Work Email,Preferred Name,Manager ID,Department,Job Title,Grade,Location,Hire Date,Languages,Status"
)
STAFF = """\
B01,bea.lind@acme.example,Bea Lind,,Board,Chief,P8,Berlin,2027-01-01,en;de,Active
M01,maya.cohen@acme.example,Maya Cohen,B01,Engineering,Architect,P7,Berlin,2015-04-01,en;de,Active
M02,jonas.weber@acme.example,Jonas Weber,B01,Finance,Controller,P6,Berlin,2017-09-01,en;de,Active
M03,sam.ortiz@acme.example,Sam Ortiz,B01,Sales,Account Director,P7,Austin,2018-02-01,en,Active
M04,ines.costa@acme.example,Ines Costa,B01,Product,Head of Product,P6,Berlin,2019-06-01,en,Active
T01,ada.souza@acme.example,Ada Šouza,M02,Finance,Analyst,P4,Berlin,2022-01-10,en;de,Active
T02,bo.li@acme.example,Bo Li,M03,Sales,Account Manager,P3,Austin,2023-05-02,en,Active
T03,cem.kaya@acme.example,Cem Kaya,M01,Engineering,Developer,P5,Berlin,2020-03-01,en;de,Active
T04,dee.marsh@acme.example,Dee Marsh,M04,Product,Designer,P4,Berlin,2021-07-01,en,Active
T05,eli.stein@acme.example,Eli Stein,M01,Engineering,Tester,P3,Berlin,2024-02-01,en;de,Active
T06,fay.moss@acme.example,Fay Moss,M03,Sales,Researcher,P4,Austin,2022-11-01,en,Active
J01,gus.hahn@acme.example,Gus Hahn,M02,Finance,Trainee,P1,Berlin,2026-09-01,de,Active
"""
MENTORS = ("M01", "M02", "M03", "M04")
MENTEES = ("T01", "T02", "T03", "T04", "T05", "T06")


def roster_csv(*, without: Collection[str] = (), left: Collection[str] = (), on_leave: Collection[str] = ()) -> str:
    """The company's export; name those who are missing from it, gone, or on leave."""
    lines = [HEADER]
    for line in STAFF.splitlines():
        person_id = line.split(",")[0]
        status = "Terminated" if person_id in left else "Leave" if person_id in on_leave else "Active"
        if person_id not in without:
            lines.append(line.removesuffix("Active") + status)
    return "\n".join(lines) + "\n"


def write_configuration(home: Path, program: str = PROGRAM, company: str = COMPANY) -> None:
    """The program files of a house: one program, the company's file and the shipped forms."""
    folder = home / "program_configs"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "company.yaml").write_text(company, encoding="utf-8")
    (folder / "small-circle.yaml").write_text(program, encoding="utf-8")
    if not (folder / "forms").exists():
        shutil.copytree(PROGRAM_CONFIGS / "forms", folder / "forms")


def application(person_id: str) -> dict[str, object]:
    """What somebody writes when applying."""
    skill = ["Leading a team", "Coaching others", "Presenting"][int(person_id[1:]) % 3]
    given: dict[str, object] = {"career_goal": "Lead a first team", "working_style": "By trying things out"}
    if person_id.startswith("M"):
        return given | {
            "skills_offered": [skill, "Hiring"],
            "capacity": 2 if person_id == "M01" else 1,
            "consent": "yes",
        }
    return given | {"skills_wanted": [skill], "consent": "yes"}


PULSE: dict[str, object] = {"met": "yes", "meetings": 2, "useful": 4}
AFTER: dict[str, object] = {"satisfaction": 5, "recommend": 9, "goal_reached": 4}
AGREEMENT: dict[str, object] = {"agreed": "yes", "rhythm": "Every two weeks"}
