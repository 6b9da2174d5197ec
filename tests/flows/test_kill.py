"""Killed at any instant, run again: the same end. Every step of a cohort's life, whatever the worker was just doing.

For each step the test first looks, from another connection, what a kill would leave before every single SQL statement,
before every COMMIT, and before each link and removal of a file in the outbox. Many of those leave the same. For every
distinct thing they leave, the worker is really killed (SIGKILL), at the last of its points, which is when most is at
stake; what is found must be what was seen; and a second run must end as if nothing had happened. On PostgreSQL every
point is looked at too, and the worker is killed for every third thing that is left. `KILL_AT=every` kills before each
single statement instead, on SQLite (some minutes).
"""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from killing import Act, Ground, Step, Toll, ground, kill_everywhere, letters_in, state_of
from scene_files import AFTER, AGREEMENT, PULSE
from scenes import THE_DAY_BEFORE, Outbox, Scene, open_scene
from side_by_side import side_by_side
from throwaway_postgres import Cluster

from cohortflow.store.database import open_database
from cohortflow.store.schema import migrate

pytestmark = pytest.mark.slow
EVERY_POINT = os.environ.get("KILL_AT") == "every"
SAMPLED = 3
STEPS = (
    "first tick", "recruit opens", "invitations", "applications", "recruit closes", "match runs", "approval asked",
    "approval", "announced", "acceptances", "orientation", "start", "check-in opens", "pulse", "check-in closes",
    "a leaver", "rematch approved", "rematch told", "evaluation", "close", "thanks", "report",
)  # fmt: skip


def ticking(*instants: datetime) -> Act:
    """Ticks at some instants."""

    def act(scene: Scene) -> None:
        for at in instants:
            scene.tick(at)

    return act


class Recorder:
    """Lives a cohort's life once, undisturbed, and keeps how each step began and ended."""

    def __init__(self, home: Path) -> None:
        self.scene = open_scene(home, THE_DAY_BEFORE, transport=Outbox)
        self.kept = home.parent / "kept"
        self.steps: list[Step] = []

    def due(self, key: str, hours: int = 0) -> datetime:
        """When an occasion is due, and some hours on."""
        return self.scene.occasion(key)["due_at"] + timedelta(hours=hours)

    def step(self, name: str, act: Act, *, cold: bool = False) -> None:
        """Act, with a copy of all files from before."""
        scene, before = self.scene, self.kept / str(len(self.steps))
        scene.close()
        for folder in ("var", "inbox"):
            shutil.copytree(scene.home / folder, before / folder)
        began = scene.now
        act(scene)
        letters = letters_in(scene.house.settings.outbox)
        self.steps.append(Step(name, act, began, before, state_of(scene.house.database), letters, cold))


def live(to: Recorder) -> list[Step]:
    """From the first tick to the closing report, with a leaver and a rematch on the way."""
    scene = to.scene
    scene.drop_roster()
    to.step("first tick", ticking(scene.now), cold=True)
    to.step("recruit opens", ticking(to.due("recruit.opens")))
    to.step("invitations", ticking(to.due("recruit.invite#1", 7)))
    scene.live_to(to.due("recruit.invite#1", 20))
    to.step("applications", lambda it: it.rows("answers") or it.everybody_applies())
    scene.live_to(to.due("recruit.closes") - timedelta(hours=1))
    to.step("recruit closes", ticking(to.due("recruit.closes")))
    to.step("match runs", ticking(to.due("match.runs")))
    to.step("approval asked", ticking(to.due("match.approval_request#1")))
    to.step("approval", lambda it: it.approve())
    to.step("announced", ticking(to.due("match.meet_your_match#1")))
    to.step("acceptances", lambda it: it.matches("accepted") or it.everybody_accepts())
    scene.live_to(to.due("orient.opens") - timedelta(hours=1))
    to.step("orientation", ticking(to.due("orient.orientation_invite#1")))
    scene.everybody_answers("agreement", "orient", AGREEMENT)
    scene.live_to(to.due("orient.closes") - timedelta(hours=1))
    to.step("start", ticking(to.due("orient.closes")))
    scene.live_to(to.due("check_in#1") - timedelta(hours=1))
    to.step("check-in opens", ticking(to.due("check_in#1")))
    to.step("pulse", ticking(to.due("check_in#1.pulse#1")))
    scene.reply("T01", "pulse", "check_in#1", PULSE, scene.matches("active")[0]["match_id"])
    scene.live_to(to.due("check_in#1.closes") - timedelta(hours=1))
    to.step("check-in closes", ticking(to.due("check_in#1.closes")))
    scene.live_to(scene.now + timedelta(hours=10))
    scene.drop_roster(left=["T01"])
    to.step("a leaver", ticking(scene.now), cold=True)
    scene.live_to(scene.now + timedelta(hours=8))
    to.step("rematch approved", lambda it: it.approve())
    to.step("rematch told", ticking(scene.now))
    scene.live_to(to.due("evaluate.opens") - timedelta(hours=1))
    to.step("evaluation", ticking(to.due("evaluate.final_survey#1")))
    scene.everybody_answers("after", "evaluate", AFTER)
    scene.live_to(to.due("close.runs") - timedelta(hours=1))
    to.step("close", ticking(to.due("close.runs")))
    to.step("thanks", ticking(to.due("close.thank_you#1")))
    scene.live_to(to.due("measure.report#1") - timedelta(hours=1))
    to.step("report", ticking(to.due("measure.report#1")))
    return to.steps


