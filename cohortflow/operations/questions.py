"""Short questions to Prefect's server, asked over its HTTP address by processes that do not load Prefect."""

import json
import urllib.error
import urllib.request
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from cohortflow.operations.layout import POOL
from cohortflow.operations.processes import authorization

TIMEOUT_SECONDS = 5


def ask(api: str, auth: str, path: str, body: object | None = None) -> Any:
    """The server's answer, as JSON.

    Raises:
        OSError: it does not answer, or says no.
    """
    headers = {"Content-Type": "application/json", **authorization(auth)}
    if body is None:
        return _answer(api, path, headers)
    return _answer(api, path, headers | _token(api, headers), json.dumps(body).encode())


def _answer(api: str, path: str, headers: dict[str, str], data: bytes | None = None) -> Any:
    asked = urllib.request.Request(f"{api}{path}", data=data, headers=headers)
    with urllib.request.urlopen(asked, timeout=TIMEOUT_SECONDS) as answer:
        return json.load(answer)


def _token(api: str, headers: dict[str, str]) -> dict[str, str]:
    """What a server that is protected against other sites' pages (CSRF) wants to see; nothing where it is not."""
    client = str(uuid4())
    try:
        token = _answer(api, f"/csrf-token?client={client}", headers)["token"]
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.UNPROCESSABLE_ENTITY:
            return {}
        raise
    return {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token}


def has_worker(api: str, auth: str) -> bool:
    """Whether a worker polls our pool."""
    return bool(workers_online(api, auth))


def workers_online(api: str, auth: str) -> list[str]:
    """The names of the workers that poll our pool."""
    try:
        found = ask(api, auth, f"/work_pools/{POOL}/workers/filter", {})
    except (OSError, ValueError):
        return []
    return [str(each["name"]) for each in found if each.get("status") == "ONLINE"]


def scheduled_ahead(api: str, auth: str, after: datetime) -> int:
    """How many runs the server has scheduled by itself for after an instant (at most 200 are looked at)."""
    wanted = {
        "flow_runs": {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "expected_start_time": {"after_": after.isoformat()},
        },
        "limit": 200,
    }
    return sum(1 for each in ask(api, auth, "/flow_runs/filter", wanted) if each.get("auto_scheduled"))
