"""The command line as people use it: a scene's house as the environment describes it, and its clock."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scenes import Scene
from typer.testing import CliRunner, Result

from cohortflow.cli.main import app
from cohortflow.store import instances

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command from the checkout; its output and its error stream are kept apart."""
    monkeypatch.chdir(ROOT)

    def call(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(each) for each in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return call


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch) -> Callable[[Scene], Scene]:
    """Let the environment describe a scene's house, whose clock then shows the scene's instant."""

    def settle(scene: Scene) -> Scene:
        monkeypatch.setenv("COHORTFLOW_HOME", str(scene.home))
        with scene.house.database.write() as db:
            instances.set_clock(db, base=scene.now, started=datetime.now(UTC))
        return scene

    return settle
