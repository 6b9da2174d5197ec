"""Two workers, all on PostgreSQL: raised by `up`, joined by the command that docs/operations.md names."""

import shlex
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from first_circle import INVITED, drop_files, letters
from prefect_installation import START_WORKER, running, wait_for
from raised_installation import raised
from throwaway_postgres import Cluster

from cohortflow.operations.questions import workers_online

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(900)]


def test_a_second_worker_joins_and_nobody_is_written_to_twice(tmp_path: Path, postgres_cluster: Cluster) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ours, prefects = postgres_cluster.url(postgres_cluster.create()), postgres_cluster.url(postgres_cluster.create())
    server = {"PREFECT_API_DATABASE_CONNECTION_URL": prefects.replace("postgresql://", "postgresql+asyncpg://")}
    with ExitStack() as stack:
        system = stack.enter_context(
            raised(tmp_path, home, "--tick-every", "5", COHORTFLOW_DATABASE_URL=ours, **server)
        )
        own = {"PREFECT_HOME": str(tmp_path / "second"), "TMPDIR": str(tmp_path)}  # as docs/operations.md gives each
        second = system.environment | own
        command = f"{shlex.quote(str(Path(sys.executable).parent))}/{START_WORKER}"
        stack.enter_context(running(command, second, tmp_path / "second.log"))
        api = system.environment["PREFECT_API_URL"]
        wait_for("two workers", lambda: len(workers_online(api, "")) == 2, seconds=240, told=system.told)

        drop_files(home)

        wait_for("invitations", lambda: len(letters(system)) == len(INVITED), seconds=300, told=system.told)
        ticks = [run for run in system.runs_of("advance-programs") if run.run_count]
        assert ticks and all(run.auto_scheduled for run in ticks), "nobody gave a further command"
    assert len(letters(system)) == len(INVITED)
