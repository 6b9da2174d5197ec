"""Where a step of a cohort's life is tried again and again, on either database, and how two ends are compared."""

import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from scenes import Scene

from cohortflow.mailroom.outbox import OutboxTransport
from cohortflow.store import events
from cohortflow.store.database import Database, open_database
from cohortflow.store.shelf import shelf_of
from cohortflow.store.tables import metadata
from flows.house import House

Act = Callable[[Scene], object]
State = dict[str, list[tuple[Any, ...]]]
Letters = dict[str, str]
Files = frozenset[tuple[str, int, int]]

TABLES = [table.name for table in metadata.sorted_tables]

# What may differ after a second try: how often something was tried, by whom, and the numbers a database gives.
SEQUENCE_SET = (
    "select setval('occasions_occasion_id_seq', (select coalesce(max(occasion_id), 0) + 1 from public.occasions))"
)
_LEASED = {"fence", "attempts", "lease_owner", "lease_until", "retry_at"}
VOLATILE = _LEASED | {"occasion_id", "version", "place", "ticks"}


@dataclass(frozen=True)
class Step:
    """One act of a cohort's life: the files it began with, and how it ends when nobody is killed."""

    name: str
    act: Act
    now: datetime
    before: Path
    after: State
    letters: Letters
    cold: bool = False  # whether the process is to look at the files as if it had never seen them


@dataclass(frozen=True)
class Ground:
    """Where steps are tried again and again: one home, one database whose statements stay compiled."""

    house: House
    rows: Callable[[Step], None] | None = None

    def set_back(self, step: Step) -> Scene:
        """Everything as it was when the step began, in a process that has just started."""
        self.house.database.close()
        shelf_of(self.house.database.engine)._kept.clear()  # or the number of statements told what ran here before
        _put_files_back(step.before, self.house.settings.home)
        if self.rows is not None:
            self.rows(step)
        seen = {"signatures": {}, "texts_faults": None} if step.cold else {"signatures": dict(self.house.signatures)}
        return Scene(replace(self.house, roster_changed=True, **seen), step.now)


def ground(house: House, home: Path, url: str = "") -> Ground:
    """A ground of its own beside a house: on SQLite files that come and go with `home`, or on a migrated PostgreSQL."""
    settings = house.settings.model_copy(update={"home": home, "database_url": url, "lease_seconds": 3600})
    database = open_database(settings.database, durable=False)
    transport = OutboxTransport(settings.outbox, durable=False)
    there = replace(house, settings=settings, database=database, transport=transport)
    if not url:
        return Ground(there)

    return Ground(there, rows_put_back(database))


def rows_put_back(database: Database) -> Callable[[Step], None]:
    """What makes a migrated PostgreSQL hold exactly the rows a step began with.

    The first time they come from the step's files; a copy is kept beside them in the database, and every later time
    is one round trip to the server.
    """
    known = set[str]()

    def put_back(step: Step) -> None:
        kept = f"before_{step.before.name}"
        if kept in known:
            emptied = [f"delete from {name}" for name in reversed(TABLES)]
            return _run(database, [*emptied, *_copied(kept, "public"), SEQUENCE_SET])
        source = open_database(f"sqlite:///{step.before / 'var' / 'cohortflow.db'}")
        fill(database, source)
        source.close()
        _run(database, [f"drop schema if exists {kept} cascade", f"create schema {kept}"])
        _run(database, [f"create table {kept}.{name} (like {name})" for name in TABLES] + _copied("public", kept))
        known.add(kept)

    return put_back


def _copied(source: str, into: str) -> list[str]:
    return [f"insert into {into}.{name} select * from {source}.{name}" for name in TABLES]


def _run(database: Database, statements: list[str]) -> None:
    with database.write() as db:
        db.exec_driver_sql("; ".join(statements))


def _put_files_back(before: Path, home: Path) -> None:
    for folder in ("var", "inbox"):
        shutil.rmtree(home / folder, ignore_errors=True)
        shutil.copytree(before / folder, home / folder, copy_function=shutil.copyfile)


def wait_until_alone(database: Database) -> None:
    """PostgreSQL notices a killed client a moment later; only then are its locks gone."""
    if database.is_sqlite:
        return
    others = sa.text(
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    )
    until = time.monotonic() + 10
    while True:
        with database.read() as db:
            if db.execute(others).scalar_one() == 0:
                return
        assert time.monotonic() < until, "a killed worker still holds its connection"
        time.sleep(0.002)


