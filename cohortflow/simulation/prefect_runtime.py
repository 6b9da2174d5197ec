"""Prefect's own engine for a simulation: an ephemeral server, set so that runs cost little and say little."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Any

from cohortflow.engine import unseen
from schemas.errors import CohortflowError

STARTUP_SECONDS = 120
# Nothing is scheduled, late or paused while a simulation runs, and nobody reads the feed of events: these services
# would only share its cores, and the lock of its database.
IDLE_SERVICES = ("SCHEDULER", "LATE_RUNS", "PAUSE_EXPIRATIONS", "FOREMAN", "TRIGGERS", "REPOSSESSOR", "EVENT_PERSISTER")
# Whatever server or database the environment or a profile names is somebody else's.
NOT_OURS = ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING")


@contextmanager
def prefect_running(home: Path, *, with_events: bool = False) -> Iterator[Callable[[], None]]:
    """Run Prefect's server for the length of the block; the runs of flows are kept in `home`.

    The server starts while the block goes on; flows may be called once the function that is given has returned.

    Args:
        with_events: let the engine tell of every task, too. It does so by events, several for each, which took a
            quarter of the time of a whole life; without them the server knows of flows alone.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ |= {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}  # read on import
    from prefect import settings
    from prefect.context import SyncClientContext
    from prefect.events.clients import NullEventsClient
    from prefect.events.worker import EventsWorker
    from prefect.server.api.server import SubprocessASGIServer

    not_ours = {getattr(settings, name) for name in NOT_OURS}
    with ExitStack() as stack:
        told = _settings_for(home, with_events)
        stack.enter_context(settings.temporary_settings(told, restore_defaults=not_ours))
        stack.enter_context(_quietly())
        stack.enter_context(unseen())
        if not with_events:
            EventsWorker.set_client_override(NullEventsClient)
            stack.callback(EventsWorker.set_client_override, None)
        starting = _Starting(SubprocessASGIServer())
        stack.callback(starting.stop)

        def wait() -> None:
            starting.wait()
            # One client for all runs: each would make its own, and read the world's certificates for it.
            stack.enter_context(SyncClientContext.get_or_create())

        yield wait


class _Starting(threading.Thread):
    """A server that starts in the background, with the settings of whoever asked for it."""

    def __init__(self, server: Any) -> None:
        super().__init__(daemon=True)
        self.server, self.context = server, copy_context()
        self.problem: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.context.run(self.server.start, STARTUP_SECONDS)
        except Exception as problem:
            self.problem = problem  # raised again where somebody waits for the server

    def stop(self) -> None:
        """End the server, even one that is still starting."""
        self.join()
        self.server.stop()

    def wait(self) -> None:
        """Return when the server answers.

        Raises:
            CohortflowError: it does not.
        """
        self.join()
        if self.problem is not None:
            raise CohortflowError(
                f"Prefect's server did not start within {STARTUP_SECONDS} seconds; run this again when the machine "
                "is less busy, or with --engine plain"
            ) from self.problem


def _one_certificate(home: Path) -> Path:
    """One of the world's authorities instead of all: each subflow reads them anew, and this server speaks no TLS."""
    import certifi

    end = "-----END CERTIFICATE-----\n"
    file = home / "authority.pem"
    file.write_text(certifi.contents().partition(end)[0] + end, encoding="ascii", errors="replace")
    return file


def _settings_for(home: Path, with_events: bool) -> dict[Any, Any]:
    from prefect import settings

    told: dict[str, Any] = {
        "PREFECT_HOME": home,
        "PREFECT_API_SSL_CERT_FILE": str(_one_certificate(home)),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": True,
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": STARTUP_SECONDS,
        "PREFECT_SERVER_ANALYTICS_ENABLED": False,
        # Each event written alone locks the server's own SQLite against the runs it is told about.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": 100,
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": 100,
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": 1,
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": None,
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_ENABLED": False,
        "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": False,
    }
    told |= {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": False for name in IDLE_SERVICES}
    told["PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED"] = with_events
    return {getattr(settings, name): value for name, value in told.items()}


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the lines Prefect writes about every run off the terminal: warnings and errors only."""
    names = ("prefect", "prefect.flow_runs", "prefect.task_runs", "prefect.engine", "httpx")
    loggers = [logging.getLogger(name) for name in names]
    before = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)
