"""A whole installation as an operator runs it: a real Prefect server, a real process worker, prefect.yaml deployed.

The commands are those of docs/operations.md, to the letter; what differs from machine to machine is environment.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from documented_production import CHECKOUT, OUR_FILE, SERVER_FILE, Place
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound

START_SERVER = "prefect server start"
START_WORKER = "prefect worker start --pool cohortflow --type process"
# Prefect's catalogue of blocks, which nobody looks at here, takes a server long to write.
NO_CATALOG = {"PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false"}
DEPLOY = "prefect --no-prompt deploy --all"


@dataclass
class Installation:
    """What is running, and where it keeps things."""

    home: Path
    prefect_home: Path
    logs: Path
    environment: dict[str, str]
    client: SyncPrefectClient

    def runs_of(self, deployment: str) -> list[Any]:
        """The flow runs of a deployment, oldest first."""
        found = self.client.read_deployment_by_name(f"{deployment}/{deployment}")
        runs = [run for run in self.client.read_flow_runs(limit=200) if run.deployment_id == found.id]
        return sorted(runs, key=lambda run: run.expected_start_time)

    def told(self) -> str:
        """The end of what server and worker printed, for when something went wrong."""
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.logs.glob("*.log")))


def wait_for(
    what: str, found: Callable[[], Any], *, seconds: float, every: float = 0.5, told: Callable[[], str]
) -> Any:
    """Ask again and again until there is an answer.

    Raises:
        AssertionError: there was none in time.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := found():
            return answer
        time.sleep(every)
    raise AssertionError(f"{what}: not within {seconds:.0f} s\n{told()}")


def of_the_machine() -> dict[str, str]:
    """Nothing of Prefect's and ours of the shell the tests were started from.

    Nor what keeps Python from writing down what it has compiled: each of the many processes would compile it all again.
    """
    others = ("PREFECT_", "COHORTFLOW_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(others)}


def environment_of(home: Path, prefect_home: Path, port: int) -> dict[str, str]:
    """The environment docs/operations.md asks for, read from there: that of the server and that of all else in one."""
    kept, place = of_the_machine(), Place(home, prefect_home, port)
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return kept | {"PATH": path} | place.environment(SERVER_FILE) | place.environment(OUR_FILE)


@contextmanager
def running(command: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command of our own process group for the length of the block; stopped by its id, with its children."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            shlex.split(command), cwd=CHECKOUT, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        for told in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, told)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)


@contextmanager
def installed(folder: Path, home: Path) -> Iterator[Installation]:
    """Start server and worker, deploy, and stop everything afterwards."""
    prefect_home, logs, port = folder / "prefect", folder / "logs", free_port()
    logs.mkdir()
    (prefect_home / "tmp").mkdir(parents=True)
    environment = environment_of(home, prefect_home, port) | NO_CATALOG
    with ExitStack() as stack:
        stack.enter_context(running(START_SERVER, environment, logs / "server.log"))
        client = stack.enter_context(SyncPrefectClient(environment["PREFECT_API_URL"]))
        found = Installation(home, prefect_home, logs, environment, client)
        url = f"{environment['PREFECT_API_URL']}/health"
        wait_for("the server is healthy", lambda: _answers(url), seconds=180, told=found.told)
        stack.enter_context(running(START_WORKER, environment, logs / "worker.log"))
        wait_for("the worker has made its pool", lambda: _pool_of(client), seconds=240, told=found.told)
        deployed = subprocess.run(DEPLOY.split(), cwd=CHECKOUT, env=environment, capture_output=True, text=True)
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        yield found


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _pool_of(client: SyncPrefectClient) -> bool:
    try:
        return client.read_work_pool("cohortflow") is not None
    except ObjectNotFound:
        return False
