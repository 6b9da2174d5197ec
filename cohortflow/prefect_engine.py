"""Our flows and tasks as Prefect's own: results never persisted, nobody else's words in what Prefect keeps."""

import json
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import prefect
from prefect.artifacts import Artifact, create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.context import FlowRunContext, TagsContext, TaskRunContext
from prefect.filesystems import NullFileSystem
from prefect.utilities.annotations import opaque

from cohortflow.engine import is_plain
from schemas.errors import CohortflowError

P = ParamSpec("P")
R = TypeVar("R")
CHECKOUT = Path(__file__).resolve().parent.parent


class Unexpected(CohortflowError):
    """An error nobody foresaw, told without its text: that may quote somebody's data."""


def discreet(fn: Callable[P, R]) -> Callable[P, R]:
    """The function as Prefect may run it: only errors of ours leave it in words, and none brings along its cause."""

    @wraps(fn)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if FlowRunContext.get() is None and TaskRunContext.get() is None:
            return fn(*args, **kwargs)
        try:
            # Tags are for runs; handed down to each task they would cost a request per call.
            with TagsContext(current_tags=set()):
                return fn(*args, **kwargs)
        except Exception as error:
            _write_no_result()
            told = error if isinstance(error, CohortflowError) else Unexpected(whereabouts(error))
            raise told from None

    return call


def _write_no_result() -> None:
    """Prefect pickles the error of a failed flow into its result storage, even where results are not kept: not ours."""
    context = FlowRunContext.get()
    if context is not None:
        context.result_store.result_storage = NullFileSystem()  # type: ignore[assignment]


def whereabouts(error: Exception) -> str:
    """The kind of an error and the line of ours that met it."""
    met_at = ((Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__))
    ours = [
        f" at {file.relative_to(CHECKOUT)}:{line}"
        for file, line in met_at
        if file.is_relative_to(CHECKOUT) and "site-packages" not in file.parts
    ]
    return type(error).__name__ + (ours[-1] if ours else "")


class Flow(prefect.Flow[P, R]):
    """Prefect's flow, callable without Prefect."""

    def __init__(self, fn: Callable[P, R], **options: Any) -> None:
        super().__init__(fn, **options)
        self.fn = discreet(fn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if is_plain():
            return self.fn(*args, **kwargs)
        return super().__call__(*args, **kwargs)


class Task(prefect.Task[P, R]):
    """Prefect's task, callable without Prefect."""

    def __init__(self, fn: Callable[P, R], **options: Any) -> None:
        super().__init__(fn, **options)
        self.fn = discreet(fn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if is_plain():
            return self.fn(*args, **kwargs)
        # Nothing here is ever a future, so Prefect need not search a cohort, field by field, for one (twice a call).
        values: list[Any] = [opaque(value) for value in args]
        named: dict[str, Any] = {name: opaque(value) for name, value in kwargs.items()}
        return super().__call__(*values, **named)


def add_tags(names: Iterable[str]) -> None:
    """Add tags to the present run."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    known = set(context.flow_run.tags)
    if wanted := set(names) - known:
        with get_client(sync_client=True) as client:
            client.update_flow_run(context.flow_run.id, tags=sorted(known | wanted))


NOT_BEGUN = (StateType.SCHEDULED, StateType.PENDING)
LIVE = (*NOT_BEGUN, StateType.RUNNING, StateType.CANCELLING)
LIVE_FOR, SOON = timedelta(hours=1), timedelta(seconds=5)
BEGINS_WITHIN = timedelta(minutes=2)  # one that has not begun by then may never: its worker is gone


def live_parameters(deployment: str, parameter: str) -> set[str]:
    """What a parameter is in the runs of a deployment that wait or run.

    A run of more than an hour ago does not count: its worker may be gone, and what it holds stands in our own leases.
    """
    return {str(run.parameters.get(parameter)) for run in _runs_of(deployment, LIVE, LIVE_FOR, limit=200)}


def is_about_to_begin(deployment: str) -> bool:
    """Whether a run of a deployment was started and has not begun; it will see whatever is committed by now."""
    return bool(_runs_of(deployment, NOT_BEGUN, BEGINS_WITHIN, limit=1))


def _runs_of(deployment: str, states: tuple[StateType, ...], since: timedelta, limit: int) -> list[FlowRun]:
    now = datetime.now(UTC)
    # Not what a schedule has planned for later.
    about_now = FlowRunFilterExpectedStartTime(after_=now - since, before_=now + SOON)  # type: ignore[arg-type]
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(
            deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[deployment])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states))),
                expected_start_time=about_now,
            ),
            limit=limit,
        )


def show_if_changed(key: str, rows: list[dict[str, Any]], description: str) -> None:
    """Write a table artifact anew, unless the newest one of its key says the same."""
    known: Any = Artifact.get(key)
    if known is None or json.loads(known.data) != json.loads(json.dumps(rows)):
        create_table_artifact(key=key, table=rows, description=description)


class Progress:
    """A progress artifact, made at once and updated now and then: counts only."""

    EVERY_SECONDS = 2.0  # an update is a request, and nobody watches more closely

    def __init__(self, key: str, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._id: Any = create_progress_artifact(0.0, key, self._told(0))
        self._shown_at = time.monotonic()

    def reach(self, done: int) -> None:
        """So many are done by now; the last one is always shown."""
        is_last, now = done >= self._total, time.monotonic()
        if is_last or now - self._shown_at >= self.EVERY_SECONDS:
            self._shown_at = now
            update_progress_artifact(self._id, min(100.0, 100.0 * done / self._total), self._told(done))

    def _told(self, done: int) -> str:
        return f"{done:,} of {self._total:,} {self._what}"


def read_secret(name: str) -> str:
    """What a Secret block holds; empty where there is none of that name."""
    try:
        block: Any = Secret.load(name)
    except ValueError:
        return ""
    return str(block.get())


def make_flow(fn: Callable[P, R], name: str, run_name: str | None, retries: int) -> Flow[P, R]:
    """The flow of a function."""
    return Flow(
        fn,
        name=name,
        flow_run_name=run_name,
        retries=retries,
        persist_result=False,
        validate_parameters=True,
        cache_result_in_memory=False,
    )


def make_task(fn: Callable[P, R], name: str | None, retries: int) -> Task[P, R]:
    """The task of a function."""
    return Task(
        fn,
        name=name,
        retries=retries,
        retry_delay_seconds=1 if retries else 0,
        persist_result=False,
        cache_policy=NO_CACHE,
        cache_result_in_memory=False,
    )
