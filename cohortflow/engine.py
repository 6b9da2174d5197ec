"""Two decorators, `flow` and `task`, that run with Prefect or plainly: one story, two ways to run it.

A flow or task made here is a real Prefect flow or task. Inside `with plainly():` a call goes straight to the
function, without a run, a server or a state; everywhere else it is Prefect's. Results are never persisted and
nothing is cached: what is "already done" stands in our own tables, and frames with people in them stay in memory.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar, overload

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

import prefect
from prefect.cache_policies import NO_CACHE

P = ParamSpec("P")
R = TypeVar("R")

_plain: ContextVar[bool] = ContextVar("cohortflow_plain", default=False)
logger = logging.getLogger("cohortflow")


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


class Flow(prefect.Flow[P, R]):
    """Prefect's flow, callable without Prefect."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _plain.get():
            return self.fn(*args, **kwargs)
        return super().__call__(*args, **kwargs)


class Task(prefect.Task[P, R]):
    """Prefect's task, callable without Prefect."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _plain.get():
            return self.fn(*args, **kwargs)
        return super().__call__(*args, **kwargs)


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
    emit_event(event=f"cohortflow.{kind}", resource=resource, payload=dict(counts))


def show_table(key: str, rows: list[dict[str, Any]], description: str) -> None:
    """Attach a table artifact to the current run (ids and counts only); nothing when plain."""
    if _plain.get() or not rows:
        return
    from prefect.artifacts import create_table_artifact

    create_table_artifact(key=key, table=rows, description=description)


def start_deployment(name: str, parameters: dict[str, Any], key: str) -> None:
    """Start another deployment and do not wait; `key` must hold an instant or attempt, for a used key never runs again."""
    from prefect.deployments import run_deployment

    run_deployment(name, parameters=parameters, timeout=0, as_subflow=False, idempotency_key=key)
