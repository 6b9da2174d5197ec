"""A SendGrid of our own over real HTTP, in a process of its own: it does what it is told, and keeps its own record.

    python tests/fake_sendgrid.py [--latency 0.08]

Prints its port. POST /v3/mail/send takes mail; POST /plan begins anew with the faults of the next requests; GET /record
tells what was asked and accepted, by message id. With --latency each answer waits so long.
"""

import argparse
import asyncio
import json
import sys
from typing import Any

OUR_ID = "cohortflow_message_id"
# What may be planned: is the mail accepted, and what is answered (None: the connection is reset, ...: later).
ANSWERS: dict[str, tuple[bool, bytes | None]] = {
    "accept": (True, b"202 Accepted"),
    "429": (False, b"429 Too Many Requests"),
    "400": (False, b"400 Bad Request"),
    "413": (False, b"413 Payload Too Large"),
    "401": (False, b"401 Unauthorized"),
    "403": (False, b"403 Forbidden"),
    "403 sender": (False, b"403 Forbidden"),
    "404": (False, b"404 Not Found"),
    "400 field": (False, b"400 Bad Request"),
    "500": (False, b"500 Internal Server Error"),
    "503": (False, b"503 Service Unavailable"),
    "500 but accepted": (True, b"500 Internal Server Error"),
    "200 sandbox": (False, b"200 OK"),
    "redirect": (False, b"307 Temporary Redirect"),
    "redirect after": (True, b"302 Found"),
    "reset before": (False, None),
    "reset after": (True, None),
    "slow": (False, None),
    "slow but accepted": (True, None),
    "garbled": (True, None),
    "truncated": (True, None),
    "truncated before": (False, None),
    "202 cut off": (True, None),
}
FIELDS = {"403 sender": b"from", "400 field": b"attachments.0.type"}  # what the answer names
FAULTS = [name for name in ANSWERS if name not in ("accept", "404", *FIELDS)]
RAW = {
    "garbled": b"\x16\x03\x01 this is no HTTP\r\n\r\n",
    "truncated": b"HTTP/1.1 202 Acc",
    "truncated before": b"HTTP/1.1 5",
    "202 cut off": b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nnot a hundred",
}


class Record:
    """What was planned, and what happened."""

    def __init__(self) -> None:
        self.begin([])

    def begin(self, plan: list[str]) -> None:
        """Forget everything; the next requests get the faults of the plan, one each, and then no more."""
        self.plan, self.asked, self.accepted = list(plan), list[tuple[str, str]](), list[str]()
        self.bodies: dict[str, str] = {}
        self.elsewhere = 0

    def take(self, body: bytes) -> str:
        """Take a request in, and say which answer it gets."""
        told: Any = json.loads(body)
        message_id = told["personalizations"][0]["custom_args"][OUR_ID]
        fault = self.plan.pop(0) if self.plan else "accept"
        if any("charset" in each.get("type", "") for each in told.get("attachments", [])):
            fault = "400"  # "The attachment type cannot contain ';', or CRLF characters."
        self.asked.append((message_id, fault))
        self.bodies[message_id] = body.decode()
        if ANSWERS[fault][0]:
            self.accepted.append(message_id)
        return fault

    def told(self) -> bytes:
        """The record as JSON."""
        return json.dumps(
            {"asked": self.asked, "accepted": self.accepted, "bodies": self.bodies, "elsewhere": self.elsewhere}
        ).encode()


class Conversation(asyncio.Protocol):
    """One connection."""

    def __init__(self, record: Record, latency: float) -> None:
        self.record, self.latency = record, latency
        self.held = b""

    def connection_made(self, transport: Any) -> None:
        """Somebody has called."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            head = self.held[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.held) < end + 4 + length:
                return
            body, self.held = self.held[end + 4 : end + 4 + length], self.held[end + 4 + length :]
            self.answer(head.split(b"\r\n", 1)[0], body)

    def answer(self, request: bytes, body: bytes) -> None:
        """Answer one request."""
        if request.startswith(b"POST /v3/mail/send"):
            fault = self.record.take(body)
            if self.latency:
                asyncio.get_running_loop().call_later(self.latency, self.reply, fault)
            else:
                self.reply(fault)
        elif request.startswith(b"POST /plan"):
            self.record.begin(json.loads(body))
            self.write(b"200 OK")
        elif request.startswith(b"GET /record"):
            self.write(b"200 OK", self.record.told())
        else:
            self.record.elsewhere += 1
            self.write(b"404 Not Found")

    def reply(self, fault: str) -> None:
        """Say, or do, what the fault is."""
        status = ANSWERS[fault][1]
        if fault.startswith("slow"):
            return  # the other side loses patience first
        if fault in RAW:
            self.transport.write(RAW[fault])
            self.transport.close()
        elif status is None:
            self.transport.abort()
        elif fault == "429":
            self.write(status, b"{}", b"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 0\r\n")
        elif fault.startswith("redirect"):
            self.write(status, b"", b"Location: /elsewhere\r\n")
        elif fault in FIELDS:
            told = b'{"errors": [{"message": "about maya@acme.example", "field": "%b"}]}'
            self.write(status, told % FIELDS[fault])
        else:
            self.write(status, b"" if fault == "accept" else b'{"errors": []}')

    def write(self, status: bytes, body: bytes = b"", headers: bytes = b"") -> None:
        """A whole answer."""
        head = b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n" % (status, headers, len(body))
        self.transport.write(head + body)


async def serve(latency: float) -> None:
    """Serve until whoever started us has gone."""
    record = Record()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(record, latency), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--latency", type=float, default=0)
    asyncio.run(serve(options.parse_args().latency))
