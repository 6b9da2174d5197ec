"""Alarms are made by code, once; an operator's switch is kept; and what they tell reaches the block that was chosen."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest
from first_circle import COHORT, DOMAIN
from prefect.events.schemas.automations import AutomationCore
from prefect_installation import wait_for
from raised_installation import Raised

from cohortflow.operations.alarms import PREFIX, alarms, put_alarms_into_force
from schemas.errors import CohortflowError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def ours(system: Raised) -> list[Any]:
    """The automations of ours that the server has."""
    return [each for each in system.client.read_automations() if each.name.startswith(PREFIX)]


def core_of(automation: Any, **changed: Any) -> AutomationCore:
    """What of an automation is sent to the server, with some of it changed."""
    names = set(AutomationCore.model_fields) - {"owner_resource"}  # the server takes it on creation only
    return AutomationCore(**{name: getattr(automation, name) for name in names} | changed)


def test_up_has_made_each_once_and_visible(system: Raised) -> None:
    before = {each.name: each.id for each in ours(system)}

    done = put_alarms_into_force(system.client, "")

    assert {what for _, what in done} == {"unchanged"}
    assert {each.name: each.id for each in ours(system)} == before
    assert set(before) == {PREFIX + alarm.name for alarm in alarms()}


def test_what_an_operator_switched_off_stays_off(system: Raised) -> None:
    late = next(each for each in ours(system) if each.name.endswith("ticks are late"))
    system.client.pause_automation(late.id)
    system.client.update_automation(late.id, core_of(late, enabled=False, description="older"))

    done = dict(put_alarms_into_force(system.client, ""))

    assert done[late.name] == "changed"
    (found,) = [each for each in ours(system) if each.name == late.name]
    assert found.enabled is False
    system.client.resume_automation(found.id)


def test_one_no_longer_declared_is_removed(system: Raised) -> None:
    one = ours(system)[0]
    system.client.create_automation(core_of(one, name=f"{PREFIX}of former days"))

    assert (f"{PREFIX}of former days", "removed") in put_alarms_into_force(system.client, "")


def test_a_block_that_is_not_there_is_named(system: Raised) -> None:
    with pytest.raises(CohortflowError, match="has no block 'slack-webhook/nowhere'"):
        put_alarms_into_force(system.client, "slack-webhook/nowhere")


class Heard(BaseHTTPRequestHandler):
    """Somebody who listens to alarms."""

    told: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Remember what was told."""
        self.told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[str]:
    """An address that hears alarms."""
    server = HTTPServer(("127.0.0.1", 0), Heard)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/alarm"
    server.shutdown()


def test_a_held_cohort_is_told_to_the_chosen_block(invited: Raised, listener: str) -> None:
    system = invited
    given = {"form_data": {"text": "{{ body }}"}, "url": listener}
    block = block_of(system, "custom-webhook", "alarms-of-the-test", given)
    put_alarms_into_force(system.client, f"custom-webhook/{block}")
    try:
        told = system.typed("hold", COHORT, "--by", f"owner@{DOMAIN}")
        assert told.returncode == 0, told.stderr
        wait_for("the alarm", lambda: [each for each in Heard.told if COHORT in each or "held" in each],
                 seconds=120, told=system.told)  # fmt: skip
        assert not [each for each in Heard.told if DOMAIN in each]
    finally:
        system.typed("resume", COHORT, "--by", f"owner@{DOMAIN}")
        put_alarms_into_force(system.client, "")


def block_of(system: Raised, kind: str, name: str, values: dict[str, Any]) -> str:
    """A notification block, made as the pages make it."""
    api = system.client
    kind_id = json.loads(api.request("GET", f"/block_types/slug/{kind}").content)["id"]
    schemas = api.request(
        "POST", "/block_schemas/filter", json={"block_schemas": {"block_type_id": {"any_": [kind_id]}}}
    )
    body = {"name": name, "data": {"name": name, **values}, "block_type_id": kind_id,
            "block_schema_id": json.loads(schemas.content)[0]["id"]}  # fmt: skip
    api.request("POST", "/block_documents/", json=body).raise_for_status()
    return name
