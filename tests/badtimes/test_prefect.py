"""A deploy in the middle of a stage; worker and server killed: the tick goes on, and Prefect's pages tell the truth."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from first_circle import INVITED, all_accepted, drop_files, drop_program, ledger, letters
from invariants import check_invariants
from prefect.client.orchestration import SyncPrefectClient
from prefect_installation import (
    CHECKOUT,
    DEPLOY,
    START_SERVER,
    START_WORKER,
    Installation,
    environment_of,
    free_port,
    wait_for,
)
from small_town import OnDisk

from cohortflow.operations.alarms import alarms
from cohortflow.store.database import open_database
from flows.house import House
from schemas.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
QUICK = {
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION": "30",
    "COHORTFLOW_LEASE_SECONDS": "5",
    "COHORTFLOW_DATABASE_TIMEOUT": "120",
}
SILENT_FOR = timedelta(seconds=90)


class Machine(Installation):
    """An installation whose processes are killed by whoever reads this."""

    def start(self, command: str) -> None:
        """Start the server or a worker."""
        with (self.logs / f"{command.split()[1]}.log").open("ab") as out:
            subprocess.Popen(
                command.split(), cwd=CHECKOUT, env=self.environment, stdout=out, stderr=out, start_new_session=True
            )

    def start_all(self) -> None:
        """Start server and worker, and wait for them."""
        self.start(START_SERVER)
        wait_for("the server is healthy", self.is_healthy, seconds=180, told=self.told)
        self.start(START_WORKER)

    def is_healthy(self) -> bool:
        """Whether the server answers."""
        with suppress(Exception):
            return self.client.api_healthcheck() is None
        return False

    def processes(self, *, but: str = "\0") -> dict[int, str]:
        """Everything that runs for this installation, by its environment: pid and command line."""
        mine, found = f"PREFECT_HOME={self.prefect_home}\0".encode(), {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if mine in (folder / "environ").read_bytes() and but not in line:
                    found[int(folder.name)] = line
        return found

    def kill(self, *, but: str = "\0") -> None:
        """Kill it all at once, as a power cut does, or all but the server."""
        while found := self.processes(but=but):
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def tick(self) -> Any:
        """Have a tick start now."""
        found = self.client.read_deployment_by_name("advance-programs/advance-programs")
        return self.client.create_flow_run_from_deployment(found.id)

    def state(self, run: Any) -> str:
        """What Prefect says of a run."""
        state = self.client.read_flow_run(run.id).state
        return state.type.value if state else "none"

    def is_at(self, run: Any, *states: str) -> None:
        """Wait until a run is in one of some states."""
        wait_for(f"{states}", lambda: self.state(run) in states, seconds=240, told=self.told)

    def ticks_again(self) -> None:
        """Start ticks until one ends well: one that comes too early is cancelled."""

        def went_well() -> bool:
            run = self.tick()
            self.is_at(run, "COMPLETED", "CANCELLED")
            return self.state(run) == "COMPLETED"

        wait_for("a tick", went_well, seconds=300, every=5, told=self.told)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Server, worker, deployments, and the alarm for runs that give no sign of life, with a shorter patience."""
    folder = tmp_path_factory.mktemp("machine")
    drop_files(folder / "home")
    prefect_home, logs = folder / "prefect", folder / "logs"
    logs.mkdir()
    (prefect_home / "tmp").mkdir(parents=True)
    environment = environment_of(folder / "home", prefect_home, free_port()) | QUICK
    with ExitStack() as stack:
        client = stack.enter_context(SyncPrefectClient(environment["PREFECT_API_URL"]))
        found = Machine(folder / "home", prefect_home, logs, environment, client)
        stack.callback(found.kill)
        found.start_all()
        deployed = subprocess.run(
            [*DEPLOY.replace("prefect", str(Path(os.sys.executable).parent / "prefect"), 1).split()],
            cwd=CHECKOUT, env=environment, capture_output=True, text=True)  # fmt: skip
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        tick = client.read_deployment_by_name("advance-programs/advance-programs")
        client.pause_deployment(tick.id)
        (alarm,) = [each for each in alarms() if each.crashes]
        client.create_automation(_crashing(alarm))
        yield found


