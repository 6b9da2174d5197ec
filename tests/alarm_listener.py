"""Somebody who listens to alarms: a small HTTP server, and the block by which Prefect tells it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.settings import PREFECT_API_URL, temporary_settings

BLOCK = "custom-webhook/alarms-of-the-test"


@dataclass
class Listener:
    """What was told so far: subject and body of each alarm, in order."""

    url: str = ""
    told: list[tuple[str, str]] = field(default_factory=list)

    def heard(self, alarm: str, about: str = "") -> list[str]:
        """The bodies of an alarm that speak of something."""
        return [body for subject, body in self.told if alarm in subject and about in body]


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen for the length of the block."""
    found = Listener()

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.told.append((told["subject"], told["body"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Ear)
    found.url = f"http://127.0.0.1:{server.server_port}/alarm"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def make_block(api: str, listener: Listener) -> str:
    """The block that tells the listener; its TYPE/NAME."""
    _, _, name = BLOCK.partition("/")
    with temporary_settings({PREFECT_API_URL: api}):
        CustomWebhookNotificationBlock.register_type_and_schema()
        told = {"subject": "{{ subject }}", "body": "{{ body }}"}
        CustomWebhookNotificationBlock(name=name, url=listener.url, json_data=told).save(name)
    return BLOCK
