"""`cohortflow deploy`: what is declared comes into force on Prefect's server, and nothing else is touched."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from prefect.workers.process import ProcessWorker

from cohortflow.operations.alarms import put_alarms_into_force
from cohortflow.operations.declared import OURS, TELLS, Declared, interval_of, read_declared, ticking_every
from cohortflow.operations.demo import demo_life
from schemas.settings import Settings

Done = list[tuple[str, str]]  # what became of what: created, changed, unchanged or removed


def deploy(tick_every: float | None, settings: Settings, demo: bool = False) -> Done:
    """Put prefect.yaml and the alarms into force on the server that PREFECT_API_URL names."""
    wanted = read_declared()
    if tick_every is not None:
        wanted = [ticking_every(each, tick_every) for each in wanted]
    if demo:
        wanted.append(demo_life(wanted[0]))
    with get_client(sync_client=True) as client:
        done = put_into_force(client, wanted) + put_alarms_into_force(client, settings)
        if demo:
            client.create_flow_run_from_deployment(client.read_deployment_by_name("demo-life/demo-life").id)
    return done


def put_into_force(client: SyncPrefectClient, wanted: Iterable[Declared]) -> Done:
    """Create what is missing, change what differs, remove what is ours and no longer declared.

    An operator's pause, of a deployment or of one of its schedules, stays as it is.
    """
    found = {each.name: each for each in _ours(client)}
    done: Done = []
    for declared in wanted:
        _ensure_pool(client, declared.pool)
        whole, flow_name = _with_form(declared)
        done.append((declared.name, _apply(client, whole, flow_name, found.pop(declared.name, None))))
    for name, deployment in sorted(found.items()):
        client.delete_deployment(deployment.id)
        done.append((name, "removed"))
    return done


def _ours(client: SyncPrefectClient) -> list[DeploymentResponse]:
    return client.read_deployments(
        deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(any_=[OURS, TELLS])), limit=200
    )


def _ensure_pool(client: SyncPrefectClient, name: str) -> None:
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        with suppress(ObjectAlreadyExists):  # by a worker that has just started
            client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))


def _with_form(declared: Declared) -> tuple[Declared, str]:
    """With the schema of its form, read from the flow; and what the flow is called."""
    flow: Any = load_flow_from_entrypoint(declared.entrypoint)
    return replace(declared, parameters=parameter_schema(flow).model_dump_for_openapi()), str(flow.name)


def _apply(client: SyncPrefectClient, declared: Declared, flow_name: str, found: DeploymentResponse | None) -> str:
    slugs = {each.slug for each in found.schedules} if found else set()
    if found and found.version == declared.version and slugs == set(declared.schedules):
        return "unchanged"
    active = {each.slug: each.active for each in found.schedules} if found else {}
    limit = declared.concurrency
    client.create_deployment(
        flow_id=client.create_flow_from_name(flow_name),
        name=declared.name,
        version=declared.version,
        schedules=[_schedule(slug, each, active.get(slug)) for slug, each in declared.schedules.items()],
        concurrency_limit=limit.get("limit"),
        concurrency_options=_options(limit),
        description=declared.description,
        work_pool_name=declared.pool,
        tags=list(declared.tags),
        entrypoint=declared.entrypoint,
        parameter_openapi_schema=declared.parameters,
        paused=found.paused if found else None,
        pull_steps=[],
        enforce_parameter_schema=True,
        job_variables=declared.job_variables,
    )
    return "changed" if found else "created"


def _schedule(slug: str, each: dict[str, Any], active: bool | None) -> DeploymentScheduleCreate:
    anchor = datetime.fromisoformat(each["anchor_date"])
    schedule = IntervalSchedule(interval=interval_of(each), anchor_date=anchor, timezone=each["timezone"])
    return DeploymentScheduleCreate(slug=slug, schedule=schedule, active=each["active"] if active is None else active)


def _options(limit: dict[str, Any]) -> ConcurrencyOptions | None:
    if not limit:
        return None
    return ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy(limit["collision_strategy"]))
