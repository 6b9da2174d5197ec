"""Each flow once, whole, under Prefect's own engine: what it does, what it says when it fails, and what Prefect keeps."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect import settings
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact
from prefect.states import Running, Scheduled
from prefect.testing.utilities import prefect_test_harness
from pydantic import SecretStr
from scene_files import PROGRAM, STAFF
from scenes import Scene, cohort_awaiting_approval, cohort_declared, enter

from cohortflow.engine import flow, is_about_to_begin, plainly
from flows.advance import advance_program
from flows.approval import approve_matches
from flows.house import KEY_BLOCK, living_in, with_key
from flows.tick import advance_programs, one_pass
from schemas.errors import CohortflowError
from schemas.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROGRAM_ID = "small-circle"
BROKEN = "small-circle/2027-again"
TWO_COHORTS = PROGRAM.replace(
    "cohorts:\n", "cohorts:\n  2027-again: { starts: 2027-03-01, ends: 2027-05-28, seats: 6 }\n"
)
# A database that refuses a row and quotes somebody while it does so.
REFUSE = f"""
CREATE TRIGGER refuse BEFORE INSERT ON participants WHEN NEW.cohort_id = '{BROKEN}'
BEGIN SELECT RAISE(ABORT, 'no room for Maya Cohen, maya.cohen@acme.example'); END
"""
# What of anybody must not be found: names and addresses of the whole staff, and the mailboxes of the program.
PERSONAL = [cell for line in STAFF.splitlines() for cell in line.split(",")[1:3]] + ["@acme.example", "no room for"]


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


def test_an_approval_is_given_once_under_prefect(kept: Kept, tmp_path: Path) -> None:
    scene = cohort_awaiting_approval(tmp_path)
    proposed = len(scene.matches("proposed"))

    with living_in(scene.house):
        counts = [approve_matches(scene.cohort_id, "role:approver#1", scene.now) for _ in range(2)]

    assert counts == [proposed, 0]
    assert proposed > 0
    assert kept.runs()[-1].name == f"approve · {scene.cohort_id}"
    scene.close()


def execute(scene: Scene, statement: str) -> None:
    """A hand at the database itself."""
    with scene.house.database.write() as db:
        db.exec_driver_sql(statement)


def broken_pass(scene: Scene, at: datetime) -> str:
    """Advance the program, whose one cohort fails; what the run says."""
    with living_in(scene.house), pytest.raises(CohortflowError) as failed:
        advance_program(PROGRAM_ID, at)
    return str(failed.value)


def test_a_failing_cohort_stops_no_other_and_is_retried(kept: Kept, tmp_path: Path) -> None:
    scene = cohort_declared(tmp_path, program=TWO_COHORTS)
    at = lived_up_to(scene, "recruit.opens")
    execute(scene, REFUSE)

    told = broken_pass(scene, at)

    run = next(run for run in reversed(kept.runs()) if run.name == PROGRAM_ID)
    assert run.state.is_failed()
    assert run.state.message.endswith(told)
    assert told.startswith(f"{BROKEN} · recruit: IntegrityError at cohortflow/store/")
    assert "retry is safe" in told and "a later tick tries again" in told and "\n" not in told
    assert scene.occasion("recruit.opens")["state"] == "done"
    (pending,) = scene.rows("occasions", cohort_id=BROKEN, key="recruit.opens")
    assert (pending["state"], pending["attempts"]) == ("pending", 1)

    broken_pass(scene, at)  # the first retry is at once, the second one ten minutes later
    execute(scene, "DROP TRIGGER refuse")

    assert under_prefect(scene, at + timedelta(minutes=9)).get("occasions") == 0
    assert under_prefect(scene, at + timedelta(minutes=10))["occasions"] >= 1
    (done,) = scene.rows("occasions", cohort_id=BROKEN, key="recruit.opens")
    assert done["state"] == "done"
    scene.close()


def test_prefect_has_kept_nothing_of_anybody(kept: Kept, tmp_path: Path) -> None:
    scene = cohort_declared(tmp_path, program=TWO_COHORTS)
    at = lived_up_to(scene, "recruit.opens")
    execute(scene, REFUSE)
    with living_in(scene.house):
        advance_programs(at)
    broken_pass(scene, at)
    scene.close()

    lines = logged(kept, "retry is safe")

    said = [line.message for line in lines] + [str(run.model_dump()) for run in kept.runs()]
    said += [str(run.model_dump()) for run in kept.client.read_task_runs(limit=200)]
    files = [file for folder in (kept.home, kept.database.parent) for file in folder.rglob("*") if file.is_file()]
    assert any("IntegrityError" in each for each in said)
    assert any(file.name == kept.database.name for file in files)
    for personal in PERSONAL:
        assert not [each for each in said if personal in each]
        assert not [file for file in files if personal.encode() in file.read_bytes()]


def test_no_result_is_written_even_of_failures(kept: Kept, tmp_path: Path) -> None:
    scene = cohort_declared(tmp_path)
    with living_in(scene.house), pytest.raises(CohortflowError):
        approve_matches("small-circle/unheard-of", "role:owner", scene.now)
    scene.close()

    assert not [path for path in kept.home.rglob("*") if path.is_file() and "storage" in path.parts]


def logged(kept: Kept, expected: str) -> list[Any]:
    """Everything logged so far, once a line that says `expected` has arrived."""
    for _ in range(40):
        lines = kept.client.read_logs(limit=200)
        if any(expected in line.message for line in lines):
            return list(lines)
        time.sleep(0.25)
    raise AssertionError(f"no line said {expected!r}; there are {len(lines)}")


def test_a_run_that_has_not_begun_is_known_until_it_begins(kept: Kept) -> None:
    client = kept.client
    deployment = client.create_deployment(flow_id=client.create_flow_from_name("deliver"), name="deliver-soon")
    assert not is_about_to_begin("deliver-soon")

    run = client.create_flow_run_from_deployment(deployment)
    assert is_about_to_begin("deliver-soon")
    client.set_flow_run_state(run.id, Running(), force=True)
    assert not is_about_to_begin("deliver-soon")

    long_ago = Scheduled(scheduled_time=datetime.now(UTC) - timedelta(minutes=5))
    client.create_flow_run_from_deployment(deployment, state=long_ago)
    assert not is_about_to_begin("deliver-soon"), "whoever was to carry it out is gone"


def test_the_key_comes_from_a_secret_block_where_the_environment_has_none(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SENDGRID_API_KEY", raising=False)
    settings = Settings(home=tmp_path, mail="sendgrid")

    @flow("ask-for-the-key")
    def ask() -> str:
        return with_key(settings).sendgrid_api_key.get_secret_value()

    assert ask() == "", "there is no such block yet"
    Secret(value="SG.of-the-block").save(KEY_BLOCK)
    try:
        assert ask() == "SG.of-the-block"
        with plainly():
            assert ask() == "", "commands never ask Prefect"
        known = settings.model_copy(update={"sendgrid_api_key": SecretStr("SG.of-the-environment")})
        assert with_key(known) is known
    finally:
        Secret.delete(KEY_BLOCK)
    assert b"SG.of-the-block" not in kept.database.read_bytes(), "Prefect keeps it encrypted"


def progress(kept: Kept) -> list[Artifact]:
    """The progress artifacts of all deliveries so far."""
    ours = ArtifactFilter(key=ArtifactFilterKey(any_=["mail-progress"]))
    return kept.client.read_artifacts(artifact_filter=ours)


def test_a_delivery_shows_its_progress_in_counts(kept: Kept, tmp_path: Path) -> None:
    scene = enter("declared", tmp_path)
    at, before = lived_up_to(scene, "recruit.invite#1") + timedelta(hours=8), {each.id for each in progress(kept)}
    under_prefect(scene, at)

    found = [each for each in progress(kept) if each.id not in before]

    assert len(found) == 1, "made once, and updated"
    assert found[0].type == "progress" and float(found[0].data) == 100
    assert found[0].description == f"{len(scene.sent)} of {len(scene.sent)} mails of this delivery"
    scene.close()