def _crashing(alarm: Any) -> Any:
    from prefect.events.schemas.automations import AutomationCore

    from cohortflow.operations.alarms import CRASH

    trigger = alarm.trigger.model_copy(update={"within": SILENT_FOR})
    return AutomationCore(name=alarm.name, trigger=trigger, actions=[CRASH])


@contextmanager
def nothing_can_be_written(machine: Machine) -> Iterator[None]:
    """Whatever runs, waits at its first write."""
    database = open_database(f"sqlite:///{machine.home / 'var' / 'cohortflow.db'}")
    with database.write():
        yield
    database.close()


def insist(machine: Machine, people: int) -> None:
    """Each has one letter, handed over in one attempt, and every invariant holds."""
    assert len(letters(machine)) == people
    attempts = [row[0] for row in ledger(machine)["message_attempts"]]
    assert len(attempts) == len(set(attempts))
    settings = Settings(home=machine.home, program_dir=machine.home / "program_configs", mail="", database_url="")
    database = open_database(settings.database)
    handed = [name.removesuffix(".eml") for name in letters(machine)]
    check_invariants(House(settings, database, OnDisk(handed=handed)), finished=True)
    database.close()


def advancing(machine: Machine) -> Any:
    """A run that advances a program and is under way."""
    return next((run for run in machine.runs_of("advance-program") if run.state.is_running()), None)


def test_a_deploy_in_the_middle_of_a_stage_changes_nothing(machine: Machine) -> None:
    first = machine.tick()
    machine.is_at(first, "COMPLETED")
    wait_for("invitations", lambda: len(letters(machine)) == len(INVITED), seconds=240, told=machine.told)
    drop_program(machine.home, "Second Circle")
    with nothing_can_be_written(machine):
        tick = machine.tick()
        machine.is_at(tick, "RUNNING")
        deployed = subprocess.run(
            DEPLOY.split(), cwd=CHECKOUT, env=machine.environment, capture_output=True, text=True,
            executable=str(Path(os.sys.executable).parent / "prefect"))  # fmt: skip
        assert deployed.returncode == 0, deployed.stderr

    machine.is_at(tick, "COMPLETED")
    wait_for("mails", lambda: len(letters(machine)) == 2 * len(INVITED), seconds=240, told=machine.told)
    wait_for("accepted", lambda: all_accepted(machine), seconds=60, told=machine.told)
    insist(machine, 2 * len(INVITED))


@pytest.mark.parametrize(("killed", "name"), [("the worker", "Third Circle"), ("worker and server", "Fourth Circle")])
def test_after_a_kill_ticks_go_on_and_the_dead_run_is_told_dead(machine: Machine, killed: str, name: str) -> None:
    before = len(letters(machine))
    drop_program(machine.home, name)
    with nothing_can_be_written(machine):
        tick = machine.tick()
        machine.is_at(tick, "RUNNING")
        wait_for("its heartbeat", lambda: heartbeats_of(machine, tick), seconds=60, told=machine.told)
        machine.kill(but="server" if killed == "the worker" else "\0")
    if killed == "the worker":
        machine.start(START_WORKER)
    else:
        machine.start_all()
    assert machine.state(tick) in ("RUNNING", "CRASHED")

    machine.ticks_again()

    wait_for("mails", lambda: len(letters(machine)) == before + len(INVITED), seconds=240, told=machine.told)
    machine.is_at(tick, "CRASHED")
    wait_for("accepted", lambda: all_accepted(machine), seconds=60, told=machine.told)
    insist(machine, before + len(INVITED))


def heartbeats_of(machine: Machine, run: Any) -> int:
    """How many signs of life of a run the server has taken in."""
    asked = {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]},
                        "resource": {"id": [f"prefect.flow-run.{run.id}"]}}}  # fmt: skip
    return int(machine.client.request("POST", "/events/filter", json=asked).json()["total"])
