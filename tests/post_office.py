"""The fake SendGrid as a neighbour process: started, told what to do, asked for its record."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from cohortflow.mailroom.sendgrid_transport import SendGridTransport

PROGRAM = Path(__file__).with_name("fake_sendgrid.py")
IMPATIENT = 0.2  # seconds: soon over, where an answer never comes


@dataclass(frozen=True)
class PostOffice:
    """A running fake."""

    port: int

    @property
    def host(self) -> str:
        """What SENDGRID_HOST would say."""
        return f"http://127.0.0.1:{self.port}"

    def transport(self, **given: Any) -> SendGridTransport:
        """Our transport, pointed at it: patient, for on a busy machine an answer takes a while, if not told otherwise."""
        told = {"timeout": 20, "in_flight": 2, "shortest_wait": 0.01, **given}
        return SendGridTransport(SecretStr("SG.a-key-of-the-tests"), self.host, **told)

    def plan(self, faults: list[str]) -> None:
        """Begin a new record; the next requests get these faults."""
        self._ask("POST", "/plan", json.dumps(faults))

    def record(self) -> dict[str, Any]:
        """What was asked (message id, fault), accepted (ids), the bodies, and requests to any other path."""
        found: dict[str, Any] = json.loads(self._ask("GET", "/record"))
        return found

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            caller.request(method, path, body)
            return caller.getresponse().read()
        finally:
            caller.close()


@contextmanager
def opened_post_office(latency: float = 0) -> Iterator[PostOffice]:
    """A fake for the length of the block; it ends when its input does."""
    command = [sys.executable, "-I", "-S", str(PROGRAM), "--latency", str(latency)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield PostOffice(int(server.stdout.readline()))
    finally:
        assert server.stdin is not None
        server.stdin.close()
        server.wait(10)
        if server.stdout:
            server.stdout.close()
