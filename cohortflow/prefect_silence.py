"""Runs whose process is gone, found by what the server has on record, whatever its automations remember of them.

Prefect's own automation is sooner. But it waits for what follows a heartbeat it has seen: a run whose first one was
lost when the server was killed, or whose time ran out while the server was down, it leaves under way for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Crashed

HEARTBEAT = "prefect.flow-run.heartbeat"
TOLD = "it gave no sign of life; retry is safe, and a later tick does its work"
UNDER_WAY = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
MOST = 200


@dataclass(frozen=True)
class Watch:
    """By what runs are judged: `tick`, the deployment whose runs show that the server was up, and the tag of ours."""

    tick: str
    own_tag: str
    patience: timedelta


def silence(since: datetime, heard: Iterable[datetime], now: datetime) -> timedelta:
    """For how long something has been silent while somebody could hear it.

    Args:
        since: its last sign of life.
        heard: instants at which the server was certainly up. The longest time between two of them does not count: the
            server may have been down in it, and who is alive needs a while to be heard again.
    """
    known = sorted([since, *(at for at in heard if since < at < now), now])
    return now - since - max(later - earlier for earlier, later in pairwise(known))


def end_silent(watch: Watch) -> int:
    """Mark runs as crashed that have been silent for too long, with the subflows in them; returns how many."""
    now = datetime.now(UTC)
    with get_client(sync_client=True) as client:
        long_ago = FlowRunFilterExpectedStartTime(before_=now - watch.patience)  # type: ignore[arg-type]
        suspects = _found(client, FlowRunFilter(state=_in(*UNDER_WAY), expected_start_time=long_ago))
        dead = {run.id for run in suspects if _is_silent(client, run, watch, now)}
        if dead:
            inside = FlowRunFilterParentFlowRunId(any_=list(dead))
            dead |= {run.id for run in _found(client, FlowRunFilter(state=_in(*UNDER_WAY), parent_flow_run_id=inside))}
        for run_id in dead:
            client.set_flow_run_state(run_id, Crashed(message=TOLD))
    return len(dead)


def _is_silent(client: SyncPrefectClient, run: FlowRun, watch: Watch, now: datetime) -> bool:
    """Whether a run that is ours, or has had a heartbeat before, has had none for too long."""
    last = _last_heartbeat(client, run)
    if run.state is None or (last is None and watch.own_tag not in run.tags):
        return False
    since = max(run.state.timestamp, last or run.state.timestamp)
    return silence(since, _ticks(client, watch.tick, since), now) >= watch.patience


def _last_heartbeat(client: SyncPrefectClient, run: FlowRun) -> datetime | None:
    told = {"event": {"name": [HEARTBEAT]}, "resource": {"id": [f"prefect.flow-run.{run.id}"]}, "order": "DESC"}
    answer = client.request("POST", "/events/filter", json={"filter": told, "limit": 1})
    return next((datetime.fromisoformat(each["occurred"]) for each in answer.json()["events"]), None)


def _ticks(client: SyncPrefectClient, tick: str, since: datetime) -> list[datetime]:
    """When ticks that ended well have begun since."""
    later = FlowRunFilterStartTime(after_=since)  # type: ignore[arg-type]
    went_well = FlowRunFilter(state=_in(StateType.COMPLETED), start_time=later)
    runs = _found(client, went_well, DeploymentFilter(name=DeploymentFilterName(any_=[tick])))
    return [run.start_time for run in runs if run.start_time is not None]


def _in(*types: StateType) -> FlowRunFilterState:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))


def _found(client: SyncPrefectClient, runs: FlowRunFilter, of: DeploymentFilter | None = None) -> list[FlowRun]:
    return client.read_flow_runs(flow_run_filter=runs, deployment_filter=of, limit=MOST)
