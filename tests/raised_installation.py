"""A whole installation raised by the one command `cohortflow up`, as a newcomer raises it."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient
from prefect_installation import CHECKOUT, NO_CATALOG, Installation, free_port, of_the_machine, wait_for

COMMAND = str(Path(sys.executable).parent / "cohortflow")


@dataclass
class Raised(Installation):
    """What `up` has brought up: the process of the command, and its port."""

    process: "subprocess.Popen[bytes]"
    port: int
    metrics_port: int

    def typed(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A further command in the same home."""
        line = [COMMAND, *words]
        return subprocess.run(line, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, timeout=120)


def bare_environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing but the home: `up` itself knows the rest."""
    return of_the_machine() | {"COHORTFLOW_HOME": str(home)} | more


def said(logs: Path) -> str:
    """What `up` has printed so far."""
    return (logs / "said.log").read_text(encoding="utf-8")


def nobody_listens(port: int) -> bool:
    """Whether a port is free again."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def raised(folder: Path, home: Path, *options: str, port: int = 0, **more: str) -> Iterator[Raised]:
    """Run `cohortflow up` until the block ends; then press Ctrl-C, and see that it ends well."""
    logs, port, environment = folder / "said", port or free_port(), bare_environment(home, **NO_CATALOG, **more)
    logs.mkdir(exist_ok=True)
    metrics = free_port()
    ports = ["--port", str(port), "--portal-port", str(free_port()), "--metrics-port", str(metrics)]
    line = [COMMAND, "up", *ports, *options]
    with (logs / "said.log").open("wb") as out:
        process = subprocess.Popen(line, cwd=CHECKOUT, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        with SyncPrefectClient(f"http://127.0.0.1:{port}/api") as client:
            environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
            found = Raised(home, home / "var" / "prefect", logs, environment, client, process, port, metrics)

            def is_up() -> bool:
                assert process.poll() is None, said(logs)
                return "Cohortflow is up." in said(logs)

            wait_for("up", is_up, seconds=240, told=found.told)
            yield found
    finally:
        was_up = process.poll() is None
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        process.wait(90)
    if was_up:
        assert process.returncode == 0, said(logs)
        assert "Everything is stopped." in said(logs)
        assert nobody_listens(port)
