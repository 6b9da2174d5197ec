"""Two real installations for all tests of this room: one raised step by step, one by `cohortflow up`."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from first_circle import drop_files
from prefect_installation import Installation, installed
from raised_cohort import OPERATOR
from raised_installation import Raised, raised
from scenes import cohort_awaiting_approval

from cohortflow.store import instances


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Server, worker and deployments, with a home whose path has spaces in it."""
    folder = tmp_path_factory.mktemp("real server")
    drop_files(folder / "home of the program")
    with installed(folder, folder / "home of the program") as found:
        yield found


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Raised]:
    """Everything up by the one command, ticking often, in a home where a small cohort waits for its approval."""
    folder = tmp_path_factory.mktemp("raised by up")
    scene = cohort_awaiting_approval(folder / "home", transport="outbox")
    with scene.house.database.write() as db:
        instances.set_clock(db, base=scene.now, started=datetime.now(UTC))
    scene.close()
    with raised(folder, folder / "home", "--tick-every", "15", COHORTFLOW_OPERATOR=OPERATOR) as found:
        yield found
