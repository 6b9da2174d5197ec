"""A watcher outside hears start, success and fail; one that is deaf, slow or gone never fails the tick."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from scenes import cohort_declared

from cohortflow.engine import plainly
from flows.house import House, living_in
from flows.signals import sign_of_life
from flows.tick import advance_programs
from schemas.settings import Settings


class Watcher(BaseHTTPRequestHandler):
    """Remembers what it was asked for, and answers with `code`."""

    asked: ClassVar[list[str]] = []
    code: ClassVar[int] = 200

    def do_GET(self) -> None:
        """Remember and answer."""
        self.asked.append(self.path)
        self.send_response(self.code)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def watcher() -> Iterator[str]:
    """The address of a watcher."""
    Watcher.asked.clear()
    Watcher.code = 200
    server = HTTPServer(("127.0.0.1", 0), Watcher)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/ping/abc"
    server.shutdown()


def house_with(home: Path, url: str) -> House:
    """A house whose ticks are watched."""
    house = cohort_declared(home).house
    house.settings = Settings(**{**house.settings.model_dump(), "ping_url": url})
    return house


def test_a_tick_says_start_and_success(tmp_path: Path, watcher: str) -> None:
    with plainly(), living_in(house_with(tmp_path, watcher)):
        advance_programs()

    assert Watcher.asked == ["/ping/abc/start", "/ping/abc"]


def test_a_tick_that_fails_says_so(watcher: str) -> None:
    with pytest.raises(ZeroDivisionError), sign_of_life(watcher):
        raise ZeroDivisionError

    assert Watcher.asked == ["/ping/abc/start", "/ping/abc/fail"]


def test_a_watcher_that_says_no_or_is_gone_fails_nothing(tmp_path: Path, watcher: str) -> None:
    Watcher.code = 500
    with sign_of_life(watcher):
        pass
    for url in ("http://127.0.0.1:1/ping", "ftp://nowhere", "not an address"):
        with plainly(), living_in(house_with(tmp_path / url[:3], url)):
            advance_programs()
