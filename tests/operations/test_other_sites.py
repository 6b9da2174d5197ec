"""What a page of another site, open in the operator's browser, can do to Prefect's server: nothing."""

import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from raised_installation import Raised

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
TICK = "advance-programs/advance-programs"
POST = "url => fetch(url, { method: 'POST', mode: 'no-cors' }).then(() => 'sent', () => 'not sent')"
READ = "url => fetch(url).then(answer => answer.text(), () => 'not read')"


@pytest.fixture
def other_site() -> Iterator[str]:
    """The address of a page that is none of ours."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Kittens</title>")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.chromium
def test_it_pauses_no_schedule_and_reads_no_token(system: Raised, chromium_browser: Any, other_site: str) -> None:
    tick = system.client.read_deployment_by_name(TICK)
    page = chromium_browser.new_page()
    page.goto(other_site)

    with page.expect_response(lambda answer: answer.url.endswith("/pause_deployment")) as answered:
        assert page.evaluate(POST, f"{system.environment['PREFECT_API_URL']}/deployments/{tick.id}/pause_deployment")
    read = page.evaluate(READ, f"{system.environment['PREFECT_API_URL']}/csrf-token?client=kittens")
    page.close()

    assert answered.value.status == 403
    assert read == "not read"
    assert not system.client.read_deployment_by_name(TICK).paused


def test_the_pages_know_that_they_must_show_a_token(system: Raised) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{system.port}/ui-settings", timeout=10) as answer:
        assert b'"csrf_enabled":true' in answer.read()
