"""What docs/operations.md tells an operator to type is what the test of a real installation types."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prefect_installation import CHECKOUT, DEPLOY, START_SERVER, START_WORKER
from scenes import cohort_recruiting

from cohortflow.operations.alarms import alarms
from cohortflow.store import cohorts, messages
from cohortflow.store.database import open_database
from schemas.settings import Settings

PAGE = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [START_SERVER, START_WORKER, DEPLOY])
def test_every_command_stands_on_the_page(command: str) -> None:
    assert f"\n{command}\n" in PAGE or f"/{command}\n" in PAGE


def test_every_variable_of_ours_is_explained() -> None:
    names = [each.validation_alias or f"COHORTFLOW_{name.upper()}" for name, each in Settings.model_fields.items()]

    missing = [name for name in names if f"`{name}`" not in PAGE]

    assert missing == []


def test_every_deployment_stands_on_the_page() -> None:
    declared = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text(encoding="utf-8"))

    assert declared["pull"] == []
    for deployment in declared["deployments"]:
        assert f"`{deployment['name']}`" in PAGE
        assert ":" not in deployment["entrypoint"]
        assert deployment["description"]


def test_the_backup_it_names_is_whole_and_can_be_put_back(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    (lines,) = re.findall(r'(?m)^rm -f .*\npython -c "import sqlite3; .*\nmv .*$', PAGE)

    lines = lines.replace("python", shlex.quote(sys.executable), 1)
    for _ in range(2):  # every night
        told = subprocess.run(["bash", "-e", "-c", lines], cwd=tmp_path, capture_output=True, text=True, timeout=180)
        assert told.returncode == 0, told.stderr

    backup = open_database(f"sqlite:///{tmp_path / 'cohortflow-backup.db'}")
    with backup.read() as db:
        assert [row.cohort_id for row in cohorts.read_rows(db)] == [scene.cohort_id]
        assert messages.counts(db) == {"accepted": 10}
    backup.close()


def test_every_alarm_and_every_exit_stands_on_the_page() -> None:
    assert [alarm.name for alarm in alarms(Settings()) if alarm.name not in PAGE] == []
    for name in ("cohortflow up", "cohortflow doctor", "cohortflow deploy", "cohortflow metrics"):
        assert name in PAGE
