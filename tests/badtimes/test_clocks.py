"""Two machines whose clocks are minutes apart: the database's clock decides, for leases and for what is due."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from small_town import OPENS, TICK, Town

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.compiler, pytest.mark.timeout(300)]
PROGRAMS = ("circle-a", "circle-b")
HERE = Path(__file__).parent
ASK = "import time, datetime; print(int(time.time()), int(datetime.datetime.now().timestamp()))"


@pytest.fixture(scope="module")
def wrong_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What makes a machine's clock wrong."""
    library = tmp_path_factory.mktemp("clock") / "late_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, HERE / "late_clock.c", "-ldl"], check=True)
    return library


def wrong_by(library: Path, minutes: int) -> dict[str, str]:
    """The environment of a machine whose clock is so many minutes ahead."""
    return {"LD_PRELOAD": str(library), "SECONDS_OFF": str(60 * minutes)}


def test_the_clock_is_really_wrong(wrong_clock: Path) -> None:
    def shown(minutes: int) -> list[int]:
        env = dict(os.environ) | wrong_by(wrong_clock, minutes)
        return [int(each) for each in subprocess.check_output([sys.executable, "-c", ASK], env=env).split()]

    assert [round((late - now) / 60) for now, late in zip(shown(0), shown(7), strict=True)] == [7, 7]


def test_a_machine_ahead_takes_over_nothing_that_is_held(shared_town: Town, wrong_clock: Path) -> None:
    shared_town.let_it_be(OPENS)
    sender = shared_town.asleep_while_sending(lease_seconds=200)
    held = shared_town.count("messages", state="sending")
    assert held > 0

    ahead = shared_town.start(*TICK, environment=wrong_by(wrong_clock, 7))
    assert ahead.ended() == 0, ahead.said()

    assert shared_town.count("messages", state="sending") == held
    assert shared_town.count("messages", state="unknown") == 0
    sender.wake()
    assert sender.ended() == 0
    shared_town.settle()
    assert shared_town.invited(*PROGRAMS) == dict.fromkeys(PROGRAMS, 60)
    shared_town.insist()


@pytest.mark.parametrize("minutes", [7, -7])
def test_nothing_happens_early_or_late_on_a_wrong_clock(shared_town: Town, wrong_clock: Path, minutes: int) -> None:
    wrong = wrong_by(wrong_clock, minutes)
    shared_town.let_it_be(OPENS - timedelta(minutes=5))
    assert shared_town.start(*TICK, environment=wrong).ended() == 0
    assert shared_town.letters() == {}

    shared_town.let_it_be(OPENS)
    assert shared_town.start(*TICK, environment=wrong, lease_seconds=60).ended() == 0
    assert shared_town.invited(*PROGRAMS) == dict.fromkeys(PROGRAMS, 60)
    shared_town.insist()
