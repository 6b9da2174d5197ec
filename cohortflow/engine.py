"""Two decorators, `flow` and `task`, that run with Prefect or plainly: one story, two ways to run it.

A flow or task made here is a real Prefect flow or task. Inside `with plainly():` a call goes straight to the
function, without a run, a server or a state; everywhere else it is Prefect's. Results are never persisted and
nothing is cached: what is "already done" stands in our own tables, and frames with people in them stay in memory.
Prefect keeps what a run says (states, logs, parameters), so an error of somebody else's leaves here by name only.

Commands that never need Prefect set COHORTFLOW_ENGINE=plain before the flows are imported; then it is not even loaded,
which takes longer than a tick.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

if TYPE_CHECKING:
    from cohortflow.prefect_engine import Flow, Task

P = ParamSpec("P")
R = TypeVar("R")

WITHOUT_PREFECT = os.environ.get("COHORTFLOW_ENGINE") == "plain"
_plain: ContextVar[bool] = ContextVar("cohortflow_plain", default=False)
_unseen: ContextVar[bool] = ContextVar("cohortflow_unseen", default=False)
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
    return WITHOUT_PREFECT or _plain.get()


@contextmanager
def unseen() -> Iterator[None]:
    """Run by Prefect, but spare the events and artifacts that nobody will look at: a server thrown away afterwards."""
    token = _unseen.set(True)
    try:
        yield
    finally:
        _unseen.reset(token)


class Function(Generic[P, R]):
    """A flow or task where there is no Prefect: the function, by the name every flow and task has for it."""

    def __init__(self, fn: Callable[P, R]) -> None:
        wraps(fn)(self)
        self.fn = fn

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.fn(*args, **kwargs)


def flow(name: str, *, run_name: str | None = None, retries: int = 0) -> "Callable[[Callable[P, R]], Flow[P, R]]":
    """A flow that keeps no results; `run_name` is a template over its parameters (ids only)."""

    def decorate(fn: Callable[P, R]) -> Any:
        if WITHOUT_PREFECT:
            return Function(fn)
        from cohortflow.prefect_engine import make_flow

        return make_flow(fn, name, run_name, retries)

    return decorate


@overload
def task(fn: Callable[P, R], /) -> "Task[P, R]": ...
@overload
def task(*, retries: int = 0, name: str | None = None) -> "Callable[[Callable[P, R]], Task[P, R]]": ...
def task(fn: Callable[P, R] | None = None, /, *, retries: int = 0, name: str | None = None) -> Any:
    """A task that keeps no results and caches nothing; usable bare or with `retries`."""

    def decorate(function: Callable[P, R]) -> Any:
        if WITHOUT_PREFECT:
            return Function(function)
        from cohortflow.prefect_engine import make_task

        return make_task(function, name, retries)

    return decorate if fn is None else decorate(fn)


def in_deployment() -> bool:
    """Whether the code runs inside a run that a Prefect deployment started."""
    if is_plain():
        return False
    from prefect.context import FlowRunContext

    # Not prefect.runtime.deployment, which asks the server each time: a tenth of a second for what is known here.
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return "PREFECT__FLOW_RUN_ID" in os.environ or (run is not None and run.deployment_id is not None)


def run_id() -> str:
    """The id of the run this code belongs to, the same when it is retried; "-" when plain."""
    if is_plain():
        return "-"
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else "-"


def bear_tags(*names: str) -> None:
    """Let the run this code belongs to be found by further tags (ids only); nothing when plain."""
    if is_plain() or _unseen.get():
        return
    from cohortflow.prefect_engine import add_tags

    with _at_best():
        add_tags(names)


def tell(kind: str, subject: str, **counts: int | str) -> None:
    """Emit a Prefect event about a cohort (ids and counts only); nothing when plain."""
    if is_plain() or _unseen.get():
        return
    from prefect.events import emit_event

    resource = {"prefect.resource.id": f"cohortflow.cohort.{subject}", "prefect.resource.name": subject}
    with _at_best():
        emit_event(event=f"cohortflow.{kind}", resource=resource, payload=dict(counts))


def show_table(key: str, rows: list[dict[str, Any]], description: str) -> None:
    """Attach a table artifact to the current run (ids and counts only); nothing when plain."""
    if is_plain() or _unseen.get() or not rows:
        return
    from prefect.artifacts import create_table_artifact

    with _at_best():
        create_table_artifact(key=key, table=rows, description=description)


def show_standing(key: str, rows: list[dict[str, Any]], description: str) -> None:
    """A table that stands under its key and is written anew only when it says something new; nothing when plain."""
    if is_plain() or _unseen.get():
        return
    from cohortflow.prefect_engine import show_if_changed

    with _at_best():
        show_if_changed(key, rows, description)


def show_progress(key: str, what: str, total: Callable[[], int]) -> Callable[[int], None]:
    """A progress artifact of the current run, made once: call it with how many are done; nothing when plain.

    Args:
        total: how many there are to do, asked only where somebody may look; nothing is shown for none.
    """
    if is_plain() or _unseen.get():
        return lambda _: None
    from cohortflow.prefect_engine import Progress

    bar: Progress | None = None
    with _at_best():
        bar = Progress(key, what, number) if (number := total()) else None

    def reach(done: int) -> None:
        if bar is not None:
            with _at_best():
                bar.reach(done)

    return reach


def secret_block(name: str) -> str:
    """What a Secret block of Prefect holds; empty where there is no such block, or no Prefect."""
    if is_plain():
        return ""
    from cohortflow.prefect_engine import read_secret

    return read_secret(name)


@contextmanager
def tagged(*names: str) -> Iterator[None]:
    """Let the runs that are called in the block bear tags (ids only); nothing when plain."""
    if is_plain():
        yield
        return
    from prefect import tags

    with tags(*names):
        yield


@contextmanager
def _at_best() -> Iterator[None]:
    """What is only shown must not undo what is done: a run whose work is recorded does not fail for its display."""
    try:
        yield
    except Exception as error:
        logger.warning("not shown in Prefect (%s)", type(error).__name__)


def live_parameters(deployment: str, parameter: str) -> set[str]:
    """What a parameter (an id) is in the runs of a deployment that wait or run now."""
    from cohortflow.prefect_engine import live_parameters as ask

    return ask(deployment, parameter)


def is_about_to_begin(deployment: str) -> bool:
    """Whether a run of a deployment was started and has not begun; it will see whatever is committed by now."""
    from cohortflow.prefect_engine import is_about_to_begin as ask

    return ask(deployment)


def end_silent_runs(tick: str, own_tag: str, patience: timedelta) -> None:
    """Have Prefect's pages tell the truth of runs whose process is gone: see `end_silent`; nothing when plain.

    Args:
        tick: the deployment whose runs show when the server was up.
        own_tag: what every run of ours bears.
    """
    if is_plain() or _unseen.get():
        return
    from cohortflow.prefect_silence import Watch, end_silent

    with _at_best():
        if ended := end_silent(Watch(tick, own_tag, patience)):
            logger.warning("%d runs gave no sign of life and were marked as crashed", ended)


def start_deployment(name: str, parameters: dict[str, Any], stamp: str, tags: tuple[str, ...] = ()) -> None:
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
    more = list(tags) or None
    run_deployment(name, parameters=parameters, timeout=0, as_subflow=False, idempotency_key=key, tags=more)
