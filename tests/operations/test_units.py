"""The units of docs/operations.md: systemd understands them, each starts what is well, and ends cleanly when told to."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from documented_production import CHECKOUT, OUR_FILE, PAGE, SERVER_FILE, Place, Unit
from first_circle import drop_files
from prefect_installation import NO_CATALOG, free_port, of_the_machine

from cohortflow.operations.processes import answers
from cohortflow.operations.questions import scheduled_ahead, workers_online

NAMES = ("cohortflow-server", "cohortflow-worker", "cohortflow-pages")
# What systemd counts as a clean end of a service that it has told to stop.
CLEAN = (0, -signal.SIGTERM)
# Under Python 3.11.2, Debian 12's own, Prefect's worker never ends by itself, and systemd kills it; from 3.11.7 on it does.
KILLED = (-signal.SIGKILL,) if sys.version_info < (3, 11, 7) else ()


@dataclass
class Service:
    """A unit as systemd keeps it: its environment and nothing else, started anew when it ends, stopped by SIGTERM."""

    unit: Unit
    environment: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    ended: float | None = None

    def start(self) -> None:
        """Do what comes before, then start the one process."""
        prepared = self.unit.command("ExecStartPre", self.environment)
        assert subprocess.run(prepared, timeout=180).returncode == 0
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.unit.command("ExecStart", self.environment), cwd=self.unit.lines["WorkingDirectory"],
                env=self.environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def tend(self) -> None:
        """Restart=always, after RestartSec."""
        if self.process is not None and self.process.poll() is not None:
            self.ended = self.ended or time.monotonic()
            if time.monotonic() - self.ended >= float(self.unit.lines["RestartSec"]):
                self.ended = None
                self.start()

    def stop(self) -> int:
        """Its exit status after SIGTERM to it and all that it began, killed when they take longer than the unit allows."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(float(self.unit.lines["TimeoutStopSec"]))
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait(10)


@dataclass
class Production:
    """The three services of the page, at a place of their own."""

    place: Place
    services: dict[str, Service]

    def wait_until(self, what: str, well: Callable[[], bool], seconds: float = 240) -> None:
        """Tend to the services until something is as it should be."""
        until = time.monotonic() + seconds
        while not well():
            assert time.monotonic() < until, f"{what}: not within {seconds:.0f} s\n{self.told()}"
            for service in self.services.values():
                service.tend()
            time.sleep(0.5)

    def told(self) -> str:
        """The end of what each has printed."""
        return "\n".join(f"--- {name}\n{each.log.read_text()[-3000:]}" for name, each in self.services.items())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A home with a program whose recruitment opens today."""
    folder = tmp_path_factory.mktemp("production")
    drop_files(folder / "home")
    return Place(folder / "home", folder / "prefect", free_port(), free_port(), free_port())


@pytest.fixture(scope="module")
def production(place: Place) -> Iterator[Production]:
    """All three started at the same moment, as at the start of a machine; stopped at the end whatever happened."""
    bare = {name: value for name, value in of_the_machine().items() if name in ("PATH", "HOME", "LANG")}
    services = {}
    for name in NAMES:
        unit = place.unit(name)
        environment = bare | place.environment(unit.lines["EnvironmentFile"]) | NO_CATALOG
        services[name] = Service(unit, environment, place.home / f"{name}.log")
    found = Production(place, services)
    try:
        for service in services.values():
            service.start()
        yield found
    finally:
        for service in services.values():
            if service.process is not None and service.process.poll() is None:
                service.stop()


@pytest.mark.systemd
def test_systemd_understands_the_units(place: Place, tmp_path: Path) -> None:
    files = []
    for name in NAMES:
        files.append(tmp_path / f"{name}.service")
        files[-1].write_text(place.unit(name).text, encoding="utf-8")

    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, timeout=180
    )

    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_the_server_is_told_nothing_of_ours() -> None:
    place = Place(Path("/home"), Path("/prefect"), 4200)
    assert place.unit("cohortflow-server").lines["EnvironmentFile"] == SERVER_FILE
    assert not [name for name in place.environment(SERVER_FILE) if name.startswith(("COHORTFLOW_", "SENDGRID_"))]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_unit_starts_what_is_well(production: Production) -> None:
    place = production.place
    api, portal = f"http://127.0.0.1:{place.port}/api", f"http://127.0.0.1:{place.portal_port}"

    production.wait_until("the server is healthy", lambda: answers(f"{api}/health"))
    production.wait_until("the pages are there", lambda: answers(f"{portal}/health"))
    production.wait_until("figures", lambda: answers(f"http://127.0.0.1:{place.metrics_port}/metrics"))
    production.wait_until("a worker polls", lambda: bool(workers_online(api, "")))

    told = typed_by_its_user(production, "cohortflow deploy")
    assert told.returncode == 0, told.stdout + told.stderr
    production.wait_until("runs are scheduled", lambda: scheduled_ahead(api, "", datetime.now(UTC)) > 0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_ends_cleanly_when_told_to(production: Production) -> None:
    for name in reversed(NAMES):
        service = production.services[name]
        assert service.process is not None and service.process.poll() is None
        may_be_killed = KILLED if name == "cohortflow-worker" else ()
        assert service.stop() in (*CLEAN, *may_be_killed), production.told()


def typed_by_its_user(production: Production, command: str) -> "subprocess.CompletedProcess[str]":
    """A command in a shell that was told first what the page says."""
    (first,) = re.findall(
        r"```sh\n(source \.venv/bin/activate\nset -a .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    file = production.place.home / "cohortflow.env"
    told = production.place.environment(OUR_FILE)
    file.write_text("".join(f"{name}={value}\n" for name, value in told.items()), encoding="utf-8")
    activate = shlex.quote(str(Path(sys.executable).with_name("activate")))
    lines = first.replace(".venv/bin/activate", activate).replace(OUR_FILE, shlex.quote(str(file))) + command
    shell = ["bash", "-e", "-c", lines]
    return subprocess.run(shell, cwd=CHECKOUT, env=of_the_machine(), capture_output=True, text=True, timeout=180)
