"""A small program whose recruitment opens today, dropped into a real installation; and what lies there afterwards."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from grounds import State, rows_of
from prefect.client.schemas.schedules import IntervalSchedule
from prefect_installation import CHECKOUT, Installation, wait_for
from scene_files import HEADER

from cohortflow.store.database import open_database

COHORT = "first-circle/now"
# Nobody has this name or this domain by chance: whatever Prefect keeps is searched for them.
CANARY, DOMAIN = "Quetzalcoatla", "canary-company.example"
INVITED = ("A1", "A2", "E1", "E2", "E3")

COMPANY = """\
version: 1
company: Acme
calendar:
  time_zone: {zone}
  sites: {{ Office: {{ zone: {zone} }} }}
people:
  from: inbox/workers/*.csv
  columns: {{ id: Employee ID, email: Work Email, name: Preferred Name, manager: Manager ID, department: Department,
             title: Job Title, level: Grade, site: Location, joined: Hire Date, languages: Languages, status: Status }}
  levels: [P1, P2, P3, P4, P5, P6, P7, P8]
  status: {{ active: [Active], on_leave: [Leave], left: [Terminated] }}
email: {{ from: Acme Mentoring <mentoring@{domain}>, hours: "00:00-23:59", days: every day }}
"""
PROGRAM = """\
version: 1
name: First Circle
type: one_on_one
purpose: Help people find their way
owner: owner@{domain}
approvers: [approver@{domain}]
sponsor: sponsor@{domain}
cohorts:
  now: {{ starts: {starts}, ends: {ends}, seats: 5 }}
who: {{ mentors: {{ level: P6 or above }}, mentees: {{ level: P3 to P5 }} }}
stages: {{ recruit: {{ opens: 8 weeks before start }} }}
matching: {{ prefer: {{ career_goal: 100 }} }}
"""


def zone_at_noon() -> str:
    """A zone where it is about noon, so that no midnight passes while the test runs."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def drop_program(home: Path, name: str = "First Circle", today: date | None = None) -> None:
    """One program file, called after its name, whose recruitment opens today."""
    starts = (today or datetime.now(ZoneInfo(zone_at_noon())).date()) + timedelta(weeks=8)
    text = PROGRAM.format(starts=starts, ends=starts + timedelta(weeks=20), domain=DOMAIN)
    path = home / "program_configs" / f"{name.lower().replace(' ', '-')}.yaml"
    path.write_text(text.replace("First Circle", name), encoding="utf-8")


def drop_files(home: Path) -> None:
    """What HR drops: a program whose recruitment opens today, and today's export."""
    zone = zone_at_noon()
    today = datetime.now(ZoneInfo(zone)).date()
    configs, inbox = home / "program_configs", home / "inbox" / "workers"
    configs.mkdir(parents=True)
    inbox.mkdir(parents=True)
    shutil.copytree(CHECKOUT / "program_configs" / "forms", configs / "forms")
    (configs / "company.yaml").write_text(COMPANY.format(zone=zone, domain=DOMAIN))
    drop_program(home)
    rows = [
        f"{each},{each.lower()}@{DOMAIN},{CANARY} {each},,Sales,Seller,{'P7' if each < 'B' else 'P4'},Office,2020-01-01,en,Active"
        for each in INVITED
    ]
    (inbox / f"workers-{today}.csv").write_text("\n".join([HEADER, *rows]) + "\n")


def letters(installation: Installation) -> dict[str, tuple[int, bytes]]:
    """What lies in the outbox: name, instant of writing, content."""
    outbox = installation.home / "var" / "outbox"
    return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in outbox.glob("*.eml")}


def ledger(installation: Installation) -> State:
    """Every message, every attempt to send one, and every occasion, whole."""
    database = open_database(f"sqlite:///{installation.home / 'var' / 'cohortflow.db'}")
    rows = rows_of(database, lambda column: column.name == "lease_until")
    database.close()
    return {name: rows[name] for name in ("messages", "message_attempts", "occasions")}


def all_accepted(installation: Installation) -> bool:
    """Whether every message in the ledger was taken by the post, and lies in the outbox."""
    message_ids = [row[0] for row in ledger(installation)["messages"] if "accepted" in row]
    return len(message_ids) == len(ledger(installation)["messages"]) == len(letters(installation))


def let_the_next_slot_come_soon(installation: Installation) -> None:
    """As an operator does on the page of the deployment: keep the interval, move its anchor, and switch it on."""
    deployment = installation.client.read_deployment_by_name("advance-programs/advance-programs")
    (slot,) = deployment.schedules
    assert isinstance(slot.schedule, IntervalSchedule)
    assert slot.schedule.interval == timedelta(minutes=10)
    soon = IntervalSchedule(interval=slot.schedule.interval, anchor_date=datetime.now(UTC) + timedelta(seconds=12))
    installation.client.update_deployment_schedule(deployment.id, slot.id, schedule=soon)
    # The scheduler looks at once at a deployment that was touched, and else once a minute.
    installation.client.resume_deployment(deployment.id)


def completed(installation: Installation, deployment: str, attempts: int = 1) -> list[Any]:
    """The runs of a deployment that are over, unless one has failed or is still on its way."""
    runs = [run for run in installation.runs_of(deployment) if run.run_count or run.state.is_final()]
    assert not any(run.state.is_failed() or run.state.is_crashed() for run in runs), runs
    done = all(run.state.is_completed() and run.run_count >= attempts for run in runs)
    return runs if done else []


def invite(installation: Installation) -> None:
    """Have the next scheduled tick come soon, and wait until everybody's invitation lies in the outbox."""
    let_the_next_slot_come_soon(installation)
    wait_for("invitations", lambda: len(letters(installation)) == len(INVITED), seconds=200, told=installation.told)
