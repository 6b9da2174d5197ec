"""`cohortflow up`: Prefect's server, the deployments, a worker and the pages, watched until told to stop."""

import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from cohortflow.operations.layout import LOOPBACK, POOL, Layout
from cohortflow.operations.only_one import RunsAlready, note, only_one
from cohortflow.operations.processes import Child, answers, start, wait_until
from cohortflow.operations.questions import has_worker
from cohortflow.store.database import open_database
from cohortflow.store.schema import migrate
from schemas.errors import CohortflowError
from schemas.settings import CHECKOUT, Settings

Say = Callable[[str], None]
OURS = [sys.executable, "-m", "cohortflow.cli.main"]
LOCALLY = "127.0.0.1"
PREFECT = [sys.executable, "-m", "prefect"]


class Stopped(BaseException):
    """Somebody pressed Ctrl-C, or the system asks us to end."""


@dataclass
class System:
    """What is running, in the order it was started."""

    layout: Layout
    say: Say
    children: list[Child] = field(default_factory=list)

    @property
    def logs(self) -> str:
        """Where the logs lie, for people."""
        return str(self.layout.folder)

    def start(self, name: str, command: Sequence[str], environment: dict[str, str]) -> Child:
        """Start one more process, and watch it from now on."""
        child = start(name, command, environment, self.layout.folder, CHECKOUT)
        self.children.append(child)
        return child

    def stop(self) -> None:
        """Stop everything, the last that was started first: the worker still reports to its server."""
        while self.children:
            self.children.pop().stop()


def up(
    layout: Layout,
    say: Say,
    *,
    deploy_options: Sequence[str] = (),
    before: Callable[[], None] = lambda: None,
) -> int:
    """Bring everything up, and keep it up until Ctrl-C.

    Args:
        before: what is to be done first, once it is certain that nothing runs here.

    Returns:
        0 when somebody stopped it, or it was running already; 1 when something died.
    """
    try:
        with only_one(layout.folder) as mark, _until_stopped():
            system = System(layout, say)
            try:
                _refuse_taken_ports(layout)
                before()
                _bring_up(system, deploy_options)
                note(mark, addresses(layout), system.children)
                _tell_where(layout, say)
                return _watch(system)
            except Stopped:
                say("Stopping ...")
                return 0
            except CohortflowError as error:
                say(str(error))
                return 1
            finally:
                _stop_for_certain(system)
                say("Everything is stopped.")
    except RunsAlready as other:
        told = other.told.get("addresses") or {}
        say("Cohortflow is running already" + (":" if told else "; it is just starting."))
        for what, where in told.items():
            say(f"  {what:<12} {where}")
        return 0


def addresses(layout: Layout) -> dict[str, str]:
    """What a person may open, and a watcher may ask."""
    return {
        "runs": layout.pages,
        "participants": layout.portal,
        "figures": f"{layout.watching}/metrics",
        "last tick": f"{layout.watching}/health/tick",
        "logs": str(layout.folder),
    }


def _bring_up(system: System, deploy_options: Sequence[str]) -> None:
    layout, say = system.layout, system.say
    _prepare_home(layout)
    say("Database: ready.")
    server = system.start("server", [*PREFECT, "server", "start"], layout.server_environment)
    ports = ["--port", str(layout.portal_port), "--metrics-port", str(layout.metrics_port)]
    portal = system.start("portal", [*OURS, "portal", *ports], layout.environment)
    _wait(system, server, lambda: answers(f"{layout.api}/health", auth=layout.auth), 180)
    say(f"Prefect's server: healthy at {layout.pages}.")
    _deploy(system, deploy_options)
    worker = system.start(
        "worker",
        [*PREFECT, "worker", "start", "--pool", POOL, "--type", "process", "--name", f"{socket.gethostname()}-up"],
        layout.environment,
    )
    _wait(system, worker, lambda: has_worker(layout.api, layout.auth), 120)
    say("Worker: waiting for runs.")
    _wait(system, portal, lambda: answers(f"{layout.portal}/health") and answers(f"{layout.watching}/metrics"), 60)
    say(f"Participants' pages: healthy at {layout.portal}.")


def _prepare_home(layout: Layout) -> None:
    (layout.prefect_home / "tmp").mkdir(parents=True, exist_ok=True, mode=0o700)
    settings: Settings = layout.settings
    database = open_database(settings.database, durable=settings.durable, timeout=settings.database_timeout)
    try:
        migrate(database)
    finally:
        database.close()


def _deploy(system: System, options: Sequence[str]) -> None:
    """In a process of its own, so that this one stays small; what it says is said here."""
    child = system.start("deploy", [*OURS, "deploy", *options], system.layout.environment)
    while child.is_alive:
        _stop_if_gone(system, besides=child)
        time.sleep(0.2)
    if child.process.returncode:
        raise CohortflowError(child.what_it_said())
    system.children.remove(child)
    for line in child.log.read_text(encoding="utf-8").splitlines():
        system.say(f"  {line}")


def _wait(system: System, child: Child, well: Callable[[], bool], seconds: float) -> None:
    wait_until(well, child, system.children, seconds)


def _watch(system: System) -> int:
    while True:
        _stop_if_gone(system)
        time.sleep(0.5)


def _stop_if_gone(system: System, besides: Child | None = None) -> None:
    for child in system.children:
        if child is not besides and not child.is_alive:
            raise CohortflowError(
                f"{child.what_it_said()}\nEverything else is stopped too; start it again when mended."
            )


def _stop_for_certain(system: System) -> None:
    """A second Ctrl-C while stopping must not leave anything behind."""
    while system.children:
        try:
            system.stop()
        except Stopped:
            for child in system.children:
                child.process.kill()


def _tell_where(layout: Layout, say: Say) -> None:
    say("")
    say("Cohortflow is up.")
    for what, where in addresses(layout).items():
        say(f"  {what:<12} {where}")
    say(f"  {'files':<12} {layout.settings.programs} (programs), {layout.settings.home / 'inbox'} (rosters)")
    say("Press Ctrl-C to stop everything.")


def _refuse_taken_ports(layout: Layout) -> None:
    wanted = [
        (layout.host, layout.port, "Prefect's pages", "--port"),
        (LOCALLY, layout.portal_port, "the participants' pages", "--portal-port"),
        (LOCALLY, layout.metrics_port, "the figures", "--metrics-port"),
    ]
    for host, port, what, option in wanted:
        if is_taken(host, port):
            raise CohortflowError(
                f"port {port}, meant for {what}, is taken by another program; end that one, or choose another port: "
                f"cohortflow up {option} {_free_port_after(host, port)}"
            )


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        # As servers do: a port in the minutes after its last owner ended is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1" if host in LOOPBACK else host, port))
        except OSError:
            return True
    return False


def _free_port_after(host: str, port: int) -> int:
    return next((each for each in range(port + 1, port + 50) if not is_taken(host, each)), port + 1)


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal end the block by `Stopped`."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    told = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(each, stop) for each in told]
    try:
        yield
    finally:
        for each, handler in zip(told, before, strict=True):
            signal.signal(each, handler)
