"""Two ticks at once, and a worker that wakes up late: nothing happens twice.

A hundred races on either database: two processes do the same step of a cohort's life at the same time, one of them
some milliseconds behind, a different delay each time. And a worker is stopped (SIGSTOP) before every fifth
of its transactions and outbox files (PostgreSQL: every tenth), while another takes its leases over and ends the work;
then it goes on.
"""

import itertools
import os
import signal
from collections import Counter
from collections.abc import Callable
from functools import partial
from time import sleep

import pytest
from grounds import Ground, Step, files_of, insist_on_the_same_end, run_again
from killing import stopped_at
from recorded_life import Life
from scenes import Scene
from side_by_side import side_by_side

pytestmark = pytest.mark.slow
# Handing the same form in twice is two answers, so these two are no ticks.
HANDED_IN = ("applications", "acceptances")
STOPPED = ("first tick", "invitations", "match runs", "announced", "a leaver", "thanks")


def races(step: Step, where: Ground, delays: list[float]) -> int:
    """A step raced as often as there are delays; returns how often."""
    step.act(where.set_back(step))  # warms what the two inherit
    for behind in delays:
        race(step, where, behind)
    return len(delays)


def race(step: Step, where: Ground, behind: float) -> None:
    """Let two processes do a step at once, and insist on the same end as when one does it."""
    scene = where.set_back(step)
    scene.close()
    children = [_started(partial(_act, step, scene, delay)) for delay in (0.0, behind)]
    ended = [os.waitpid(child, 0)[1] for child in children]
    assert ended == [0, 0], f"{step.name}: a racing tick failed"
    letters = files_of(scene.house.settings.outbox)
    step.act(scene)  # the next tick, for what one left because the other held it
    insist_on_the_same_end(step, scene, f"raced {behind * 1000:.0f} ms apart", letters, ordered=False)
    tries = Counter(row["message_id"] for row in scene.rows("message_attempts"))
    assert max(tries.values(), default=1) == 1, f"{step.name}: a mail was handed over twice"
    scene.close()


def _started(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def _act(step: Step, scene: Scene, delay: float) -> None:
    sleep(delay)
    step.act(scene)


def _a_hundred(life: Life, where: Ground) -> int:
    steps = life.but(*HANDED_IN)
    delays: dict[str, list[float]] = {step.name: [] for step in steps}
    for number, step in zip(range(100), itertools.cycle(steps), strict=False):
        delays[step.name].append(number % 17 * 0.004)
    return sum(races(step, where, delays[step.name]) for step in steps)


def test_two_racing_ticks_do_everything_once(life: Life, sqlite_grounds: Callable[[int], Ground]) -> None:
    assert _a_hundred(life, sqlite_grounds(0)) == 100


@pytest.mark.postgres
def test_two_racing_ticks_on_postgres_do_everything_once(life: Life, postgres_grounds: Callable[[int], Ground]) -> None:
    assert _a_hundred(life, postgres_grounds(0)) == 100


def wake_up_late(step: Step, where: Ground, every: int) -> int:
    """Stop a worker at many points, do its work in its place, and let it go on; returns how often."""
    step.act(where.set_back(step))
    for number, point in enumerate(itertools.count(1 + len(step.name) % every, every)):
        scene = where.set_back(step)
        worker = stopped_at(point, scene, step.act)
        if worker is None:
            return number
        try:
            run_again(scene, step.act)
            letters = files_of(scene.house.settings.outbox)
            scene.close()
            os.kill(worker, signal.SIGCONT)
        except BaseException:
            os.kill(worker, signal.SIGKILL)
            raise
        finally:
            os.waitpid(worker, 0)
        insist_on_the_same_end(step, scene, f"asleep at point {point}", letters, ordered=False)
    raise AssertionError("unreachable")


@pytest.mark.parametrize(("kind", "every"), [("sqlite", 5), pytest.param("postgres", 10, marks=pytest.mark.postgres)])
def test_a_worker_that_wakes_up_late_changes_nothing(
    life: Life, kind: str, every: int, request: pytest.FixtureRequest
) -> None:
    grounds = request.getfixturevalue(f"{kind}_grounds")
    steps = [step for step in life.steps if step.name in STOPPED]

    times = side_by_side([lambda worker, step=step: wake_up_late(step, grounds(worker), every) for step in steps])

    assert all(isinstance(each, int) for each in times), times
    assert sum(times) > 100 / every
