"""The actions as an operator starts them: a run of the deployment, with the parameters of its form."""

from typing import Any

import pytest
from first_circle import COHORT, DOMAIN, letters
from prefect.exceptions import PrefectHTTPStatusError
from prefect_installation import wait_for
from raised_installation import Raised

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OWNER = "role:owner"


def run(system: Raised, action: str, **given: Any) -> Any:
    """Start an action and wait for its end."""
    deployment = system.client.read_deployment_by_name(f"{action}/{action}")
    started = system.client.create_flow_run_from_deployment(deployment.id, parameters=given)

    def over() -> Any:
        found = system.client.read_flow_run(started.id)
        return found if found.state is not None and found.state.is_final() else None

    return wait_for(action, over, seconds=180, told=system.told)


def standing(system: Raised) -> dict[str, dict[str, str]]:
    """The newest table of the cohort, row by row."""
    import json

    wanted = {"artifacts": {"key": {"any_": ["cohort-first-circle-now"]}}}
    (found,) = system.client.request("POST", "/artifacts/latest/filter", json=wanted).json()
    return {row["what"]: row for row in json.loads(found["data"])}


def test_the_cohorts_table_stands_in_the_pages(invited: Raised) -> None:
    told = wait_for("table", lambda: standing(invited), seconds=60, told=invited.told)

    assert told["cohort"]["stands"] == "running"
    assert told["next 1"]["next"] == "recruit.reminder#1"
    assert told["people"]["stands"] == "5 invited"
    wait_for("mails", lambda: standing(invited)["mails"]["stands"] == "5 accepted", seconds=60, told=invited.told)


def test_runs_are_named_and_tagged_by_cohort(invited: Raised) -> None:
    runs = invited.client.read_flow_runs(limit=200)

    (recruited,) = [each for each in runs if each.name == f"{COHORT} · recruit"]
    assert set(recruited.tags) == {"first-circle", COHORT}
    assert {"first-circle"} <= set(
        next(each for each in runs if each.id != recruited.id and "first-circle" in each.tags).tags
    )


def test_hold_then_look_then_resume(invited: Raised) -> None:
    held = run(invited, "hold-cohort", cohort_id=COHORT, by=OWNER, why="a trial")
    assert held.state.is_completed(), held.state.message
    assert standing(invited)["cohort"]["stands"].startswith("held")
    assert held.name == f"hold · {COHORT}"

    looked = run(invited, "resume-cohort", cohort_id=COHORT, by=OWNER)
    assert looked.state.is_completed(), looked.state.message
    assert standing(invited)["cohort"]["stands"].startswith("held")

    resumed = run(invited, "resume-cohort", cohort_id=COHORT, by=OWNER, really=True)
    assert resumed.state.is_completed(), resumed.state.message
    assert standing(invited)["cohort"]["stands"] == "running"


def test_a_misspelt_cohort_and_an_unknown_word_are_refused_in_words(invited: Raised) -> None:
    failed = run(invited, "hold-cohort", cohort_id="first-circel/now", by=OWNER)
    assert failed.state.is_failed()
    assert f"did you mean {COHORT}?" in failed.state.message

    for given in (
        {"cohort_id": COHORT, "by": f"owner@{DOMAIN}"},
        {"cohort_id": COHORT, "by": OWNER, "why": "Ada said so"},
    ):
        deployment = invited.client.read_deployment_by_name("hold-cohort/hold-cohort")
        with pytest.raises(PrefectHTTPStatusError):
            invited.client.create_flow_run_from_deployment(deployment.id, parameters=given)


def test_an_export_lies_on_the_worker_and_not_in_prefect(invited: Raised) -> None:
    before = letters(invited)

    exported = run(invited, "export-cohort", cohort_id=COHORT, by=OWNER)

    assert exported.state.is_completed(), exported.state.message
    assert len(list((invited.home / "var" / "exports").glob("first-circle-now/*/pairs.csv"))) == 1
    assert letters(invited) == before
