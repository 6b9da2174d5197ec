"""Where everything of one installation runs and keeps its things, and what each of its processes is told."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from schemas.errors import CohortflowError
from schemas.settings import Settings

POOL = "cohortflow"
HEARTBEAT_SECONDS = 180
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# What an operator may set otherwise in the environment; docs/operations.md explains each.
DEFAULTS = {
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
    # In memory, a server that is killed would forget who holds the tick's one place, and no tick would ever run again.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P30D",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(90 * 86_400),
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    # What a client would ask the server before its first word: each run is a client, and this server is our own.
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    # Another site's page, open in the same browser, may neither pause nor start anything.
    "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
}
SERVER_DATABASE = ("PREFECT_API_DATABASE_CONNECTION_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL")
NOT_FOR_ALL = ("COHORTFLOW_ENGINE", *SERVER_DATABASE)
OURS = ("COHORTFLOW_", "SENDGRID_")
SILENCE = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}


@dataclass(frozen=True)
class Layout:
    """One installation on this machine: its home, its ports, and the environment it was started from."""

    settings: Settings
    host: str = "127.0.0.1"
    port: int = 4200
    portal_port: int = 8080
    metrics_port: int = 9188
    given: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def __post_init__(self) -> None:
        if self.host not in LOOPBACK and not self.auth:
            raise CohortflowError(
                f"{self.host} is open to other machines, and Prefect's pages would have no password: set "
                "PREFECT_SERVER_API_AUTH_STRING to user:password first, or leave out --host"
            )

    @property
    def auth(self) -> str:
        """The user:password of Prefect's server; empty when it has none."""
        return self.given.get("PREFECT_SERVER_API_AUTH_STRING", "")

    @property
    def folder(self) -> Path:
        """What `up` itself keeps: who is running, and the logs."""
        return self.settings.var / "up"

    @property
    def prefect_home(self) -> Path:
        """Where Prefect keeps its runs."""
        return Path(self.given.get("PREFECT_HOME") or self.settings.var / "prefect").resolve()

    @property
    def pages(self) -> str:
        """The address of Prefect's pages, as this machine opens them."""
        return f"http://{'127.0.0.1' if self.host in ('0.0.0.0', *LOOPBACK) else self.host}:{self.port}"

    @property
    def api(self) -> str:
        """Where Prefect's server is asked."""
        return f"{self.pages}/api"

    @property
    def portal(self) -> str:
        """The address of the participants' pages on this machine."""
        return f"http://127.0.0.1:{self.portal_port}"

    @property
    def watching(self) -> str:
        """The address that watchers on this machine ask."""
        return f"http://127.0.0.1:{self.metrics_port}"

    @cached_property
    def environment(self) -> dict[str, str]:
        """What every process of ours is told."""
        # The command line may have been told to do without Prefect; what it starts may not.
        kept = {name: value for name, value in self.given.items() if name not in NOT_FOR_ALL}
        told = {
            "COHORTFLOW_HOME": str(self.settings.home.resolve()),
            "PREFECT_HOME": str(self.prefect_home),
            "PREFECT_API_URL": self.api,
            "TMPDIR": str(self.prefect_home / "tmp"),
        }
        if self.auth:
            told["PREFECT_API_AUTH_STRING"] = self.auth
        return DEFAULTS | {"COHORTFLOW_PORTAL_URL": self.portal} | kept | SILENCE | told

    @property
    def server_environment(self) -> dict[str, str]:
        """What Prefect's server is told: nothing of our database and our keys."""
        kept = {name: value for name, value in self.environment.items() if not name.startswith(OURS)}
        kept |= {name: self.given[name] for name in SERVER_DATABASE if name in self.given}
        seen_at = self._seen_at()
        return kept | {
            "PREFECT_SERVER_API_HOST": self.host,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_UI_API_URL": f"{seen_at}/api",
            # The pages ask their own server; no other page that is open in the same browser may.
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": seen_at,
        }

    def _seen_at(self) -> str:
        """The address by which browsers reach the pages; behind a proxy the operator says which."""
        told = self.given.get("PREFECT_SERVER_UI_API_URL", "")
        if told and self.host not in LOOPBACK:
            return told.removesuffix("/").removesuffix("/api")
        return f"http://{socket.getfqdn()}:{self.port}" if self.host == "0.0.0.0" else self.pages
