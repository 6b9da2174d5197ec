"""`cohortflow deploy`: what is declared comes into force, twice changes nothing, and an operator's pause is kept."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from raised_installation import Raised

from cohortflow.operations.declared import Declared, read_declared, ticking_every
from cohortflow.operations.deploying import put_into_force

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TICK = "advance-programs/advance-programs"


@pytest.fixture
def client(system: Raised) -> Iterator[SyncPrefectClient]:
    """The server of the system, with everything in force afterwards as it was."""
    yield system.client
    put_into_force(system.client, declared())


def declared() -> list[Declared]:
    """What `up` has put into force."""
    return [ticking_every(each, 15.0) for each in read_declared()]


def states(done: list[tuple[str, str]]) -> set[str]:
    """What happened at all."""
    return {what for _, what in done}


def test_twice_is_unchanged_and_keeps_every_id(client: SyncPrefectClient) -> None:
    before = client.read_deployment_by_name(TICK)

    assert states(put_into_force(client, declared())) == {"unchanged"}

    assert client.read_deployment_by_name(TICK).updated == before.updated


def test_only_what_changed_is_applied(client: SyncPrefectClient) -> None:
    first, *rest = declared()

    done = put_into_force(client, [replace(first, description="Another."), *rest])

    assert dict(done)[first.name] == "changed"
    assert states(done) == {"changed", "unchanged"}
    assert client.read_deployment_by_name(f"{first.name}/{first.name}").description == "Another."


def test_a_pause_of_an_operator_outlives_a_change(client: SyncPrefectClient) -> None:
    deployment = client.read_deployment_by_name(TICK)
    (schedule,) = deployment.schedules
    client.update_deployment_schedule(deployment.id, schedule.id, active=False)
    client.pause_deployment(deployment.id)

    put_into_force(client, [ticking_every(each, 7.0) for each in read_declared()])

    found = client.read_deployment_by_name(TICK)
    assert found.paused
    assert [(each.active, each.schedule.interval.total_seconds()) for each in found.schedules] == [(False, 7.0)]
    client.update_deployment_schedule(found.id, found.schedules[0].id, active=True)
    client.resume_deployment(found.id)


def test_what_is_no_longer_declared_is_removed_and_strangers_stay(client: SyncPrefectClient) -> None:
    *some, last = declared()
    flow = client.create_flow_from_name("somebody-elses")
    client.create_deployment(flow_id=flow, name="somebody-elses")

    done = dict(put_into_force(client, some))

    assert done[last.name] == "removed"
    with pytest.raises(ObjectNotFound):
        client.read_deployment_by_name(f"{last.name}/{last.name}")
    assert client.read_deployment_by_name("somebody-elses/somebody-elses")
    assert dict(put_into_force(client, declared()))[last.name] == "created"


def test_every_form_asks_for_ids_only(client: SyncPrefectClient) -> None:
    for each in declared():
        found = client.read_deployment_by_name(f"{each.name}/{each.name}")
        assert found.enforce_parameter_schema
        assert found.parameter_openapi_schema["properties"] or each.name in ("advance-programs", "deliver-mail")
