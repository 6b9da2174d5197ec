"""`cohortflow up`: one command, and dropped files become sent invitations; whatever is in its way is told."""

import os
import re
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from first_circle import drop_program, letters
from prefect_installation import CHECKOUT, wait_for
from raised_cohort import mails, set_clock, shown_now
from raised_installation import COMMAND, Raised, bare_environment, nobody_listens, raised, said
from scene_files import STAFF

from cohortflow.operations.layout import Layout
from cohortflow.operations.only_one import RunsAlready, note, only_one
from cohortflow.operations.processes import start
from schemas.errors import CohortflowError
from schemas.settings import Settings

slow = pytest.mark.slow


@slow
@pytest.mark.timeout(600)
def test_a_dropped_program_becomes_invitations_with_no_further_command(system: Raised) -> None:
    now = shown_now(system)
    set_clock(system, now.replace(hour=15, minute=30))  # everybody may be written to
    drop_program(system.home, today=now.date())

    def invitations() -> list[dict[str, Any]]:
        return mails(system, cohort_id="first-circle/now", template="invite", state="accepted")

    invited = wait_for("invitations", invitations, seconds=300, told=system.told)

    assert {f"{row['message_id']}.eml" for row in invited} <= set(letters(system))
    ticks = [run for run in system.runs_of("advance-programs") if run.run_count]
    assert ticks and all(run.auto_scheduled for run in ticks)


@slow
@pytest.mark.timeout(600)
def test_a_second_start_says_where_the_first_is(system: Raised) -> None:
    told = system.typed("up", "--port", "1")

    assert told.returncode == 0
    assert "running already" in told.stdout
    assert f"http://127.0.0.1:{system.port}" in told.stdout


@slow
@pytest.mark.timeout(600)
def test_watchers_are_answered_at_an_address_of_their_own(system: Raised) -> None:
    address = f"http://127.0.0.1:{system.metrics_port}"
    assert f"{address}/metrics" in said(system.logs) and f"{address}/health/tick" in said(system.logs)

    with urllib.request.urlopen(f"{address}/metrics") as answer:
        figures = answer.read().decode()
    (ticks,) = re.findall(r"(?m)^cohortflow_ticks_total (\d+)", figures)
    assert int(ticks) > 0

    def is_fresh() -> bool:
        with urllib.request.urlopen(f"{address}/health/tick?minutes=1440") as answer:
            return bool(answer.status == 200)

    assert is_fresh()


@slow
@pytest.mark.timeout(600)
def test_what_it_keeps_names_nobody_and_belongs_to_its_owner(system: Raised) -> None:
    kept = [path for path in (system.home / "var" / "up").rglob("*") if path.is_file()]

    names = [name for line in STAFF.splitlines() for name in (line.split(",")[1], line.split(",")[2])]

    assert {"server.log", "worker.log", "running.json"} <= {path.name for path in kept}
    for file in kept:
        assert not [name for name in names if name.encode() in file.read_bytes()]
        if file.suffix == ".log":
            assert file.stat().st_mode & 0o077 == 0


@slow
@pytest.mark.timeout(600)
def test_after_a_kill_it_starts_again_and_says_who_died(system: Raised, tmp_path: Path) -> None:
    """The last test of this room that needs the system: nothing of it is left."""
    os.kill(system.process.pid, signal.SIGKILL)
    system.process.wait(10)
    assert not nobody_listens(system.port)  # its server is an orphan now
    with raised(tmp_path, system.home, port=system.port) as second:
        (worker,) = [line for line in pids(second.home) if line[0] == "worker"]
        os.kill(worker[1], signal.SIGKILL)
        second.process.wait(90)
        told = said(second.logs)
        assert second.process.returncode == 1
    assert "worker was ended by signal 9; the last lines of" in told
    assert "Everything is stopped." in told
    assert nobody_listens(system.port)


