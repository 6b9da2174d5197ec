"""Each flow once, whole, under Prefect's own engine: what it does, what it says when it fails, and what Prefect keeps."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect import settings
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, LogFilter
from prefect.testing.utilities import prefect_test_harness
from scene_files import AGREEMENT, PROGRAM, STAFF
from scenes import Scene, cohort_awaiting_approval, cohort_declared, cohort_orienting, cohort_recruiting, enter

from cohortflow.engine import Unexpected
from flows.advance import advance_program
from flows.approval import approve_matches
from flows.delivery import deliver_mail
from flows.house import living_in
from flows.tick import advance_programs, one_pass
from schemas.errors import CohortflowError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROGRAM_ID = "small-circle"
TWO_COHORTS = PROGRAM.replace(
    "cohorts:\n", "cohorts:\n  2027-again: { starts: 2027-03-01, ends: 2027-05-28, seats: 6 }\n"
)
NAMES = [line.split(",")[2] for line in STAFF.splitlines()]
CANARY = "Quetzalcoatla"


@dataclass
class Kept:
    """Where Prefect keeps what it is told."""

    home: Path
    database: Path
    client: SyncPrefectClient

    def runs(self) -> list[Any]:
        """Every flow run, oldest first."""
        return sorted(self.client.read_flow_runs(limit=200), key=lambda run: run.created)

    def flow_names(self, runs: list[Any]) -> set[str]:
        """The flows that were run."""
        return {self.client.read_flow(flow_id).name for flow_id in {run.flow_id for run in runs}}


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Prefect's engine and an API of our own, as quick as they come, with logs kept as a real server keeps them."""
    home = tmp_path_factory.mktemp("prefect home")
    wanted = {
        "PREFECT_HOME": home,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": None,
        "PREFECT_LOGGING_TO_API_ENABLED": True,
        "PREFECT_LOGGING_EXTRA_LOGGERS": "cohortflow",
        "PREFECT_SERVER_ANALYTICS_ENABLED": False,
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": 100,
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": 100,
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": 1,
    }
    known = settings.legacy._get_settings_fields(settings.legacy.Settings)
    ours = {known[name]: value for name, value in wanted.items()}
    with settings.temporary_settings(ours), prefect_test_harness(server_startup_timeout=120):
        database = Path(settings.PREFECT_SERVER_DATABASE_CONNECTION_URL.value().split("///")[1])
        with SyncPrefectClient(settings.PREFECT_API_URL.value()) as client:
            yield Kept(home, database, client)


def under_prefect(scene: Scene, at: datetime) -> dict[str, int]:
    """One whole pass, as Prefect runs it."""
    scene.now = at
    with living_in(scene.house):
        return one_pass(at)


def lived_up_to(scene: Scene, key: str) -> datetime:
    """Live plainly to a moment before an occasion; the instant it is due."""
    due_at: datetime = scene.occasion(key)["due_at"]
    scene.live_to(due_at - timedelta(seconds=1))
    return due_at


def prepare_applications(scene: Scene) -> None:
    scene.everybody_applies()


def prepare_agreements(scene: Scene) -> None:
    scene.everybody_answers("agreement", "orient", AGREEMENT)


MOMENTS = [
    ("declared", "recruit.opens", "recruit"),
    ("recruiting", "match.runs", "match"),
    ("announced", "orient.opens", "orient"),
    ("orienting", "goals.ask#1", "program"),
    ("checking_in", "check_in#1.closes", "check-in"),
    ("checking_in", "evaluate.opens", "evaluate"),
    ("closing", "close.runs", "close"),
]


@pytest.mark.parametrize(("moment", "key", "flow_name"), MOMENTS)
def test_each_stage_is_done_once_under_prefect(
    kept: Kept, tmp_path: Path, moment: str, key: str, flow_name: str
) -> None:
    scene = enter(moment, tmp_path)
    if moment == "recruiting":
        scene.everybody_applies()
    at, before = lived_up_to(scene, key), len(kept.runs())

    first = under_prefect(scene, at)
    again = under_prefect(scene, at)

    runs = kept.runs()[before:]
    assert scene.occasion(key)["state"] == "done"
    assert first["occasions"] >= 1 and first["failed"] == 0
    assert again == {"occasions": 0, "failed": 0}
    assert {"advance-programs", "advance-program", flow_name} <= kept.flow_names(runs)
    assert all(run.state.is_completed() for run in runs)
    assert any(run.name.startswith("small-circle/2027-spring · ") for run in runs)
    scene.close()
