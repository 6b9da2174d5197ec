"""One small life, lived plainly once per session, and what it leaves behind."""

from collections.abc import Iterator
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
    out = tmp_path_factory.mktemp("lived")
    with simulated(ROOT / "program_configs" / "first-steps.yaml", "2027-summer", people=90, seed=5) as life:
        write_exports(life, out)
        yield Lived(life, out)
