"""Two decorators, `flow` and `task`, that run with Prefect or plainly: one story, two ways to run it.

A flow or task made here is a real Prefect flow or task. Inside `with plainly():` a call goes straight to the
function, without a run, a server or a state; everywhere else it is Prefect's. Results are never persisted and
nothing is cached: what is "already done" stands in our own tables, and frames with people in them stay in memory.
Prefect keeps what a run says (states, logs, parameters), so an error of somebody else's leaves here by name only.
"""

import logging
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, overload

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

import prefect
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext, TaskRunContext
from prefect.filesystems import NullFileSystem
from prefect.utilities.annotations import opaque

from schemas.errors import CohortflowError

P = ParamSpec("P")
R = TypeVar("R")

_plain: ContextVar[bool] = ContextVar("cohortflow_plain", default=False)
logger = logging.getLogger("cohortflow")
CHECKOUT = Path(__file__).resolve().parent.parent


class Unexpected(CohortflowError):
    """An error nobody foresaw, told without its text: that may quote somebody's data."""


@contextmanager
def plainly() -> Iterator[None]:
    """Run flows and tasks as ordinary functions for the length of the block."""
    token = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(token)


def is_plain() -> bool:
    """Whether flows and tasks called here run without Prefect."""
    return _plain.get()


def discreet(fn: Callable[P, R]) -> Callable[P, R]:
    """The function as Prefect may run it: only errors of ours leave it in words, and none brings along its cause."""

    @wraps(fn)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if FlowRunContext.get() is None and TaskRunContext.get() is None:
            return fn(*args, **kwargs)
        try:
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
        if _plain.get():
            return self.fn(*args, **kwargs)
        return super().__call__(*args, **kwargs)


class Task(prefect.Task[P, R]):
    """Prefect's task, callable without Prefect."""

    def __init__(self, fn: Callable[P, R], **options: Any) -> None:
        super().__init__(fn, **options)
        self.fn = discreet(fn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _plain.get():
            return self.fn(*args, **kwargs)
        # Nothing here is ever a future, so Prefect need not search a cohort, field by field, for one (twice a call).
        values: list[Any] = [opaque(value) for value in args]
        named: dict[str, Any] = {name: opaque(value) for name, value in kwargs.items()}
        return super().__call__(*values, **named)


def flow(name: str, *, run_name: str | None = None, retries: int = 0) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """A flow that keeps no results; `run_name` is a template over its parameters (ids only)."""

    def decorate(fn: Callable[P, R]) -> Flow[P, R]:
        return Flow(
            fn,
            name=name,
            flow_run_name=run_name,
            retries=retries,
            persist_result=False,
            validate_parameters=True,
            cache_result_in_memory=False,
        )

    return decorate


@overload
def task(fn: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(*, retries: int = 0, name: str | None = None) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(fn: Callable[P, R] | None = None, /, *, retries: int = 0, name: str | None = None) -> Any:
    """A task that keeps no results and caches nothing; usable bare or with `retries`."""

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        return Task(
            function,
            name=name,
            retries=retries,
            retry_delay_seconds=1 if retries else 0,
            persist_result=False,
            cache_policy=NO_CACHE,
            cache_result_in_memory=False,
        )

    return decorate if fn is None else decorate(fn)


def in_deployment() -> bool:
    """Whether the code runs inside a run that a Prefect deployment started."""
    if _plain.get():
        return False
    from prefect.runtime import deployment

    return deployment.id is not None


def tell(kind: str, subject: str, **counts: int | str) -> None:
    """Emit a Prefect event about a cohort (ids and counts only); nothing when plain."""
    if _plain.get():
        return
    from prefect.events import emit_event

    resource = {"prefect.resource.id": f"cohortflow.cohort.{subject}", "prefect.resource.name": subject}
    with _at_best():
        emit_event(event=f"cohortflow.{kind}", resource=resource, payload=dict(counts))


def show_table(key: str, rows: list[dict[str, Any]], description: str) -> None:
    """Attach a table artifact to the current run (ids and counts only); nothing when plain."""
    if _plain.get() or not rows:
        return
    from prefect.artifacts import create_table_artifact

    with _at_best():
        create_table_artifact(key=key, table=rows, description=description)


@contextmanager
def _at_best() -> Iterator[None]:
    """What is only shown must not undo what is done: a run whose work is recorded does not fail for its display."""
    try:
        yield
    except Exception as error:
        logger.warning("not shown in Prefect (%s)", type(error).__name__)


def start_deployment(name: str, parameters: dict[str, Any], stamp: str) -> None:
    """Start another deployment and do not wait.

    Args:
        name: flow/deployment.
        parameters: ids only.
        stamp: the instant this is about. With the run and its attempt it makes the idempotency key: one attempt starts
            it once, however often a request is repeated, and a retry starts it anew (a used key never runs again).
    """
    from prefect.deployments import run_deployment
    from prefect.runtime import flow_run

    key = f"{name} {stamp} {flow_run.id}#{flow_run.run_count}"
    run_deployment(name, parameters=parameters, timeout=0, as_subflow=False, idempotency_key=key)