def pids(home: Path) -> list[tuple[str, int]]:
    """The processes that `up` has noted."""
    import json

    told = json.loads((home / "var" / "up" / "running.json").read_text())
    return [(name, pid) for name, (pid, _) in told["processes"].items()]


@slow
def test_a_taken_port_is_named_with_a_free_one(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = [COMMAND, "up", "--port", str(port)]
        told = subprocess.run(
            line, cwd=CHECKOUT, env=bare_environment(tmp_path), capture_output=True, text=True, timeout=180
        )

    assert told.returncode == 1
    assert f"port {port}, meant for Prefect's pages, is taken by another program" in told.stdout
    assert "cohortflow up --port " in told.stdout


def test_the_command_refuses_to_be_open_to_others_without_a_password(tmp_path: Path) -> None:
    line = [COMMAND, "up", "--host", "0.0.0.0"]

    told = subprocess.run(line, cwd=CHECKOUT, env=bare_environment(tmp_path), capture_output=True, text=True)

    assert told.returncode != 0
    assert "PREFECT_SERVER_API_AUTH_STRING" in told.stdout + told.stderr
    assert not (tmp_path / "var").exists()


def test_a_server_open_to_others_needs_a_password(tmp_path: Path) -> None:
    with pytest.raises(CohortflowError, match="PREFECT_SERVER_API_AUTH_STRING"):
        Layout(Settings(home=tmp_path), host="0.0.0.0", given={})

    given = {"PREFECT_SERVER_API_AUTH_STRING": "admin:long-and-secret"}
    layout = Layout(Settings(home=tmp_path), host="0.0.0.0", port=4321, given=given)
    assert layout.environment["PREFECT_API_AUTH_STRING"] == "admin:long-and-secret"
    assert layout.server_environment["PREFECT_SERVER_API_HOST"] == "0.0.0.0"


def test_the_pages_know_their_own_port_and_nothing_of_our_secrets(tmp_path: Path) -> None:
    database = "PREFECT_API_DATABASE_CONNECTION_URL"
    given = {
        "COHORTFLOW_SENDGRID_KEY": "secret",
        "COHORTFLOW_ENGINE": "plain",
        database: "postgresql+asyncpg://a:b@c/d",
    }
    layout = Layout(Settings(home=tmp_path), port=4321, given=given)

    assert layout.server_environment["PREFECT_SERVER_UI_API_URL"] == "http://127.0.0.1:4321/api"
    assert not [name for name in layout.server_environment if name.startswith("COHORTFLOW_")]
    assert "COHORTFLOW_ENGINE" not in layout.environment
    assert database in layout.server_environment and database not in layout.environment
    assert layout.environment["COHORTFLOW_SENDGRID_KEY"] == "secret"


def test_a_stale_note_keeps_nobody_out_and_ends_no_stranger(tmp_path: Path) -> None:
    stranger = start("stranger", ["sleep", "60"], dict(os.environ), tmp_path, tmp_path)
    try:
        (tmp_path / "running.json").write_text(
            f'{{"pid": 1, "processes": {{"server": [{stranger.process.pid}, "Thu Jan 1 1970 prefect server"]}}}}'
        )

        with only_one(tmp_path):
            assert stranger.is_alive
    finally:
        stranger.stop()


def test_what_a_killed_one_left_running_is_ended(tmp_path: Path) -> None:
    orphan = start("orphan", ["sleep", "60"], dict(os.environ), tmp_path, tmp_path)
    note(tmp_path / "running.json", {}, [orphan])

    with only_one(tmp_path):
        assert orphan.process.wait(5) == -signal.SIGTERM


def test_only_one_at_a_time(tmp_path: Path) -> None:
    with only_one(tmp_path) as mark:
        note(mark, {"runs": "http://127.0.0.1:1"}, [])

        with pytest.raises(RunsAlready) as other, only_one(tmp_path):
            pass

    assert other.value.told["addresses"] == {"runs": "http://127.0.0.1:1"}
