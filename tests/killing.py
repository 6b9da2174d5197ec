"""SIGKILL at a chosen point of an act, in a forked child; what that leaves behind; and the second run.

A point is the instant before an SQL statement (BEGIN included), before a COMMIT, and before each link and removal of
a file in the outbox. Nothing of this is known to the code under test: SQLAlchemy's and Python's own events count.
"""

import hashlib
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from scenes import Scene
from sqlalchemy import event

from cohortflow.mailroom.outbox import OutboxTransport
from cohortflow.store import events
from cohortflow.store.database import Database, open_database
from cohortflow.store.tables import metadata
from flows.house import House

Act = Callable[[Scene], None]
State = dict[str, list[tuple[Any, ...]]]

# What may differ after a second try: how often something was tried, by whom, and the numbers a database gives.
VOLATILE = {"fence", "attempts", "lease_owner", "lease_until", "retry_at", "occasion_id", "version"}


@dataclass(frozen=True)
class Step:
    """One act of a cohort's life: the files it began with, and how it ends when nobody is killed."""

    name: str
    act: Act
    now: datetime
    before: Path
    after: State
    mails: dict[str, str]


def count_down_to(point: int, database: Database, outbox: Path) -> None:
    """Kill this process at its n-th point."""
    left = point

    def reach(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def touch(name: str, given: tuple[Any, ...]) -> None:
        if name in ("os.link", "os.remove") and str(given[0]).startswith(str(outbox)):
            reach()

    event.listen(database.engine, "before_cursor_execute", reach)
    event.listen(database.engine, "commit", reach)
    sys.addaudithook(touch)


def was_killed_at(point: int, scene: Scene, act: Act) -> bool:
    """Let a child act until its n-th point; False when it came to the end before."""
    child = os.fork()
    if child == 0:
        try:
            count_down_to(point, scene.house.database, scene.house.settings.outbox)
            act(scene)
            os._exit(0)
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"the act failed by itself at point {point}"
    return os.WIFSIGNALED(status)


def run_again(scene: Scene, act: Act) -> None:
    """What happens after a crash: leases run out (here at once), and the next run does the same again."""
    with scene.house.database.write() as db:
        for name in ("occasions", "messages"):
            table = metadata.tables[name]
            db.execute(table.update().where(table.c.lease_until.is_not(None)).values(lease_until=0))
    act(scene)


def state_of(database: Database, *, every_column: bool = False) -> State:
    """Every row of every table, as far as it must be the same whoever was killed on the way."""
    found = {}
    with database.read() as db:
        for table in metadata.sorted_tables:
            names = [c.name for c in table.c if every_column or c.name not in VOLATILE]
            rows = [tuple(row) for row in db.execute(sa.select(*[table.c[name] for name in names]))]
            found[table.name] = sorted(rows, key=repr)
    if not every_column:
        found["events"] = _story(database)
        # Who tried how often is volatile; that nothing was accepted twice is not.
        found["message_attempts"] = []
    return found


def _story(database: Database) -> list[tuple[Any, ...]]:
    """The history without delivery (a recovery tells more of it), and without the seals; each chain must be whole."""
    table, told = metadata.tables["events"], []
    with database.read() as db:
        for row in db.execute(sa.select(table).order_by(table.c.chain, table.c.seq)).mappings():
            if not row["kind"].startswith("mail."):
                told.append(tuple(row[name] for name in ("chain", "at", "kind", "occasion", "about", "counts")))
        for chain in db.execute(sa.select(table.c.chain).distinct()).scalars().all():
            assert events.first_broken_line(db, chain) is None, f"the chain {chain} is broken"
    return told


def mails_in(outbox: Path) -> dict[str, str]:
    """The letters that were accepted: name and content."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(outbox.glob("*.eml"))}


def letters_touched(outbox: Path) -> dict[str, tuple[int, int]]:
    """Which file each letter is; a letter written a second time would be another."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in outbox.glob("*.eml")}


def set_back(step: Step, house: House, url: str) -> Scene:
    """The house as it was when the step began, on the database at `url` (a SQLite file is put back too)."""
    home = house.settings.home
    shutil.rmtree(home / "var", ignore_errors=True)
    shutil.rmtree(home / "inbox", ignore_errors=True)
    shutil.copytree(step.before / "var", home / "var")
    shutil.copytree(step.before / "inbox", home / "inbox")
    outbox = OutboxTransport(house.settings.outbox, durable=False)
    fresh = replace(house, database=open_database(url, durable=False), transport=outbox, roster_changed=True)
    return Scene(fresh, step.now)


def wait_until_alone(database: Database) -> None:
    """PostgreSQL notices a killed client a moment later; only then are its locks gone."""
    alone = sa.text("select count(*) = 0 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
    with database.engine.connect() as db:
        until = time.monotonic() + 10
        while not db.execute(alone).scalar_one():
            db.rollback()
            assert time.monotonic() < until, "a killed worker still holds its connection"
            time.sleep(0.002)