def fill(database: Database, source: Database) -> None:
    """Make a migrated database hold exactly the rows of another."""
    with source.read() as db:
        rows = {
            table: [dict(row) for row in db.execute(sa.select(table)).mappings()] for table in metadata.sorted_tables
        }
    with database.write() as db:
        for table in reversed(metadata.sorted_tables):
            db.execute(table.delete())
        for table, its_rows in rows.items():
            if its_rows:
                db.execute(table.insert(), its_rows)
        if not database.is_sqlite:
            db.exec_driver_sql(SEQUENCE_SET)


def run_again(scene: Scene, act: Act) -> None:
    """What happens after a crash: leases run out (here at once), and the next run does the same again."""
    with scene.house.database.write() as db:
        for name in ("occasions", "messages"):
            table = metadata.tables[name]
            db.execute(table.update().where(table.c.lease_until.is_not(None)).values(lease_until=0))
    act(scene)


def rows_of(database: Database, leave_out: Callable[[sa.Column[Any]], bool]) -> State:
    """Every row of every table, sorted, without some columns."""
    found = {}
    with database.read() as db:
        for table in metadata.sorted_tables:
            columns = [column for column in table.c if not leave_out(column)]
            if columns:
                found[table.name] = sorted((tuple(row) for row in db.execute(sa.select(*columns))), key=repr)
    return found


def state_of(database: Database) -> State:
    """Everything that must be the same in the end, whoever was killed on the way."""
    found = rows_of(database, lambda column: column.name in VOLATILE or column.table.name == "message_attempts")
    return found | {"events": history_of(database)}


def history_of(database: Database) -> list[tuple[Any, ...]]:
    """The history without delivery (a recovery tells more of it) and without seals; each chain must be whole."""
    table, told = metadata.tables["events"], []
    with database.read() as db:
        for row in db.execute(sa.select(table).order_by(table.c.chain, table.c.seq)).mappings():
            if not row["kind"].startswith("mail."):
                told.append(tuple(row[name] for name in ("chain", "at", "kind", "occasion", "about", "counts")))
        for chain in db.execute(sa.select(table.c.chain).distinct()).scalars().all():
            assert events.first_broken_line(db, chain) is None, f"the chain {chain} is broken"
    return told


def mark_of(database: Database, outbox: Path) -> str:
    """A short name for everything there is: two equal ones have the same future."""
    rows = rows_of(database, lambda column: column.name in ("lease_until", "ticks"))
    return hashlib.sha256(repr((rows, letters_there(outbox))).encode()).hexdigest()


def letters_there(outbox: Path) -> list[str]:
    """The names of the letters that were accepted."""
    return sorted(path.name for path in outbox.glob("*.eml"))


def letters_in(outbox: Path) -> Letters:
    """The letters that were accepted: name and content."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in outbox.glob("*.eml")}


def files_of(outbox: Path) -> Files:
    """Which file each letter is; a letter put there a second time would be another."""
    return frozenset((path.name, path.stat().st_ino, path.stat().st_mtime_ns) for path in outbox.glob("*.eml"))


def insist_on_the_same_end(
    step: Step, scene: Scene, told: str, letters: Files = frozenset(), *, ordered: bool = True
) -> None:
    """Compare with the end of the undisturbed life.

    Args:
        letters: the files that were there before the second run.
        ordered: whether the history must tell things in the same order, too.
    """
    outbox, told = scene.house.settings.outbox, f"{step.name}, {told}"
    assert letters <= files_of(outbox), f"{told}: a letter was lost or put there again"
    assert letters_in(outbox) == step.letters, f"{told}: not the same letters"
    found = state_of(scene.house.database)
    for table, rows in step.after.items():
        same = found[table] == rows or (not ordered and sorted(found[table], key=repr) == sorted(rows, key=repr))
        assert same, f"{told}: {table} is not the same:\n{_difference(found[table], rows)}"
    held = [row for row in scene.rows("occasions") + scene.rows("messages") if row["lease_until"] is not None]
    assert not held, f"{told}: leases were left behind"


def _difference(found: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> str:
    more, less = [row for row in found if row not in wanted], [row for row in wanted if row not in found]
    return f"only here: {str(more[:3])[:2000]}\nmissing here: {str(less[:3])[:2000]}"
