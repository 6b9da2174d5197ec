"""`cohortflow doctor`: looks at everything a running installation needs, and says how to mend what is wrong."""

import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cohortflow.operations.layout import LOOPBACK
from cohortflow.operations.processes import authorization
from cohortflow.operations.questions import ask, scheduled_ahead, workers_online
from cohortflow.store import instances, pulse
from cohortflow.store.database import Database, open_existing
from cohortflow.store.schema import schema_of
from schemas.errors import CohortflowError
from schemas.health import Finding
from schemas.settings import CHECKOUT, Settings

TICK_FRESH = timedelta(minutes=30)
ROOM_BYTES, ROOM_TO_WARN = 200 * 2**20, 2 * 2**30
CLOCKS_APART = timedelta(seconds=30)
# Whatever else constraints.txt holds may differ; with these another version is known to break something, silently.
HELD_BACK = ("prefect", "fastapi", "sqlalchemy", "pandas", "pandera", "pydantic")
KEY_LIKE = ("KEY", "SECRET", "TOKEN", "PASSWORD", "AUTH_STRING")


@dataclass(frozen=True)
class Patient:
    """What is examined: an installation's settings and the environment it is examined in."""

    settings: Settings
    environment: Mapping[str, str]

    @property
    def api(self) -> str:
        """Where Prefect's server is asked."""
        return self.environment.get("PREFECT_API_URL", "http://127.0.0.1:4200/api")

    @property
    def auth(self) -> str:
        """The user:password of Prefect's server."""
        given = self.environment
        return given.get("PREFECT_API_AUTH_STRING") or given.get("PREFECT_SERVER_API_AUTH_STRING", "")


def examine(patient: Patient, more: tuple[Callable[[Settings], list[Finding]], ...] = ()) -> list[Finding]:
    """Look at everything; one examination that itself fails is a finding and stops no other.

    Args:
        more: further examinations, such as those of the mail.
    """
    found: list[Finding] = []
    for look in EXAMINATIONS:
        try:
            found += look(patient)
        except Exception as error:
            told = str(error) if isinstance(error, CohortflowError) else type(error).__name__
            name = look.__name__.removeprefix("look_at_").replace("_", " ")
            found.append(Finding(name, "fail", told, "see what it says"))
    for other in more:
        found += other(patient.settings)
    return found


def look_at_versions(_: Patient) -> list[Finding]:
    """The libraries against the versions that are known to work together."""
    lines = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    held = {name.lower(): wanted for name, _, wanted in (line.partition("==") for line in lines)}
    wrong = []
    for name in HELD_BACK:
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        if found != held.get(name, found):
            wrong.append(f"{name} is {found}, not {held[name]}")
    if wrong:
        cure = "python -m pip install -c constraints.txt -e ."
        return [Finding("versions", "fail", "; ".join(wrong), cure)]
    return [Finding("versions", "ok", "the libraries are those known to work together")]


def look_at_database(patient: Patient) -> list[Finding]:
    """Ours: reachable, migrated, and ticked."""
    settings = patient.settings
    database = open_existing(settings.database, timeout=min(settings.database_timeout, 10))
    if database is None:
        cure = "run `cohortflow up`, or `cohortflow tick` once"
        return [Finding("database", "fail", "there is none yet", cure)]
    try:
        return [_schema(database), *_life(database)]
    finally:
        database.close()


def _schema(database: Database) -> Finding:
    have, want = schema_of(database)
    if have == want:
        return Finding("database", "ok", f"reachable, schema {have}")
    return Finding("database", "fail", f"has schema {have or 'none'}, this checkout wants {want}",
                   "update the older one of the two, then run `cohortflow tick` once")  # fmt: skip


