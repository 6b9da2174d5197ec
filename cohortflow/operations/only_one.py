"""One `up` at a time for a home: a lock the system itself lets go of, so that a stale file never keeps anybody out."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cohortflow.operations.processes import Child, group_is_there


class RunsAlready(Exception):
    """Another `up` holds the home; `told` is what it said about itself."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        super().__init__("it runs already")


@contextmanager
def only_one(folder: Path) -> Iterator[Path]:
    """Hold the home for the length of the block; the file that is given takes what `note` writes.

    Raises:
        RunsAlready: somebody else holds it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark = folder / "running.json"
    with (folder / "lock").open("a") as lock:
        if not _locked(lock):
            raise RunsAlready(_read(mark))
        _end_orphans(_read(mark))
        mark.unlink(missing_ok=True)
        try:
            yield mark
        finally:
            mark.unlink(missing_ok=True)


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def note(mark: Path, addresses: dict[str, str], children: Sequence[Child]) -> None:
    """Say who runs here, for a second `up` and for one that comes after a crash."""
    processes = {child.name: [child.process.pid, _command_of(child.process.pid)] for child in children}
    told = {"pid": os.getpid(), "addresses": addresses, "processes": processes}
    written = mark.with_suffix(".new")
    written.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    written.replace(mark)


def _read(mark: Path) -> dict[str, Any]:
    """What the file says; nothing, where it is not there or was never ours."""
    try:
        told = json.loads(mark.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _end_orphans(told: dict[str, Any]) -> None:
    """End what an `up` that was killed has left running: it would hold the ports, and run beside us."""
    for found in (told.get("processes") or {}).values():
        pid, command = found
        # A number may have been given to somebody else's process since.
        if not command or _command_of(pid) != command:
            continue
        for order in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, order)
            until = time.monotonic() + 10
            while group_is_there(pid) and time.monotonic() < until:
                time.sleep(0.1)


def _command_of(pid: int) -> str:
    """When a process began and what it is; empty when there is none."""
    asked = ["ps", "-o", "lstart=,command=", "-p", str(pid)]
    try:
        return subprocess.run(asked, capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
