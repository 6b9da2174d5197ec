"""One wait for the disk instead of hundreds: syncfs, where the system has it and reports what went wrong."""

import ctypes
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

FIRST_THAT_REPORTS = (5, 8)  # earlier kernels wait, too, but swallow the disk's error


def sync_file_system(path: Path | str) -> bool:
    """Wait until everything written to the file system of `path` is durable; False where that cannot be asked for.

    Raises:
        OSError: the disk could not keep it.
    """
    syncfs = _syncfs()
    if syncfs is None:
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
    return True


@cache
def _syncfs() -> Any:
    if sys.platform != "linux":
        return None
    version = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2] if part.isdigit())
    if version < FIRST_THAT_REPORTS:
        return None
    return getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