@dataclass(frozen=True)
class Life:
    """The recorded steps, and a house to start from."""

    steps: list[Step]
    scene: Scene


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    home = tmp_path_factory.mktemp("life") / "home"
    home.mkdir()
    recorder = Recorder(home)
    steps = live(recorder)
    recorder.scene.close()
    gc.collect()
    gc.freeze()  # children then share more of the memory, and are made faster
    yield Life(steps, recorder.scene)
    gc.unfreeze()


@pytest.fixture(scope="module")
def tolls_on_sqlite(life: Life, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Toll]:
    folder = tmp_path_factory.mktemp("sqlite")
    grounds: dict[int, Ground] = {}

    def kill(step: Step, worker: int) -> Toll:
        grounds.setdefault(worker, ground(life.scene.house, folder / str(worker)))
        return kill_everywhere(step, grounds[worker], at_every_point=EVERY_POINT)

    return _all_of(life.steps, kill)


@pytest.fixture(scope="module")
def tolls_on_postgres(
    life: Life, postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Toll]:
    folder, grounds = tmp_path_factory.mktemp("postgres"), dict[int, Ground]()

    def kill(step: Step, worker: int) -> Toll:
        if worker not in grounds:
            url = postgres_cluster.url(postgres_cluster.create())
            database = open_database(url)
            migrate(database)
            database.close()
            grounds[worker] = ground(life.scene.house, folder / str(worker), url)
        return kill_everywhere(step, grounds[worker], sampled=SAMPLED, offset=life.steps.index(step))

    return _all_of(life.steps, kill)


def _all_of(steps: list[Step], kill: Callable[[Step, int], Toll]) -> dict[str, Toll]:
    longest_first = sorted(steps, key=lambda step: -len(step.letters))
    found = side_by_side([partial(kill, step) for step in longest_first])
    return dict(zip([step.name for step in longest_first], found, strict=True))


def test_the_life_that_is_interrupted_is_a_whole_one(life: Life) -> None:
    assert tuple(step.name for step in life.steps) == STEPS
    assert {row["state"] for row in life.scene.rows("messages")} == {"accepted"}
    assert not [row for row in life.scene.rows("occasions") if row["last_error"]]
    assert [match["round"] for match in life.scene.matches() if match["replaces"]] == [2]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_killed_anywhere_ends_the_same(step: str, tolls_on_sqlite: dict[str, Toll]) -> None:
    _check(tolls_on_sqlite[step])


@pytest.mark.postgres
@pytest.mark.parametrize("step", STEPS)
def test_a_step_killed_on_postgres_ends_the_same(step: str, tolls_on_postgres: dict[str, Toll]) -> None:
    _check(tolls_on_postgres[step])


def _check(toll: Toll | AssertionError) -> None:
    if isinstance(toll, AssertionError):
        raise toll
    print(f"{toll.step}: {toll.points} points, {toll.states} states, {toll.kills} kills, {toll.seconds:.1f} s")
    assert toll.points > 10 and toll.kills
