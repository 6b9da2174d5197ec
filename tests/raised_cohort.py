"""The small cohort of an installation that `up` has raised: what stands in its store, its clock, and runs of actions."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from prefect_installation import wait_for
from raised_installation import Raised
from scene_files import COHORT

from cohortflow.store import instances, occasions, overview
from cohortflow.store.database import Database, open_database
from cohortflow.store.tables import metadata

OWNER, APPROVER = "role:owner", "role:approver#1"
OPERATOR = "operator@acme.example"
messages = metadata.tables["messages"]


@contextmanager
def store(system: Raised) -> Iterator[Database]:
    """Our own database."""
    database = open_database(f"sqlite:///{system.home / 'var' / 'cohortflow.db'}")
    yield database
    database.close()


def set_clock(system: Raised, now: datetime) -> None:
    """Have the installation live at another instant from now on."""
    with store(system) as database, database.write() as db:
        instances.set_clock(db, base=now, started=datetime.now(UTC))


def shown_now(system: Raised) -> datetime:
    """What its clock shows."""
    with store(system) as database, database.read() as db:
        return instances.shown_now(db)


def occasion_rows(system: Raised) -> dict[str, dict[str, Any]]:
    """Every occasion of the cohort as a whole, by key."""
    with store(system) as database, database.read() as db:
        return {each["key"]: dict(each) for each in occasions.rows_of(db, COHORT) if each["about"] == "-"}


def matches(system: Raised, *states: str) -> list[dict[str, Any]]:
    """The matches of the cohort that are in one of some states, or all."""
    with store(system) as database, database.read() as db:
        rows = overview.match_rows(db, COHORT)
    return [row for row in rows if not states or row["state"] in states]


def mails(system: Raised, **where: object) -> list[dict[str, Any]]:
    """The messages that are as named."""
    query = sa.select(messages).where(*[messages.c[name] == value for name, value in where.items()])
    with store(system) as database, database.read() as db:
        return [dict(row) for row in db.execute(query).mappings()]


def announced(system: Raised) -> Counter[tuple[str, str]]:
    """How often each person was told of each match, by the mails that the post has taken."""
    told = mails(system, cohort_id=COHORT, template="meet_your_match", state="accepted")
    return Counter((row["person_id"], row["about"]) for row in told)


def begin(system: Raised, action: str, **given: Any) -> Any:
    """Start an action, as its form does."""
    deployment = system.client.read_deployment_by_name(f"{action}/{action}")
    return system.client.create_flow_run_from_deployment(deployment.id, parameters=given)


def ended(system: Raised, run: Any) -> Any:
    """Wait for the end of a run."""

    def over() -> Any:
        found = system.client.read_flow_run(run.id)
        return found if found.state is not None and found.state.is_final() else None

    return wait_for(run.name, over, seconds=240, told=system.told)


def act(system: Raised, action: str, **given: Any) -> Any:
    """Run an action that must go well, and wait for its end."""
    done = ended(system, begin(system, action, **given))
    assert done.state.is_completed(), done.state.message
    return done


@contextmanager
def without_ticks(system: Raised) -> Iterator[None]:
    """Nothing comes by itself for the length of the block, as when an operator has paused the tick."""
    tick = system.client.read_deployment_by_name("advance-programs/advance-programs")
    system.client.pause_deployment(tick.id)

    def all_over() -> bool:
        names = ("advance-programs", "advance-program", "deliver-mail")
        return all(run.state.is_final() for name in names for run in system.runs_of(name))

    wait_for("ticks to end", all_over, seconds=240, told=system.told)
    try:
        yield
    finally:
        system.client.resume_deployment(tick.id)


def table_of(system: Raised, run: Any, key: str) -> list[dict[str, Any]]:
    """A table that a run has attached to itself."""
    wanted = {"artifacts": {"flow_run_id": {"any_": [str(run.id)]}, "key": {"any_": [key]}}}
    (found,) = system.client.request("POST", "/artifacts/filter", json=wanted).json()
    return list(json.loads(found["data"]))


def standing(system: Raised) -> dict[str, dict[str, str]]:
    """The newest table that always stands for the cohort, row by row."""
    wanted = {"artifacts": {"key": {"any_": ["cohort-small-circle-2027-spring"]}}}
    (found,) = system.client.request("POST", "/artifacts/latest/filter", json=wanted).json()
    return {row["what"]: row for row in json.loads(found["data"])}
