"""What watchers ask over HTTP: whether the last tick ended well not long ago, and the figures for Prometheus."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, FastAPI, Query, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest

from cohortflow.store import instances, pulse
from cohortflow.store.database import Database

disable_created_metrics()  # ours are counted in the database; when this process began to show them means nothing

OpenDatabase = Callable[[], Database]


def watching_app(database: OpenDatabase) -> FastAPI:
    """An application with nothing else in it, for an address of its own."""
    app = FastAPI(title="Cohortflow, for watchers", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(watching_router(database))
    return app


def watching_router(database: OpenDatabase) -> APIRouter:
    """The same two pages, to be put beside others; counts only, but not meant for the world."""
    router = APIRouter()

    @router.get("/health/tick")
    def last_tick(minutes: int = Query(30, ge=1, le=10_080)) -> JSONResponse:
        """200 when a tick ended well within so many minutes, else 503."""
        found = look(database())
        age = found.tick_age
        is_fresh = age is not None and age <= timedelta(minutes=minutes)
        told = {"fresh": is_fresh, "seconds": int(age.total_seconds()) if age is not None else None}
        return JSONResponse(told, status_code=200 if is_fresh else 503)

    @router.get("/metrics")
    def metrics() -> Response:
        """The figures, as Prometheus reads them."""
        return Response(as_prometheus(look(database())), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def look(database: Database) -> pulse.Pulse:
    """How the installation is at this moment."""
    with database.read() as db:
        return pulse.read_pulse(db, instances.read_clock(db).at(datetime.now(UTC)))


def as_prometheus(found: pulse.Pulse) -> bytes:
    """The figures in Prometheus' text."""
    registry = CollectorRegistry()
    # All from the database, so that whichever machine is asked counts what all of them did.
    for name, told, count in (
        ("ticks", "Ticks that ended well", found.ticks),
        ("occasions_done", "Occasions that were done", found.occasions.get("done", 0)),
        ("occasions_skipped", "Occasions that were skipped", found.occasions.get("skipped", 0)),
    ):
        Counter(f"cohortflow_{name}", told, registry=registry).inc(count)
    _one(registry, "last_tick_age_seconds", "Since the last tick ended well", _seconds(found.tick_age))
    _one(registry, "due", "Occasions that are ready and not done", found.due)
    _one(registry, "failing", "Pending occasions whose last try failed", found.failing)
    _one(registry, "oldest_due_age_seconds", "How long the oldest of these has waited", _seconds(found.oldest_due, 0))
    _one(registry, "oldest_unknown_mail_age_seconds", "How long the oldest mail has been in doubt",
         _seconds(found.oldest_unknown, 0))  # fmt: skip
    _one(registry, "cohorts_held_by_roster", "Cohorts whose roster holds their mail", found.held_by_roster)
    _one(
        registry,
        "sending_held",
        "1 while no mail leaves until somebody confirms the database",
        bool(found.sending_hold),
    )
    _one(registry, "transports_turned_away", "Transports whose key or host was turned away", found.turned_away)
    _by_state(registry, "occasions", "Occasions by state", found.occasions, ("pending", "done", "skipped", "cancelled"))
    _by_state(registry, "mails", "Mails by state", found.mails, ("queued", "sending", "accepted", "unknown", "refused"))
    _by_state(registry, "cohorts", "Cohorts by state", found.cohorts, ("declared", "held", "running", "closed"))
    return bytes(generate_latest(registry))


def _one(registry: CollectorRegistry, name: str, told: str, value: float) -> None:
    Gauge(f"cohortflow_{name}", told, registry=registry).set(value)


def _by_state(
    registry: CollectorRegistry, name: str, told: str, counts: Mapping[str, int], always: tuple[str, ...]
) -> None:
    gauge = Gauge(f"cohortflow_{name}", told, ["state"], registry=registry)
    for state in sorted({*always, *counts}):
        gauge.labels(state).set(counts.get(state, 0))


def _seconds(age: timedelta | None, otherwise: float = float("nan")) -> float:
    return age.total_seconds() if age is not None else otherwise
