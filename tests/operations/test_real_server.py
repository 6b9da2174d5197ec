"""A dropped program and roster become sent invitations with nobody pressing anything; pressing Retry sends nothing."""

import json
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from first_circle import CANARY, COHORT, DOMAIN, INVITED, completed, invite, letters
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Scheduled
from prefect_installation import CHECKOUT, Installation, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_an_auto_scheduled_tick_sends_the_invitations(installation: Installation) -> None:
    invite(installation)

    (tick,) = wait_for("tick", lambda: completed(installation, "advance-programs"), seconds=240, told=installation.told)
    assert tick.auto_scheduled
    assert tick.created_by is None or tick.created_by.type == "SCHEDULE"
    assert all(b"Subject:" in content for _, content in letters(installation).values())


def test_completed_runs_forced_to_run_again_send_nothing(installation: Installation) -> None:
    names = ("advance-programs", "advance-program", "deliver-mail")
    before = letters(installation)
    for name in names:
        wait_for(name, lambda name=name: completed(installation, name), seconds=240, told=installation.told)
        installation.client.set_flow_run_state(installation.runs_of(name)[0].id, Scheduled(), force=True)

    for name in names:

        def run_twice(name: str = name) -> bool:
            first = installation.runs_of(name)[0]
            return first.run_count == 2 and first.state.is_completed()

        wait_for(f"{name} again", run_twice, seconds=240, told=installation.told)

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
    told, *ticks = wait_for(what, lambda: final_states(installation, runs), seconds=240, told=installation.told)

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


def test_a_flow_process_is_told_nothing_of_anybody(installation: Installation) -> None:
    client = installation.client
    tick = client.read_deployment_by_name("advance-programs/advance-programs").id
    run, seen = client.create_flow_run_from_deployment(tick), dict[str, tuple[bytes, bytes]]()

    def ended() -> bool:
        seen.update(processes_of(installation))
        return bool(final_states(installation, [run]))

    wait_for("a tick", ended, seconds=240, every=0.05, told=installation.told)

    flows = [line for line, environment in seen.values() if str(run.id).encode() in environment]
    assert flows, "no process of the run was seen"
    for told in seen.values():
        insist_on_nobody(b" ".join(told), "a process")


def processes_of(installation: Installation) -> dict[str, tuple[bytes, bytes]]:
    """The command line and the environment of every process of an installation, by pid."""
    mine, found = f"PREFECT_HOME={installation.prefect_home}".encode(), {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = (folder / "environ").read_bytes()
            if mine in environment.split(b"\0"):
                found[folder.name] = ((folder / "cmdline").read_bytes(), environment)
    return found


def insist_on_nobody(content: bytes, where: object) -> None:
    """Neither the name nor the domain that stands in every row of the roster."""
    assert CANARY.encode() not in content, where
    assert DOMAIN.encode() not in content, where


def test_the_pages_show_nothing_of_anybody(installation: Installation) -> None:
    client = installation.client
    shown = {"runs": client.read_flow_runs(limit=200), "logs": client.read_logs(limit=200)}
    shown |= {"artifacts": client.read_artifacts(limit=200), "tasks": client.read_task_runs(limit=200)}

    assert all(shown.values())
    for what, found in shown.items():
        insist_on_nobody("\n".join(each.model_dump_json() for each in found).encode(), what)
    events = client.request("POST", "/events/filter", json={"limit": 50})
    insist_on_nobody(events.content, "events")


def test_prefect_has_kept_nothing_of_anybody(installation: Installation) -> None:
    # What `var/` holds besides is the database itself and the mail.
    kept = [installation.prefect_home, installation.logs, *(installation.home / "var").glob("[!co]*")]
    for file in (path for folder in kept for path in [folder, *folder.rglob("*")]):
        if file.is_file():
            insist_on_nobody(file.read_bytes(), file)
    storage = installation.prefect_home / "storage"
    assert not storage.exists() or not list(storage.rglob("*"))
