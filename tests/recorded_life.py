"""The life of one small cohort, recorded step by step: the files each step began with, and how it ended."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from grounds import Act, Step, letters_in, state_of
from scene_files import AFTER, AGREEMENT, PULSE
from scenes import THE_DAY_BEFORE, Outbox, Scene, open_scene


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
    """The recorded steps, and the house they were lived in."""

    steps: list[Step]
    scene: Scene

    def but(self, *names: str) -> list[Step]:
        """The steps without some."""
        return [step for step in self.steps if step.name not in names]