def _life(database: Database) -> list[Finding]:
    with database.read() as db:
        now = instances.read_clock(db).at(datetime.now(UTC))
        found = pulse.read_pulse(db, now)
    told = [_tick(found)]
    if found.sending_hold:
        told.append(Finding("sending", "fail", f"no mail leaves: {found.sending_hold}",
                            "once no other copy sends: cohortflow mail confirm-instance --by NAME"))  # fmt: skip
    if found.turned_away:
        told.append(Finding("sending", "warn", f"{found.turned_away} transports were turned away and stand still",
                            "`cohortflow mail status` says why and what to do"))  # fmt: skip
    if count := found.mails.get("unknown", 0):
        told.append(Finding("mails in doubt", "warn", f"of {count} mails nobody knows whether they left",
                            "settle each: see docs/operations.md, Mail whose fate is unknown"))  # fmt: skip
    held = found.cohorts.get("held", 0) + found.held_by_roster
    if held:
        told.append(Finding("held cohorts", "warn", f"{held} are held", "`cohortflow status` says why"))
    if found.failing:
        told.append(Finding("failing occasions", "warn", f"{found.failing} have failed and are tried again",
                            "`cohortflow status PROGRAM/COHORT` names them and their errors"))  # fmt: skip
    return told


def _tick(found: pulse.Pulse) -> Finding:
    cure = "does a worker run, and is the schedule of advance-programs on? `cohortflow up` starts everything"
    if found.tick_age is None:
        return Finding("last tick", "fail", "there has been none", cure)
    minutes = int(found.tick_age.total_seconds() // 60)
    if found.tick_age > TICK_FRESH:
        return Finding("last tick", "fail", f"ended {minutes:,} minutes ago", cure)
    return Finding("last tick", "ok", f"ended {minutes} minutes ago")


def look_at_server(patient: Patient) -> list[Finding]:
    """Prefect's: healthy, with runs scheduled ahead, and a pool that is polled."""
    try:
        healthy = ask(patient.api, patient.auth, "/health") is True
    except urllib.error.HTTPError as error:
        cure = "set PREFECT_API_AUTH_STRING to the user:password of the server"
        return [Finding("Prefect's server", "fail", f"{patient.api} answers {error.code}", cure)]
    except (OSError, ValueError):
        healthy = False
    if not healthy:
        cure = "start it (`cohortflow up`), or set PREFECT_API_URL to where it is"
        return [Finding("Prefect's server", "fail", f"nothing healthy answers at {patient.api}", cure)]
    return [Finding("Prefect's server", "ok", f"healthy at {patient.api}"), _schedule(patient), _pool(patient)]


def _schedule(patient: Patient) -> Finding:
    count = scheduled_ahead(patient.api, patient.auth, datetime.now(UTC))
    if count:
        return Finding("schedule", "ok", f"{count} runs are scheduled ahead")
    cure = "run `cohortflow deploy`; is the schedule of advance-programs paused? Are the versions right?"
    return Finding("schedule", "fail", "the server has scheduled no run ahead", cure)


def _pool(patient: Patient) -> Finding:
    names = workers_online(patient.api, patient.auth)
    if names:
        return Finding("worker", "ok", f"{len(names)} poll the pool")
    return Finding("worker", "fail", "nobody polls the work pool",
                   "start one: prefect worker start --pool cohortflow --type process")  # fmt: skip


def look_at_clock(patient: Patient) -> list[Finding]:
    """This machine's clock against the server's, and the time zones."""
    found = []
    try:
        asked = urllib.request.Request(f"{patient.api}/health", headers=authorization(patient.auth))
        with urllib.request.urlopen(asked, timeout=5) as answer:
            apart = abs(parsedate_to_datetime(answer.headers["Date"]) - datetime.now(UTC))
        if apart > CLOCKS_APART:
            found.append(Finding("clock", "fail", f"{apart.total_seconds():.0f} seconds from the server's",
                                 "set both machines by a time service (chrony, systemd-timesyncd)"))  # fmt: skip
    except (OSError, TypeError, ValueError):
        pass  # a server that does not answer is told of by its own examination
    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        found.append(Finding("time zones", "fail", "there are none", "python -m pip install tzdata"))
    return found or [Finding("clock", "ok", "clock and time zones are sane")]


def look_at_disk(patient: Patient) -> list[Finding]:
    """Room where the database, the mail and Prefect's runs are written."""
    place = patient.settings.var if patient.settings.var.exists() else patient.settings.home
    free = shutil.disk_usage(place).free
    told = f"{free / 2**30:,.1f} GB are free at {place}"
    verdict = "fail" if free < ROOM_BYTES else "warn" if free < ROOM_TO_WARN else "ok"
    return [Finding("disk", verdict, told, "" if verdict == "ok" else "free some space")]  # type: ignore[arg-type]


def look_at_doors(patient: Patient) -> list[Finding]:
    """Prefect's pages must not be open to others without a password."""
    host = patient.environment.get("PREFECT_SERVER_API_HOST", "127.0.0.1")
    if host not in LOOPBACK and not patient.auth:
        return [Finding("doors", "fail", f"Prefect's pages listen on {host} without a password",
                        "bind them to 127.0.0.1, or set PREFECT_SERVER_API_AUTH_STRING")]  # fmt: skip
    address = _address_of_others(patient)
    if address and not patient.auth and _listens(*address):
        return [Finding("doors", "fail", f"Prefect's pages can be reached at {address[0]} without a password",
                        "bind them to 127.0.0.1 (PREFECT_SERVER_API_HOST), or set a password")]  # fmt: skip
    if _is_open_to_other_sites(patient):
        return [Finding("doors", "warn", "a page of another site in an operator's browser may pause and start things",
                        "start the server with PREFECT_SERVER_CSRF_PROTECTION_ENABLED=true")]  # fmt: skip
    return [Finding("doors", "ok", "Prefect's pages are not open to other machines without a password")]


def _is_open_to_other_sites(patient: Patient) -> bool:
    try:
        told = ask(patient.api.removesuffix("/api"), patient.auth, "/ui-settings")
    except (OSError, ValueError):
        return False  # a server that does not answer is told of by its own examination
    return told.get("csrf_enabled") is False


def _address_of_others(patient: Patient) -> tuple[str, int] | None:
    """Where another machine would find the server of this one."""
    try:
        address = socket.gethostbyname(socket.gethostname())
        port = int(patient.api.split("://")[1].split("/")[0].rpartition(":")[2])
    except (OSError, ValueError, IndexError):
        return None
    return None if address.startswith("127.") else (address, port)


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def look_at_secrets(patient: Patient) -> list[Finding]:
    """Those that are set must be strong, and no file with secrets may be open to others."""
    weak = [
        name
        for name, value in patient.environment.items()
        if name.startswith(("COHORTFLOW_", "PREFECT_", "SENDGRID_")) and name.endswith(KEY_LIKE) and len(value) < 16
    ]
    cure = "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"
    found = [Finding("secrets", "fail", f"{name} is shorter than 16 signs", cure) for name in sorted(weak)]
    if patient.settings.database.startswith("sqlite:///"):
        file = Path(patient.settings.database.removeprefix("sqlite:///"))
        if file.exists() and file.stat().st_mode & 0o077:
            found.append(Finding("secrets", "fail", "the database can be read by other users", "chmod 600 it"))
    return found or [Finding("secrets", "ok", "what is set is strong, and closed to others")]


def look_at_portal(patient: Patient) -> list[Finding]:
    """The address that stands in mails must lead to the pages."""
    address = patient.settings.portal_url.rstrip("/")
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
            if answer.status == 200:
                return [Finding("participants' pages", "ok", f"answer at {address}")]
    except (OSError, ValueError):
        pass
    return [Finding("participants' pages", "warn", f"do not answer at {address}, where the links in mails lead",
                    "start them, or set COHORTFLOW_PORTAL_URL to their address")]  # fmt: skip


EXAMINATIONS: tuple[Callable[[Patient], list[Finding]], ...] = (
    look_at_versions, look_at_database, look_at_server, look_at_clock, look_at_disk, look_at_doors, look_at_secrets,
    look_at_portal,
)  # fmt: skip
