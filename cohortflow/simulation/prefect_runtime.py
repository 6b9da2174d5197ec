"""Prefect's own engine for a simulation: an ephemeral server, set so that runs cost little and say little."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STARTUP_SECONDS = 120
# Nothing is scheduled, late or paused while a simulation runs; these services would only share its two cores.
IDLE_SERVICES = ("SCHEDULER", "LATE_RUNS", "PAUSE_EXPIRATIONS", "FOREMAN", "TRIGGERS", "REPOSSESSOR")


@contextmanager
def prefect_running(home: Path) -> Iterator[None]:
    """Run Prefect's server for the length of the block; flows called in it are runs of that server, kept in `home`.

    Whatever server the environment or a profile names is left alone.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Read by Prefect while it is imported.
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    from prefect import settings
    from prefect.server.api.server import SubprocessASGIServer

    with settings.temporary_settings(_settings_for(home), restore_defaults=_not_ours(settings)), _quietly():
        # Started by name: a flow that has to start it would wait no longer than a profile says.
        server = SubprocessASGIServer()
        server.start(STARTUP_SECONDS)
        try:
            yield
        finally:
            server.stop()


def _not_ours(settings: Any) -> set[Any]:
    """What would send our runs to somebody else's server."""
    return {settings.PREFECT_API_URL, settings.PREFECT_API_KEY, settings.PREFECT_API_AUTH_STRING}


def _settings_for(home: Path) -> dict[Any, Any]:
    from prefect.settings import legacy

    told: dict[str, Any] = {
        "PREFECT_HOME": home,
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": True,
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": STARTUP_SECONDS,
        "PREFECT_SERVER_ANALYTICS_ENABLED": False,
        # Each event written alone locks the server's own SQLite against the runs it is told about.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": 100,
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": 100,
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": 1,
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": None,
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_TO_API_ENABLED": False,
    }
    told |= {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": False for name in IDLE_SERVICES}
    known = legacy._get_settings_fields(legacy.Settings)
    return {known[name]: value for name, value in told.items()}


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
