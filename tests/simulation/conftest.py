"""One small life, lived plainly once per session, and what it leaves behind."""

from collections.abc import Iterator
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path

import pytest

from cohortflow.simulation.driver import Life, simulated
from cohortflow.simulation.exports import write_exports

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Lived:
    """A life and its exports."""

    life: Life
    out: Path


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """In a context of its own: other tests of this process are not to run plainly, or in this house, for it."""
    out = tmp_path_factory.mktemp("lived")
    there, stack = copy_context(), ExitStack()
    program = ROOT / "program_configs" / "first-steps.yaml"
    life = there.run(stack.enter_context, simulated(program, "2027-summer", people=90, seed=5))
    write_exports(life, out)
    yield Lived(life, out)
    there.run(stack.close)
