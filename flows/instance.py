"""One active instance: what an installation remembers outside its database, to know a copy when it sees one."""

import json
import os
import socket
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from cohortflow.store import places
from cohortflow.store.database import Database
from cohortflow.store.messages import Message
from schemas.errors import CohortflowError
from schemas.settings import Settings

FILE = "instance"
MACHINE_ID = Path("/etc/machine-id")


def machine() -> str:
    """What names this machine, also after it was given another host name."""
    try:
        return MACHINE_ID.read_text(encoding="ascii").strip() or socket.gethostname()
    except (OSError, ValueError):
        return socket.gethostname()


def look_around(settings: Settings, database: Database, now: datetime) -> str:
    """See whether the database belongs here; when it does not, nothing is sent from it until that is confirmed.

    Returns:
        The id of the instance, by which `remember` knows what to watch.
    """
    with database.read() as db:
        found, place = places.read_place(db), places.here(db, machine())
        problem = None if found.hold else _problem(settings, db, found, place)
    if found.hold or (problem is None and found.known == place):
        return found.instance_id
    with database.write_alone() as db:
        if problem is None:
            places.settle_down(db, place)
        elif not places.sending_hold(db):
            places.hold_sending(db, problem, now)
    return found.instance_id


def _problem(settings: Settings, db: Connection, found: places.Place, place: str) -> str | None:
    if found.known is None:
        return None
    if found.known != place:
        return places.MOVED
    told = _read(settings.var / FILE)
    if told.get("instance") != found.instance_id or not told.get("message"):
        return None
    return None if places.has_sent(db, str(told["message"]), int(told["attempt"])) else places.OLDER


def remember(settings: Settings, instance_id: str, claimed: Sequence[Message]) -> None:
    """Keep the newest claim outside the database, before its mails leave: an older copy will not know of it."""
    if instance_id and claimed:
        last = claimed[-1]
        _write(settings.var / FILE, {"instance": instance_id, "message": last.message_id, "attempt": last.attempts})


def confirm(settings: Settings, database: Database, now: datetime, by: str) -> str | None:
    """A person says that this is the database to send from.

    Returns:
        Why nothing was sent until now; None when nothing was in the way.

    Raises:
        CohortflowError: `by` is an address, or empty.
    """
    if "@" in by or not by.strip():
        raise CohortflowError("--by: give a short name or a role, such as operations; the history holds no addresses")
    with database.write_alone() as db:
        found = places.read_place(db)
        if found.hold is not None:
            places.confirm(db, places.here(db, machine()), now, by.strip())
            # What was remembered is of the other one.
            (settings.var / FILE).unlink(missing_ok=True)
    return found.hold


def _read(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _write(path: Path, told: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_name(f"{FILE}.{os.getpid()}")
    half.write_text(json.dumps(told) + "\n", encoding="utf-8")
    half.chmod(0o600)
    half.replace(path)
