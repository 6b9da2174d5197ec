"""Watched processes: each with a log of its own, asked whether it is well, stopped with all it began."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import CohortflowError

LAST_LINES = 15


@dataclass
class Child:
    """One process of ours, in a process group of its own."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def what_it_said(self) -> str:
        """Why it is not there any more, as far as its log tells."""
        code = self.process.poll()
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        return f"{self.name} {how}; the last lines of {self.log}:\n{last_lines(self.log)}"

    def stop(self, patience: float = 20) -> None:
        """Ask it to end, then its whole group, then end that."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        self._wait(patience)
        for told in (signal.SIGTERM, signal.SIGKILL):
            if not group_is_there(self.process.pid):
                break
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, told)
            self._wait(5)

    def _wait(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)


def group_is_there(group: int) -> bool:
    """Whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def start(name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path, cwd: Path) -> Child:
    """Start a command; what it prints goes to `folder`/NAME.log; the log before it is kept."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = folder / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with os.fdopen(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(environment), stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    return Child(name, process, log)


def last_lines(log: Path) -> str:
    """The end of a log, indented."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    told = [line for line in lines if line.strip()][-LAST_LINES:]
    return "\n".join(f"  {line}" for line in told) or "  (nothing)"


def wait_until(well: Callable[[], bool], child: Child, children: Sequence[Child], seconds: float) -> None:
    """Wait until a process is well.

    Raises:
        CohortflowError: it, or another one, has ended, or time is up; with the last lines of its log.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if gone := next((each for each in children if not each.is_alive), None):
            raise CohortflowError(gone.what_it_said())
        if well():
            return
        time.sleep(0.25)
    raise CohortflowError(
        f"{child.name} is not well after {seconds:.0f} seconds; the last lines of {child.log}:\n{last_lines(child.log)}"
    )


def answers(url: str, *, auth: str = "") -> bool:
    """Whether something answers at an address, and well."""
    asked = urllib.request.Request(url, headers=authorization(auth))
    try:
        with urllib.request.urlopen(asked, timeout=3) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def authorization(auth: str) -> dict[str, str]:
    """The header for a server that asks for user:password."""
    if not auth:
        return {}
    import base64

    return {"Authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"}
