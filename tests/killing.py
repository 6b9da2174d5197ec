"""SIGKILL at a chosen point of an act, in a forked child; what that leaves behind; and the second run.

A point is the instant before each SQL statement (BEGIN included), before the COMMIT of a transaction that may write,
and before each link and removal of a file in the outbox. The code under test knows nothing of it: SQLAlchemy's events
and Python's audit events tell.
"""

import gc
import os
import pickle
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from grounds import (
    Act,
    Ground,
    Step,
    files_of,
    insist_on_the_same_end,
    letters_there,
    mark_of,
    run_again,
    wait_until_alone,
)
from scenes import Scene
from sqlalchemy import event
from sqlalchemy.engine import Connection

from cohortflow.store.database import Database, open_database
from schemas.errors import CohortflowError


def watch(reach: Callable[[], None], database: Database, outbox: Path) -> None:
    """Have `reach` called at every point of this process, for the rest of its life."""

    def commit(db: Connection) -> None:
        if db.get_execution_options().get("cohortflow_write"):
            reach()

    event.listen(database.engine, "before_cursor_execute", lambda *_: reach())
    event.listen(database.engine, "commit", commit)
    watch_files(reach, outbox)


def watch_files(reach: Callable[[], None], outbox: Path) -> None:
    """Have `reach` called before each link and removal of a file in the outbox."""

    def touch(name: str, given: tuple[Any, ...]) -> None:
        if name in ("os.link", "os.remove") and str(given[0]).startswith(str(outbox)):
            reach()

    sys.addaudithook(touch)


def survey(scene: Scene, act: Act) -> list[str]:
    """What a kill at each point of an act would leave, seen by another connection while a child acts undisturbed."""
    scene.close()
    with tempfile.TemporaryFile() as told:
        if (child := os.fork()) == 0:
            marks: list[str] = []
            _end_with(lambda: _act_watched(scene, act, marks), lambda: told.write(pickle.dumps(marks)) and told.flush())
        assert os.waitpid(child, 0)[1] == 0, "the act failed by itself"
        told.seek(0)
        found: list[str] = pickle.load(told)
    return found


def _act_watched(scene: Scene, act: Act, marks: list[str]) -> None:
    outbox = scene.house.settings.outbox
    observer = open_database(scene.house.settings.database)
    seen: list[object] = [None]

    def look() -> None:
        moved = [_moved(observer), letters_there(outbox)]
        if moved != seen:
            seen[:] = moved
            marks.append(mark_of(observer, outbox))
        else:
            marks.append(marks[-1])

    watch(look, scene.house.database, outbox)
    act(scene)


def _moved(observer: Database) -> object:
    """Something that differs whenever anybody has committed in between."""
    if observer.is_sqlite:
        with observer.engine.connect() as db:
            return db.connection.driver_connection.execute("PRAGMA data_version").fetchone()  # type: ignore[union-attr]
    with observer.read() as db:
        return db.execute(sa.text("select pg_current_snapshot()::text")).scalar_one()


def was_killed(point: int, database: Database, outbox: Path, act: Callable[[], object]) -> bool:
    """Let a child act until its n-th point, and kill it there; False when the act was over before."""
    database.close()
    left = point

    def reach() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def until_killed() -> None:
        gc.disable()
        watch(reach, database, outbox)
        act()

    if (child := os.fork()) == 0:
        _end_with(until_killed)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0, "the act failed by itself"
    return os.WIFSIGNALED(status)


def stopped_at(point: int, scene: Scene, act: Act) -> int | None:
    """Let a child act until its n-th transaction or outbox file, and stop it there: its pid, or None if it is over.

    Whatever becomes of the child's work after it is woken, it ends quietly.
    """
    scene.close()
    left = point

    def reach() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGSTOP)

    def until_stopped() -> None:
        gc.disable()
        os.setsid()  # a stopped process must not drag others of its group along when its parent ends
        watch_files(reach, scene.house.settings.outbox)
        engine = scene.house.database.engine
        if scene.house.database.is_sqlite:
            # Before BEGIN, while nothing is locked yet.
            event.listen(engine, "before_cursor_execute", lambda *told: told[2].startswith("BEGIN") and reach())
        else:
            event.listen(engine, "begin", lambda _: reach())
        with suppress(CohortflowError):
            act(scene)

    if (child := os.fork()) == 0:
        _end_with(until_stopped)
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status) or status == 0, "the act failed by itself"
    return child if os.WIFSTOPPED(status) else None


def _end_with(*works: Callable[[], object]) -> None:
    """Do some work and end this process, whatever happens."""
    try:
        for work in works:
            work()
        os._exit(0)
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
        os._exit(1)


@dataclass
class Toll:
    """What the kills of one step came to: points looked at, distinct things a kill can leave, kills made."""

    step: str
    points: int = 0
    states: int = 0
    kills: int = 0
    seconds: float = 0.0


def kill_everywhere(step: Step, where: Ground, *, at_every_point: bool = False) -> Toll:
    """Find out what a kill at each point of an act would leave; kill it there, run it again, insist on the same end.

    Args:
        at_every_point: kill at every point, and not only at the last one of those that leave the same.
    """
    began = time.monotonic()
    here = where.set_back(step)
    step.act(here)  # everything is warm now for the children
    run_again(here, step.act)
    insist_on_the_same_end(step, here, "done twice")
    here = where.set_back(step)
    marks = survey(here, step.act)
    insist_on_the_same_end(step, here, "undisturbed")
    last_points = [point for point, (mark, after) in enumerate(pairwise([*marks, ""]), 1) if mark != after]
    points = range(1, len(marks) + 1) if at_every_point else last_points
    known = set[str]()
    for point in points:
        here = where.set_back(step)
        assert was_killed(point, here.house.database, here.house.settings.outbox, partial(step.act, here))
        wait_until_alone(here.house.database)
        outbox, told = here.house.settings.outbox, f"killed at point {point} of {len(marks)}"
        mark = mark_of(here.house.database, outbox)
        assert mark == marks[point - 1], f"{step.name}, {told}: another connection had seen something else"
        if mark not in known:
            letters = files_of(outbox)
            run_again(here, step.act)
            insist_on_the_same_end(step, here, told, letters)
            known.add(mark)
    here.close()
    return Toll(step.name, len(marks), len(set(marks)), len(points), time.monotonic() - began)
