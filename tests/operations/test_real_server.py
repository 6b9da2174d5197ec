"""A dropped program and roster become sent invitations with nobody pressing anything; pressing Retry sends nothing."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Scheduled
from prefect_installation import CHECKOUT, Installation, installed, wait_for
from scene_files import HEADER

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

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


def drop_files(home: Path) -> None:
    """What HR drops: a program whose recruitment opens today, and today's export."""
    zone = zone_at_noon()
    today = datetime.now(ZoneInfo(zone)).date()
    starts = today + timedelta(weeks=8)
    configs, inbox = home / "program_configs", home / "inbox" / "workers"
    configs.mkdir(parents=True)
    inbox.mkdir(parents=True)
    shutil.copytree(CHECKOUT / "program_configs" / "forms", configs / "forms")
    dates = {"starts": starts, "ends": starts + timedelta(weeks=20), "domain": DOMAIN}
    (configs / "company.yaml").write_text(COMPANY.format(zone=zone, domain=DOMAIN))
    (configs / "first-circle.yaml").write_text(PROGRAM.format(**dates))
    rows = [
        f"{each},{each.lower()}@{DOMAIN},{CANARY} {each},,Sales,Seller,{'P7' if each < 'B' else 'P4'},Office,2020-01-01,en,Active"
        for each in INVITED
    ]
    (inbox / f"workers-{today}.csv").write_text("\n".join([HEADER, *rows]) + "\n")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Server, worker and deployments, with a home whose path has spaces in it."""
    folder = tmp_path_factory.mktemp("real server")
    drop_files(folder / "home of the program")
    with installed(folder, folder / "home of the program") as found:
        yield found


def letters(installation: Installation) -> dict[str, tuple[int, bytes]]:
    """What lies in the outbox: name, instant of writing, content."""
    outbox = installation.home / "var" / "outbox"
    return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in outbox.glob("*.eml")}


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


def test_an_auto_scheduled_tick_sends_the_invitations(installation: Installation) -> None:
    let_the_next_slot_come_soon(installation)

    wait_for("invitations", lambda: len(letters(installation)) == len(INVITED), seconds=200, told=installation.told)

    (tick,) = wait_for("tick", lambda: completed(installation, "advance-programs"), seconds=30, told=installation.told)
    assert tick.auto_scheduled
    assert tick.created_by is None or tick.created_by.type == "SCHEDULE"
    assert all(b"Subject:" in content and COHORT.split("/")[0] for _, content in letters(installation).values())


def test_completed_runs_forced_to_run_again_send_nothing(installation: Installation) -> None:
    names = ("advance-programs", "advance-program", "deliver-mail")
    before = letters(installation)
    for name in names:
        wait_for(name, lambda name=name: completed(installation, name), seconds=60, told=installation.told)
        installation.client.set_flow_run_state(installation.runs_of(name)[0].id, Scheduled(), force=True)

    for name in names:

        def run_twice(name: str = name) -> bool:
            first = installation.runs_of(name)[0]
            return first.run_count == 2 and first.state.is_completed()

        wait_for(f"{name} again", run_twice, seconds=90, told=installation.told)

    assert letters(installation) == before
    assert len(before) == len(INVITED)


def test_an_address_is_refused_as_a_parameter(installation: Installation) -> None:
    deployment = installation.client.read_deployment_by_name("approve-matches/approve-matches")
    given = {"cohort_id": COHORT, "by": f"approver@{DOMAIN}"}

    with pytest.raises(PrefectHTTPStatusError):
        installation.client.create_flow_run_from_deployment(deployment.id, parameters=given)


def final_states(installation: Installation, runs: list[Any]) -> list[Any]:
    """The states of some runs once all of them are over."""
    states = [installation.client.read_flow_run(run.id).state for run in runs]
    return states if all(state is not None and state.is_final() for state in states) else []


def test_an_approval_too_early_and_a_second_tick_are_stopped(installation: Installation) -> None:
    client = installation.client
    approval = client.read_deployment_by_name("approve-matches/approve-matches").id
    tick = client.read_deployment_by_name("advance-programs/advance-programs").id
    given = {"cohort_id": COHORT, "by": "role:approver#1"}
    runs = [client.create_flow_run_from_deployment(approval, parameters=given)]
    runs += [client.create_flow_run_from_deployment(tick) for _ in range(2)]

    what = "approval and ticks"
    told, *ticks = wait_for(what, lambda: final_states(installation, runs), seconds=120, told=installation.told)

    assert told.is_failed()
    assert told.message.endswith(f"{COHORT}: nothing is proposed yet; `cohortflow plan {COHORT}` shows when")
    assert sorted(state.type.value for state in ticks) == ["CANCELLED", "COMPLETED"]


def test_the_page_is_told_where_its_api_is(installation: Installation) -> None:
    api = installation.environment["PREFECT_API_URL"]

    with urllib.request.urlopen(api.removesuffix("/api") + "/ui-settings") as answer:
        assert json.load(answer)["api_url"] == api


@pytest.mark.parametrize("command", ["hold", "resume"])
def test_a_cohort_is_held_and_let_go_on(installation: Installation, command: str) -> None:
    line = ["cohortflow", command, COHORT, "--by", f"approver@{DOMAIN}"]

    done = subprocess.run(line, cwd=CHECKOUT, env=installation.environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert COHORT in done.stdout


def test_prefect_has_kept_nothing_of_anybody(installation: Installation) -> None:
    for file in (path for folder in (installation.prefect_home, installation.logs) for path in folder.rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            assert CANARY.encode() not in content, file
            assert DOMAIN.encode() not in content, file
    storage = installation.prefect_home / "storage"
    assert not storage.exists() or not list(storage.rglob("*"))
