"""A real PostgreSQL cluster for the length of a test run: made in a folder of its own, stopped by its own pid."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

SUPERUSER = "tester"
SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60")
_numbers = count(1)


@dataclass(frozen=True)
class Cluster:
    """A running server; databases in it are made and dropped by name."""

    folder: Path
    port: int

    @staticmethod
    def binaries() -> Path | None:
        """The newest PostgreSQL that is installed, or None."""
        found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
        return max(found, key=lambda path: float(path.parent.name), default=None)

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{name}"

    def create(self, template: str = "template0") -> str:
        """A new database, empty or a copy of another that nobody is connected to; returns its name."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """One statement on the maintenance database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as db:
            db.execute(statement.encode())


@dataclass
class Power:
    """The switch of a cluster: what a power cut, a restart or a machine that hangs does to it."""

    cluster: Cluster
    owner: str | None
    server: "subprocess.Popen[bytes] | None" = None

    def back(self) -> None:
        """Start it, and wait until it answers."""
        binaries, folder = Cluster.binaries(), self.cluster.folder
        options = ["-D", str(folder / "data"), "-k", str(folder), "-h", "127.0.0.1", "-p", str(self.cluster.port)]
        for setting in SPEED:
            options += ["-c", setting]
        with (folder / "log").open("a") as log:
            self.server = subprocess.Popen(
                [*_as(self.owner), str(binaries and binaries / "postgres"), *options],
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        _wait_for(self.cluster, self.server)

    def cut(self) -> None:
        """Stop it without a word to anybody, as a crash does."""
        assert self.server is not None
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait(20)

    def freeze(self) -> None:
        """Put the server and all who serve there to sleep."""
        self._tell(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._tell(signal.SIGCONT)

    def _tell(self, told: signal.Signals) -> None:
        assert self.server is not None
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        for pid in (self.server.pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, told)


@contextmanager
def started_cluster() -> Iterator[Cluster]:
    """Make a cluster, start it, and remove it at the end, also after a failure."""
    with powered_cluster() as power:
        yield power.cluster


@contextmanager
def powered_cluster() -> Iterator[Power]:
    """The same, with a hand at its switch."""
    binaries = Cluster.binaries()
    assert binaries is not None
    # Not pytest's tmp_path: that is 0700, and the server may not run as root.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    folder.chmod(0o755)
    owner = _who_may_run_it()
    power = Power(Cluster(folder, _free_port()), owner)
    try:
        if owner:
            shutil.chown(folder, owner)
        initdb = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", SUPERUSER, "-A", "trust"]
        said = subprocess.run(
            [*_as(owner), *initdb, "-E", "UTF8", "--no-locale", "-N"], cwd=folder, capture_output=True, text=True
        )
        assert said.returncode == 0, said.stderr
        power.back()
        yield power
    finally:
        _stop(folder, power.server)
        shutil.rmtree(folder, ignore_errors=True)


def _who_may_run_it() -> str | None:
    return "nobody" if os.geteuid() == 0 else None


def _as(owner: str | None) -> list[str]:
    """The words that run a command as another user; they replace themselves, so that the pid stays the server's.

    A test run that is killed takes its server with it.
    """
    if owner is None:
        return []
    group = pwd.getpwnam(owner).pw_gid
    return ["setpriv", f"--reuid={owner}", f"--regid={group}", "--clear-groups", "--pdeathsig=INT"]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(cluster: Cluster, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    while True:
        try:
            return cluster.run("SELECT 1")
        except psycopg.OperationalError:
            log = (cluster.folder / "log").read_text()
            assert server.poll() is None and time.monotonic() < until, f"PostgreSQL did not start:\n{log}"
            time.sleep(0.05)


def _stop(folder: Path, server: "subprocess.Popen[bytes] | None") -> None:
    if server is None:
        return
    server.send_signal(signal.SIGINT)  # fast shutdown: disconnect everybody, then end
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(5)
