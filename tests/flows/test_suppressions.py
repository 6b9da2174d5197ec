"""What SendGrid's lists hold is learned page by page; only hashes of it are kept, and the key goes nowhere else."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from scenes import Scene, enter
from story import ADA

from cohortflow.engine import plainly
from cohortflow.mailroom.suppression_lists import LISTS
from cohortflow.store import suppressed
from cohortflow.store.tables import messages
from flows.delivery import deliver_mail
from flows.house import living_in
from flows.suppressions import pull_suppressions
from schemas.errors import CohortflowError


class Provider(ThreadingHTTPServer):
    """The part of SendGrid that tells its lists."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, int, str]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []  # given once each, before the real ones

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answering(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        told = urlparse(self.path)
        query = {name: int(value[0]) for name, value in parse_qs(told.query).items()}
        name = told.path.rsplit("/", 1)[1]
        self.server.asked.append((name, query["offset"], self.headers["Authorization"]))
        rows = self.server.lists.get(name, [])[query["offset"] :][: query["limit"]]
        status, headers, body = (
            self.server.answers.pop(0) if self.server.answers else (200, {}, json.dumps(rows).encode())
        )
        self.send_response(status)
        for header, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def scene(tmp_path: Path, provider: Provider) -> Scene:
    opened = enter("checking_in", tmp_path)
    told = {"sendgrid_api_key": SecretStr("SG.a-key"), "sendgrid_host": provider.url}
    opened.house.settings = opened.house.settings.model_copy(update=told)
    return opened


def pull(scene: Scene) -> tuple[int, int]:
    with plainly(), living_in(scene.house):
        seen, new = pull_suppressions()
        return int(seen), int(new)


def entry(address: str, at: int = 1_800_000_000) -> dict[str, Any]:
    return {"email": address, "created": at, "reason": f"550 {address} does not exist", "status": "5.1.1"}


def test_every_page_of_every_list_is_read(scene: Scene, provider: Provider) -> None:
    provider.lists = {
        "bounces": [entry(f"p{n}@elsewhere.example") for n in range(1_203)],
        "spam_reports": [entry("p0@elsewhere.example"), entry("cross@elsewhere.example")],
        "blocks": [entry("full@elsewhere.example")],
    }

    assert pull(scene) == (1_205, 1_204)
    assert pull(scene) == (1_205, 0)

    bounces = [offset for name, offset, _ in provider.asked if name == "bounces"]
    assert bounces == [0, 500, 1000] * 2
    assert {key for *_, key in provider.asked} == {"Bearer SG.a-key"}
    assert {name for name, *_ in provider.asked} == {"bounces", "spam_reports", "invalid_emails", "unsubscribes"}
    kept = scene.rows("suppressions")
    assert "@" not in str(kept) and "550" not in str([row["reason"] for row in kept])
    assert [row["reason"] for row in kept].count("reported as spam") == 2


def test_who_is_on_a_list_is_not_written_to(scene: Scene, provider: Provider) -> None:
    (person,) = scene.rows("people", person_id=ADA)
    provider.lists = {"unsubscribes": [entry(person["email"].upper())]}
    pull(scene)

    scene.live_past("check_in#1.pulse_reminder#1")

    (reminder,) = scene.mails("pulse_reminder", ADA)
    assert (reminder["state"], reminder["reason"]) == ("suppressed", "unsubscribed at the provider")


def test_asked_to_wait_it_waits_and_asks_again(scene: Scene, provider: Provider) -> None:
    provider.answers = [(429, {"Retry-After": "0"}, b"")]
    provider.lists = {"bounces": [entry("a@elsewhere.example")]}

    assert pull(scene) == (1, 1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "5"}, 5),
        ({"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"}, 60),
        ({"X-RateLimit-Reset": "4102444800"}, 60),
        ({}, 1),
    ],
)
def test_it_waits_as_told_but_no_more_than_a_minute(
    scene: Scene, provider: Provider, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], seconds: int
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("cohortflow.mailroom.suppression_lists.time.sleep", waits.append)
    provider.answers = [(429, headers, b"")]
    pull(scene)

    assert waits == [seconds]


@pytest.mark.parametrize(
    ("status", "headers", "body", "told"),
    [
        (401, {}, b"", "refuses the key"),
        (403, {}, b"", "refuses the key"),
        (500, {}, b"", "answered 500"),
        (302, {"Location": "http://127.0.0.1:9/steal"}, b"", "answered 302"),
        (200, {}, b"<html>", "is not a list"),
        (200, {}, b'{"errors": []}', "is not a list"),
        (200, {}, b'[{"email": 7}]', "no entry"),
    ],
)
def test_an_answer_that_is_none_is_told_plainly(
    scene: Scene, provider: Provider, status: int, headers: dict[str, str], body: bytes, told: str
) -> None:
    provider.answers = [(status, headers, body)]

    with pytest.raises(CohortflowError, match=told):
        pull(scene)

    assert scene.rows("suppressions") == []


def test_out_of_reach_or_without_a_key_it_says_so(scene: Scene, provider: Provider) -> None:
    update = scene.house.settings.model_copy
    scene.house.settings = update(update={"sendgrid_host": "http://127.0.0.1:9"})
    with pytest.raises(CohortflowError, match="cannot be reached"):
        pull(scene)

    scene.house.settings = update(update={"sendgrid_api_key": SecretStr("")})
    with pytest.raises(CohortflowError, match="SENDGRID_API_KEY is not set"):
        pull(scene)


def in_a_wave(scene: Scene, after: timedelta = timedelta()) -> list[str]:
    """One delivery by SendGrid; the lists it has asked for."""
    given = {"mail": "sendgrid"}
    scene.house.settings = scene.house.settings.model_copy(update=given)
    scene.now += after
    with plainly(), living_in(scene.house):
        deliver_mail(scene.now)
    return [name for name, _, _ in scene.provider.asked]  # type: ignore[attr-defined]


@pytest.mark.parametrize("broken", [False, True])
def test_a_wave_begins_with_the_lists_and_goes_without_them(
    scene: Scene, provider: Provider, caplog: pytest.LogCaptureFixture, broken: bool
) -> None:
    scene.provider = provider  # type: ignore[attr-defined]
    provider.lists = {"bounces": [entry("t01@elsewhere.example")]}
    provider.answers = [(500, {}, b"")] if broken else []
    with scene.house.database.write() as db:
        first = db.execute(sa.select(messages.c.message_id).limit(1)).scalar_one()
        queued = {"state": "queued", "not_before": scene.now, "retry_at": None, "unless_answered": False}
        db.execute(sa.update(messages).where(messages.c.message_id == first).values(**queued, expires_at=None))

    asked = in_a_wave(scene)

    assert asked == (["bounces"] if broken else list(LISTS))
    assert ("was not learned" in caplog.text) == broken
    with scene.house.database.read() as db:
        assert db.execute(sa.select(messages.c.state).where(messages.c.message_id == first)).scalar_one() != "queued"
        tried_at, read_at = suppressed.pulls(db)
    assert tried_at == scene.now and read_at == (None if broken else scene.now)
    assert in_a_wave(scene, timedelta(minutes=59)) == asked, "not twice within an hour"
    assert len(in_a_wave(scene, timedelta(minutes=1))) > len(asked)


def test_other_transports_ask_nobody(scene: Scene, provider: Provider) -> None:
    with plainly(), living_in(scene.house):
        deliver_mail(scene.now)

    assert provider.asked == []
