"""The history: one unbroken chain per cohort, whoever writes to it, and any tampering shows."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from scene_files import COHORT
from store_rows import MONDAY, rows

from cohortflow.store import cohorts, events
from cohortflow.store.database import Database
from cohortflow.store.tables import events as table
from schemas.changes import Note


def write(database: Database, *kinds: str, chain: str = COHORT) -> int:
    """Add lines to a chain."""
    with database.write() as db:
        notes = [Note(kind, counts={"people": number, "said": "ä"}) for number, kind in enumerate(kinds)]
        return events.append(db, chain, notes, at=MONDAY, actor="test")


def first_broken_line(database: Database, chain: str = COHORT) -> int | None:
    with database.read() as db:
        return events.first_broken_line(db, chain)


def test_lines_are_numbered_without_a_gap(running: Database) -> None:
    assert write(running, "a", "b") == 2 and write(running, "c") == 3 and write(running, "d", chain="company") == 1
    assert write(running) == 3

    assert [(row["chain"] == COHORT, row["seq"]) for row in rows(running, "events")] == [
        (False, 1), (True, 1), (True, 2), (True, 3),
    ]  # fmt: skip
    assert first_broken_line(running) is None and first_broken_line(running, "company") is None


@pytest.mark.parametrize(
    "tampered",
    [
        {"kind": "other"}, {"actor": "nobody"}, {"counts": {"people": 9}}, {"at": MONDAY + timedelta(seconds=1)},
        {"about": "m-1"}, {"occasion": "match.runs"}, {"bundle": "another"}, {"previous": "0" * 64}, {"hash": "1" * 64},
    ],
)  # fmt: skip
def test_a_changed_line_is_found(running: Database, tampered: dict[str, Any]) -> None:
    write(running, "a", "b", "c")
    with running.write() as db:
        db.execute(table.update().where(table.c.seq == 2).values(**tampered))

    assert first_broken_line(running) in (2, 3)


def test_a_line_taken_out_is_found(running: Database) -> None:
    write(running, "a", "b", "c")
    with running.write() as db:
        db.execute(table.delete().where(table.c.seq == 2))

    assert first_broken_line(running) == 3


def test_a_line_put_in_with_the_right_seal_is_found(running: Database) -> None:
    write(running, "a", "b")
    with running.write() as db:
        forged = {**rows(running, "events")[0], "kind": "forged"}
        forged["hash"] = events.seal(forged)
        db.execute(table.update().where(table.c.seq == 1).values(**forged))

    assert first_broken_line(running) == 2


def test_many_writers_make_one_chain(running: Database) -> None:
    def hold_and_write(number: int) -> None:
        with running.write() as db:
            cohorts.change(db, COHORT, refused_line=str(number))
            events.append(db, COHORT, [Note("noted")], at=MONDAY, actor=str(number))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(hold_and_write, range(30)))

    assert [row["seq"] for row in rows(running, "events")] == list(range(1, 31))
    assert first_broken_line(running) is None
