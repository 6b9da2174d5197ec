"""What docs/operations.md tells an operator to type is what the test of a real installation types."""

from pathlib import Path

import pytest
import yaml
from prefect_installation import CHECKOUT, DEPLOY, START_SERVER, START_WORKER, environment_of

from schemas.settings import Settings

PAGE = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [START_SERVER, START_WORKER, DEPLOY])
def test_every_command_stands_on_the_page(command: str) -> None:
    assert f"\n{command}\n" in PAGE


def test_every_variable_of_ours_is_explained() -> None:
    missing = [name for name in Settings.model_fields if f"`COHORTFLOW_{name.upper()}`" not in PAGE]

    assert missing == []


def test_every_variable_for_prefect_is_explained() -> None:
    needed = environment_of(Path("home"), Path("prefect"), 4200)

    missing = [
        name for name in needed if name.startswith(("PREFECT_", "DO_NOT", "TMPDIR")) and f"export {name}=" not in PAGE
    ]

    assert missing == []


def test_every_deployment_stands_on_the_page() -> None:
    declared = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text(encoding="utf-8"))

    assert declared["pull"] == []
    for deployment in declared["deployments"]:
        assert f"`{deployment['name']}`" in PAGE
        assert ":" not in deployment["entrypoint"]
        assert deployment["description"]
