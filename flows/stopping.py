"""Being asked to stop: what has begun is brought to its end, nothing new is begun, and only then the process goes."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass
class Stop:
    """Whether the process was asked to stop, and by which signal."""

    by: int = 0

    @property
    def is_told(self) -> bool:
        """Whether to begin nothing new."""
        return bool(self.by)


@contextmanager
def told_to_stop() -> Iterator[Stop]:
    """Note a signal to stop instead of dying of it; after the block it does what it would have done.

    A second signal does that at once.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        _put_back(before)
        stop.by = number

    for number in SIGNALS:
        signal.signal(number, note)
    try:
        yield stop
    finally:
        _put_back(before)
        if stop.by:
            signal.raise_signal(stop.by)


def _put_back(before: dict[signal.Signals, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
