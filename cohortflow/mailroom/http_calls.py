"""Keep-alive HTTP calls that tell the phase of a failure: not a byte had left, or it may have been taken.

Nothing is followed, retried or remembered here. What a provider may have taken must never be posted a second time, and
general clients cannot be kept from hiding that; so the connection is ours and the parser a library's.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import httptools

IDLE_SECONDS = 4  # a connection idle for longer may be closed by the other side in the instant we write
LONGEST_ANSWER = 256 * 1024
READ_AT_ONCE = 8 * 1024


def is_server(host: str) -> bool:
    """Whether an address names a server and nothing on it, so that the key leaves this machine only encrypted."""
    try:
        parts = urlsplit(host)
        has_port = parts.port != 0
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"))
    return has_port and is_safe and bool(parts.hostname) and host.rstrip("/") == f"{parts.scheme}://{parts.netloc}"


class NotConnected(Exception):
    """DNS, connection or TLS failed: not a byte of the request has left."""


class NoAnswer(Exception):
    """The request had been begun, and no answer came that can be read."""


class Answer(NamedTuple):
    """The status and the headers of an answer, and how long it was waited for; names of headers are small letters."""

    status: int
    headers: Mapping[str, str]
    seconds: float = 0.0
    body: bytes = b""  # of what was turned down only


class Line(asyncio.BufferedProtocol):
    """One connection: one request at a time, one answer each.

    It reads into a room of its own: asyncio would otherwise ask the system for 256 KB of fresh memory for each answer.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop  # asking which one runs is a system call each time
        self.is_open = True
        self.since = 0.0
        self._waiting: asyncio.Future[Answer] | None = None
        self._answer: Answer | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._headers: dict[str, str] = {}
        self._read = memoryview(bytearray(READ_AT_ONCE))

    def ask(self, request: bytes, seconds: float, until: float) -> "asyncio.Future[Answer]":
        """Send a request; the future gets its answer or a NoAnswer.

        Raises:
            NotConnected: it is later than `until`, and not a byte has left.
        """
        waiting = self._loop.create_future()
        self._answer, self._headers, self._size, self._body = None, {}, 0, b""
        self._parser = httptools.HttpResponseParser(self)
        if self._alarm is None:  # one for all that is asked here, for most answers come in time
            self._alarm = self._loop.call_later(seconds, self._look_at_the_clock)
        self._waiting = waiting
        self._asked = time.monotonic()
        self._until = self._asked + seconds
        # Asked at the very last: connecting takes a while, and a process may be put to sleep between any two lines.
        if self._asked > until:
            self._waiting, self.is_open = None, False
            raise NotConnected("the time for it was over")
        self.transport.write(request)
        return waiting

    def _look_at_the_clock(self) -> None:
        self._alarm = None
        if self._waiting is None:
            return
        left = self._until - time.monotonic()
        if left > 0:
            self._alarm = self._loop.call_later(left, self._look_at_the_clock)
        else:
            self._end("the time was over")

    def close(self) -> None:
        """Hang up."""
        self.is_open = False
        if self._alarm is not None:
            self._alarm.cancel()
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next part of an answer is written to."""
        return self._read

    def buffer_updated(self, nbytes: int) -> None:
        """Read on in the answer."""
        if self._waiting is None:
            return self.close()  # nobody had asked
        self._size += nbytes
        try:
            self._parser.feed_data(self._read[:nbytes])
        except httptools.HttpParserError as error:
            return self._end(type(error).__name__)
        if self._size > LONGEST_ANSWER and self._waiting is not None:
            self._end("the answer has no end")

    def eof_received(self) -> None:
        """The other side has nothing more to say."""
        self._end("the connection was closed")

    def connection_lost(self, error: Exception | None) -> None:
        """The other side is gone."""
        self.is_open = False
        self._end(type(error).__name__ if error else "the connection was closed")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """From here on the status is known, whatever becomes of the rest."""
        status = self._parser.get_status_code()
        if status >= 200:
            self._answer = Answer(status, self._headers, time.monotonic() - self._asked)

    def on_body(self, part: bytes) -> None:
        """Keep what is said of a request that was turned down."""
        if self._answer is not None and self._answer.status >= 400:
            self._body += part

    def on_message_complete(self) -> None:
        """The answer is whole; the connection can be used again."""
        if self._answer is None:
            self._headers = {}
            return  # an interim answer, such as 100
        if not self._parser.should_keep_alive():
            self.is_open = False
        self._give()

    def _end(self, why: str) -> None:
        """Nothing more is read here: what is known is the answer, and otherwise there is none."""
        self.is_open = False
        if self._waiting is not None and self._answer is None:
            waiting, self._waiting = self._waiting, None
            if not waiting.done():
                waiting.set_exception(NoAnswer(why))
        elif self._waiting is not None:
            self._give()
        self.transport.abort()

    def _give(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done() and self._answer is not None:
            waiting.set_result(self._answer._replace(body=self._body) if self._body else self._answer)


class Caller:
    """Calls to one address, over connections that are kept for the next call.

    Args:
        seconds: for a whole call; half of them for the connection.
        context: which certificates are believed; the system's when left out.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], seconds: float, context: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(url)
        self._encrypted = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._encrypted else 80)
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n{told}Content-Length: ".encode()
        self._seconds, self._context = seconds, context
        self._idle: deque[Line] = deque()

    async def post(self, body: bytes, until: float) -> Answer:
        """Post a body, once; not a byte of it leaves after `until`, by the monotonic clock.

        Raises:
            NotConnected: not a byte has left.
            NoAnswer: it may have been taken.
        """
        request = b"%b%d\r\n\r\n%b" % (self._head, len(body), body)
        line = self._kept() or await self._connected()
        try:
            return await line.ask(request, self._seconds, until)
        finally:
            if line.is_open and line._waiting is None:
                line.since = time.monotonic()
                self._idle.append(line)
            else:
                line.close()

    def _kept(self) -> Line | None:
        now = time.monotonic()
        while self._idle:
            line = self._idle.pop()
            if line.is_open and not line.transport.is_closing() and now - line.since < IDLE_SECONDS:
                return line
            line.close()
        return None

    async def _connected(self) -> Line:
        if self._encrypted and self._context is None:
            self._context = ssl.create_default_context()
        secure = self._context if self._encrypted else None
        try:
            async with asyncio.timeout(self._seconds / 2):
                loop = asyncio.get_running_loop()
                _, line = await loop.create_connection(lambda: Line(loop), self._host, self._port, ssl=secure)
        except (OSError, TimeoutError) as error:
            raise NotConnected(type(error).__name__) from None
        return line

    def close(self) -> None:
        """Hang up everywhere."""
        while self._idle:
            self._idle.pop().close()
