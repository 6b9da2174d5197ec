"""A deploy in the middle of a stage; worker and server killed: ticks go on, and pages and alarms tell the truth.

Each alarm about runs and ticks is heard arriving; a run that waits and one that is busy for long are left alone.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from alarm_listener import Listener, listening, make_block
from first_circle import INVITED, drop_files, drop_program, ledger
from invariants import check_invariants
from post_office import PostOffice, opened_post_office
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import Cancelled, Running
from prefect_installation import (
    CHECKOUT,
    NO_CATALOG,
    START_SERVER,
    START_WORKER,
    Installation,
    environment_of,
    free_port,
    wait_for,
)
from small_town import OnDisk

from cohortflow.operations.alarms import put_alarms_into_force
from cohortflow.operations.declared import read_declared
from cohortflow.operations.deploying import put_into_force
from cohortflow.store.database import open_database
from flows.house import House
from schemas.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SILENT_SECONDS, NO_TICK_SECONDS = 75, 40
QUICK = {
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION": "30",
    "COHORTFLOW_ALARM_SILENT_SECONDS": str(SILENT_SECONDS),
    "COHORTFLOW_LEASE_SECONDS": "5",
    "COHORTFLOW_DATABASE_TIMEOUT": "120",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    **NO_CATALOG,
}


@dataclass
class Machine(Installation):
    """An installation whose processes are killed by whoever reads this, and whose mail goes to a fake SendGrid."""

    office: PostOffice

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

    def processes(self, spare: tuple[str, ...] = ()) -> list[int]:
        """Everything that runs for this installation, but what bears some words in its command or environment."""
        mine, found = f"PREFECT_HOME={self.prefect_home}\0", list[int]()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                told = b" ".join((folder / "cmdline").read_bytes().split(b"\0")).decode()
                told += (folder / "environ").read_bytes().decode(errors="replace")
                if mine in told and not any(words in told for words in spare):
                    found.append(int(folder.name))
        return found

    def kill(self, spare: tuple[str, ...] = ()) -> None:
        """Kill it all at once, as a power cut does, but for what is spared."""
        while found := self.processes(spare):
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def tick(self) -> Any:
        """Have a tick start now."""
        return self.begin("advance-programs/advance-programs")

    def rests(self) -> bool:
        """Whether no tick is under way, or about to be."""
        return all(run.state.is_final() for run in self.runs_of("advance-programs"))

    def tick_under_way(self) -> Any:
        """A tick that is carried out now: one that came while another was still at it is cancelled."""

        def runs() -> Any:
            tick = self.tick()
            self.is_at(tick, "RUNNING", "COMPLETED", "CANCELLED")
            return tick if self.state(tick) == "RUNNING" else None

        return wait_for("a tick under way", runs, seconds=240, every=2, told=self.told)

    def begin(self, deployment: str) -> Any:
        """Have a run of a deployment start now."""
        found = self.client.read_deployment_by_name(deployment)
        return self.client.create_flow_run_from_deployment(found.id)

    def state(self, run: Any) -> str:
        """What Prefect says of a run."""
        state = self.client.read_flow_run(run.id).state
        return state.type.value if state else "none"

    def is_at(self, run: Any, *states: str) -> None:
        """Wait until a run is in one of some states."""

        def is_there() -> bool:
            found = self.state(run)
            assert found in states or found not in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"), found + self.told()
            return found in states

        wait_for(f"{states}", is_there, seconds=240, every=0.25, told=self.told)

    def accepted(self) -> list[str]:
        """The ids of the mails that SendGrid took, each as often as it took it."""
        return list(self.office.record()["accepted"])

    def ticks_again(self) -> None:
        """Start ticks until one ends well: one that comes too early is cancelled."""

        def went_well() -> bool:
            run = self.tick()
            self.is_at(run, "COMPLETED", "CANCELLED")
            return self.state(run) == "COMPLETED"

        wait_for("a tick", went_well, seconds=300, every=3, told=self.told)

    def delivers(self, people: int) -> None:
        """Wait until so many mails were taken and that is noted.

        Whatever a run could not have done (Prefect's SQLite was locked when it was to start the delivery, say) the next
        tick has done; here it comes every minute.
        """

        def is_done() -> bool:
            noted = [row[0] for row in ledger(self)["messages"] if "accepted" in row]
            return len(noted) == people and sorted(noted) == sorted(set(self.accepted()))

        for _ in range(4):
            with suppress(AssertionError):
                return wait_for("mails", is_done, seconds=60, told=self.told)
            self.tick()
        wait_for("mails", is_done, seconds=60, told=self.told)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    """Somebody who hears the alarms."""
    with listening() as found:
        yield found


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Iterator[Machine]:
    """Everything running, alarms with a shorter patience, the first circle invited; and no tick comes by itself."""
    folder = tmp_path_factory.mktemp("machine")
    drop_files(folder / "home")
    prefect_home, logs = folder / "prefect", folder / "logs"
    logs.mkdir()
    (prefect_home / "tmp").mkdir(parents=True)
    environment = environment_of(folder / "home", prefect_home, free_port()) | QUICK
    with ExitStack() as stack:
        office = stack.enter_context(opened_post_office())
        environment |= {
            "COHORTFLOW_MAIL": "sendgrid",
            "SENDGRID_HOST": office.host,
            "SENDGRID_API_KEY": "SG.of-the-tests",
        }
        client = stack.enter_context(SyncPrefectClient(environment["PREFECT_API_URL"]))
        found = Machine(folder / "home", prefect_home, logs, environment, client, office)
        stack.callback(found.kill)
        found.start_all()
        put_into_force(client, read_declared())
        client.pause_deployment(client.read_deployment_by_name("advance-programs/advance-programs").id)
        patience = {"alarm_silent_seconds": SILENT_SECONDS, "alarm_no_tick_seconds": NO_TICK_SECONDS}
        put_alarms_into_force(
            client, Settings(alarm_block=make_block(environment["PREFECT_API_URL"], listener), **patience)
        )
        found.ticks_again()
        found.delivers(len(INVITED))
        yield found


@contextmanager
def nothing_can_be_written(machine: Machine) -> Iterator[None]:
    """Whatever runs, waits at its first write; a tick that was begun before is over by then."""
    wait_for("ticks to end", machine.rests, seconds=240, told=machine.told)
    database = open_database(f"sqlite:///{machine.home / 'var' / 'cohortflow.db'}")
    with database.write():
        yield
    database.close()


def insist(machine: Machine, people: int) -> None:
    """By SendGrid's record each has one mail; it left in one attempt, and every invariant holds."""
    handed = machine.accepted()
    assert len(handed) == len(set(handed)) == people
    attempts = [row[0] for row in ledger(machine)["message_attempts"]]
    assert len(attempts) == len(set(attempts))
    settings = Settings(home=machine.home, program_dir=machine.home / "program_configs", mail="", database_url="")
    database = open_database(settings.database)
    check_invariants(House(settings, database, OnDisk(handed=handed)), finished=True)
    database.close()


def test_a_deploy_in_the_middle_of_a_stage_changes_nothing(machine: Machine) -> None:
    before = len(machine.accepted())
    drop_program(machine.home, "Second Circle")
    with nothing_can_be_written(machine):
        tick = machine.tick_under_way()
        anew = [replace(each, description=f"{each.description} Anew.") for each in read_declared()]
        assert {what for _, what in put_into_force(machine.client, anew)} == {"changed"}

    machine.is_at(tick, "COMPLETED")
    machine.delivers(before + len(INVITED))
    insist(machine, before + len(INVITED))


def test_a_run_that_is_executed_twice_at_once_does_everything_once(machine: Machine) -> None:
    before = len(machine.accepted())
    drop_program(machine.home, "Twofold Circle")
    with nothing_can_be_written(machine):
        tick = machine.tick_under_way()
        log = machine.logs / "second.log"
        with log.open("wb") as out:
            second = subprocess.Popen(
                [sys.executable, "-m", "prefect.engine"], cwd=CHECKOUT, stdout=out, stderr=out,
                env=machine.environment | {"PREFECT__FLOW_RUN_ID": str(tick.id)},
            )  # fmt: skip
        wait_for("the second one is at it", lambda: b"Beginning flow run" in log.read_bytes(),
                 seconds=120, told=machine.told)  # fmt: skip

    assert second.wait(180) == 0, log.read_text()
    machine.is_at(tick, "COMPLETED")
    machine.delivers(before + len(INVITED))
    insist(machine, before + len(INVITED))


def test_a_killed_worker_is_told_of_and_only_the_dead_run_is_ended(machine: Machine, listener: Listener) -> None:
    before = len(machine.accepted())
    busy, waiting = lasting_runs(machine)
    listener.told.clear()
    dead = killed_in_the_middle(machine, "Third Circle", spare=("server start", str(busy.id)))
    late: list[Any] = []

    def is_told() -> bool:
        late.append(machine.tick())  # those until the server has noticed that nobody works are cancelled, and not late
        return bool(listener.heard("ticks are late"))

    wait_for("late ticks", is_told, seconds=300, every=8, told=machine.told)
    machine.start(START_WORKER)
    for each in late:
        machine.is_at(each, "COMPLETED", "CANCELLED")

    machine.ticks_again()

    machine.delivers(before + len(INVITED))
    machine.is_at(dead, "CRASHED")
    insist(machine, before + len(INVITED))
    wait_for("no tick", lambda: listener.heard("no tick has ended well"), seconds=240, told=machine.told)
    name = machine.client.read_flow_run(dead.id).name
    wait_for("the dead run", lambda: listener.heard("failed or crashed", name), seconds=240, told=machine.told)
    assert "it gave no sign of life; retry is safe" in listener.heard("failed or crashed", name)[0]
    assert (machine.state(busy), machine.state(waiting)) == ("RUNNING", "PAUSED")
    assert not [told for told in listener.told if busy.name in told[1] or waiting.name in told[1]]
    machine.client.set_flow_run_state(busy.id, Cancelled(), force=True)


def test_after_worker_and_server_were_killed_the_dead_runs_are_told_dead(machine: Machine) -> None:
    before = len(machine.accepted())
    busy, waiting = lasting_runs(machine)
    lost = run_without_a_sign_of_life(machine)
    dead = killed_in_the_middle(machine, "Fourth Circle", spare=(str(busy.id),))
    machine.start_all()
    assert machine.state(dead) in ("RUNNING", "CRASHED")

    machine.ticks_again()

    machine.delivers(before + len(INVITED))
    machine.is_at(dead, "CRASHED")
    wait_for("the lost run", lambda: ended_by_ticks(machine, lost), seconds=400, told=machine.told)
    machine.is_at(lost, "CRASHED")
    insist(machine, before + len(INVITED))
    assert "it gave no sign of life; retry is safe" in str(machine.client.read_flow_run(lost.id).state)
    assert (machine.state(busy), machine.state(waiting)) == ("RUNNING", "PAUSED")
    machine.client.set_flow_run_state(busy.id, Cancelled(), force=True)


def run_without_a_sign_of_life(machine: Machine) -> Any:
    """A run that was killed before its first heartbeat, of which Prefect's alarm therefore knows nothing."""
    found = machine.client.read_deployment_by_name("work-long/work-long")
    return machine.client.create_flow_run_from_deployment(found.id, tags=["cohortflow"], state=Running())


def ended_by_ticks(machine: Machine, run: Any) -> bool:
    """Whether a run is over, after one more tick."""
    machine.ticks_again()
    return machine.state(run) != "RUNNING"


def lasting_runs(machine: Machine) -> tuple[Any, Any]:
    """A run that is busy for long and one that waits for somebody, both at it."""
    for name in ("work-long", "wait-for-word"):
        flow_id = machine.client.create_flow_from_name(name)
        entrypoint = f"{CHECKOUT / 'tests' / 'lasting_flows.py'}:{name.replace('-', '_')}"
        machine.client.create_deployment(
            flow_id=flow_id, name=name, entrypoint=entrypoint, work_pool_name="cohortflow", pull_steps=[]
        )
    busy, waiting = (machine.begin(f"{name}/{name}") for name in ("work-long", "wait-for-word"))
    machine.is_at(waiting, "PAUSED")
    wait_for("a heartbeat", lambda: heartbeats_of(machine, busy), seconds=240, told=machine.told)
    return busy, waiting


def killed_in_the_middle(machine: Machine, program: str, spare: tuple[str, ...] = ()) -> Any:
    """A tick that has given a sign of life, and then died with everything else that is not spared."""
    drop_program(machine.home, program)
    with nothing_can_be_written(machine):
        tick = machine.tick_under_way()
        wait_for("its heartbeat", lambda: heartbeats_of(machine, tick), seconds=240, told=machine.told)
        machine.kill(spare)
    return tick


def heartbeats_of(machine: Machine, run: Any) -> int:
    """How many signs of life of a run the server has taken in."""
    asked = {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]},
                        "resource": {"id": [f"prefect.flow-run.{run.id}"]}}}  # fmt: skip
    return int(machine.client.request("POST", "/events/filter", json=asked).json()["total"])
