"""The deployments as prefect.yaml declares them, made ready to be compared with what a server has."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from schemas.settings import CHECKOUT

FILE = CHECKOUT / "prefect.yaml"
OURS = "cohortflow"  # the tag by which we know a deployment of ours, and alarms a run they are about
TELLS = "cohortflow-alarm"  # the tag of what passes alarms on; its own failures must not raise the next
TICK = "advance-programs"


@dataclass(frozen=True)
class Declared:
    """One deployment: `schedules` as the file has them, by slug."""

    name: str
    entrypoint: str
    description: str
    tags: tuple[str, ...]
    schedules: dict[str, dict[str, Any]]
    concurrency: dict[str, Any]
    pool: str
    job_variables: dict[str, Any]
    parameters: dict[str, Any]  # the JSON Schema of its form

    @cached_property
    def version(self) -> str:
        """Stands with the deployment on the server: the same version, nothing to apply."""
        told = json.dumps(asdict(self), sort_keys=True, default=str)
        return f"{version('cohortflow')}+{hashlib.sha256(told.encode()).hexdigest()[:10]}"


def read_declared(file: Path = FILE) -> list[Declared]:
    """Every deployment of the file, without the schema of its form."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [_declared(each) for each in content["deployments"]]


def _declared(each: dict[str, Any]) -> Declared:
    pool = each["work_pool"]
    return Declared(
        name=each["name"],
        entrypoint=each["entrypoint"],
        description=each["description"],
        tags=tuple(each["tags"]),
        schedules={schedule["slug"]: schedule for schedule in each.get("schedules") or ()},
        concurrency=each.get("concurrency_limit") or {},
        pool=pool["name"],
        job_variables=pool.get("job_variables") or {},
        parameters={},
    )


def ticking_every(declared: Declared, seconds: float) -> Declared:
    """The tick at another pace, for tests and demonstrations; every other deployment as it is."""
    if declared.name != TICK:
        return declared
    faster = {slug: {**each, "interval": seconds} for slug, each in declared.schedules.items()}
    return replace(declared, schedules=faster)


def interval_of(schedule: dict[str, Any]) -> timedelta:
    """How often a schedule comes."""
    return timedelta(seconds=float(schedule["interval"]))
