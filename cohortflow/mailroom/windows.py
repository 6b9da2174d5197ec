"""Windows: how many letters are on their way at once, over whichever transport."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.transports import InBatches, ManyAtOnce, Outcome, Transport, Window
from schemas.errors import DeliveryError

logger = logging.getLogger("cohortflow.mailroom")

IN_A_BATCH = 500
NOT_BEGUN = Outcome("later", "the worker was told to stop", 1)
TOO_SLOW = Outcome("later", "the time this worker had for it was over", 60)


@contextmanager
def opened(transport: Transport) -> Iterator[Window]:
    """The window of a transport; one that has none of its own takes a batch at a time."""
    if isinstance(transport, ManyAtOnce):
        window = transport.window()
    else:
        window = PipelinedWindow(transport) if isinstance(transport, InBatches) else BatchWindow(transport)
    try:
        yield window
    finally:
        window.close()


def sent(transport: Transport, letter: Letter, at: datetime) -> Outcome:
    """Hand one letter over; what the transport raises becomes an outcome."""
    try:
        return transport.send(letter, at)
    except DeliveryError as error:
        return told(letter.message_id, error)


def told(message_id: str, error: DeliveryError) -> Outcome:
    """What an error of a delivery means for its letter."""
    logger.warning("mail %s: %s", message_id, "refused" if error.permanent else "not sent yet")
    return Outcome("refused" if error.permanent else "retry", str(error)[:200])


Batch = list[tuple[Letter, datetime, float]]  # each with the instant it is written at, and until when it may leave


def handed_over(transport: Transport, batch: Batch) -> list[tuple[str, Outcome]]:
    """Hand a batch over, and make it durable before any of it counts as accepted."""
    if not batch:
        return []
    if time.monotonic() > min(until for _, _, until in batch):
        return [(letter.message_id, TOO_SLOW) for letter, _, _ in batch]
    letters, at = [letter for letter, _, _ in batch], batch[0][1]
    if isinstance(transport, InBatches):
        found = transport.send_all(letters, at, [until for _, _, until in batch])
    else:
        found = [TOO_SLOW if time.monotonic() > until else sent(transport, letter, at) for letter, _, until in batch]
    transport.flush()
    return [(letter.message_id, outcome) for letter, outcome in zip(letters, found, strict=True)]


class BatchWindow:
    """For what is done as soon as it is begun: a list in memory."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._waiting: Batch = []

    @property
    def room(self) -> int:
        """How many letters more make the batch full."""
        return IN_A_BATCH - len(self._waiting)

    @property
    def busy_with(self) -> int:
        """None: they are handed over when somebody asks what became of them."""
        return 0

    def put(self, letter: Letter, at: datetime, until: float) -> None:
        """Add a letter to the batch."""
        self._waiting.append((letter, at, until))

    def outcomes(self, at_least: int = 0) -> list[tuple[str, Outcome]]:
        """Hand the batch over."""
        batch, self._waiting = self._waiting, []
        return handed_over(self.transport, batch)

    def wind_down(self) -> None:
        """A batch is not waited for long."""

    def close(self) -> None:
        """Nothing to give back."""


class PipelinedWindow:
    """For the outbox: one thread hands a batch to the disk and waits for it, while the next is claimed and written."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._waiting: Batch = []
        self._begun: deque[tuple[int, Future[list[tuple[str, Outcome]]]]] = deque()  # each with how many it holds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mail")
        self._is_winding_down = False

    @property
    def room(self) -> int:
        """How many letters more fill the batch the disk has and the one behind it."""
        return 2 * IN_A_BATCH - len(self._waiting) - sum(size for size, _ in self._begun)

    @property
    def busy_with(self) -> int:
        """A batch, while the one before it is marked and the one after it is written."""
        return IN_A_BATCH

    def put(self, letter: Letter, at: datetime, until: float) -> None:
        """Add a letter to the batch that comes next."""
        self._waiting.append((letter, at, until))

    def outcomes(self, at_least: int = 0) -> list[tuple[str, Outcome]]:
        """Give the batch to the thread; what became of those before it.

        What one batch raises is raised when nothing that came before it is left to be told.
        """
        if self._waiting:
            batch, self._waiting = self._waiting, []
            self._begun.append((len(batch), self._thread.submit(self._handed, batch)))
        found: list[tuple[str, Outcome]] = []
        while self._begun and (len(found) < at_least or self._begun[0][1].done()):
            if found and self._begun[0][1].exception():
                break
            found += self._begun.popleft()[1].result()
        return found

    def _handed(self, batch: Batch) -> list[tuple[str, Outcome]]:
        if self._is_winding_down:
            return [(letter.message_id, NOT_BEGUN) for letter, _, _ in batch]
        return handed_over(self._transport, batch)

    def wind_down(self) -> None:
        """Let the thread take up no other batch; the one it has is not waited for long."""
        self._is_winding_down = True

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown()


Timed = Callable[[Letter, datetime, float], Outcome]


class ThreadWindow:
    """For a transport that waits: so many threads, each with a connection of its own.

    Args:
        send: hands one letter over; after the third, an instant of time.monotonic, it hands nothing over any more.
        end: closes the connections.
    """

    def __init__(self, send: Timed, size: int, end: Callable[[], None]) -> None:
        self._send, self._size, self._end = send, size, end
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="mail")
        self._begun: dict[Future[Outcome], str] = {}
        self._is_winding_down = False

    @property
    def room(self) -> int:
        """How many letters more may wait or be on their way."""
        return 4 * self._size - len(self._begun)

    @property
    def busy_with(self) -> int:
        """A letter for each thread."""
        return self._size

    def put(self, letter: Letter, at: datetime, until: float) -> None:
        """Give a letter to the next thread that is free."""

        def send() -> Outcome:
            if self._is_winding_down:
                return NOT_BEGUN
            if time.monotonic() > until:
                return TOO_SLOW
            try:
                return self._send(letter, at, until)
            except DeliveryError as error:
                return told(letter.message_id, error)

        self._begun[self._pool.submit(send)] = letter.message_id

    def outcomes(self, at_least: int = 0) -> list[tuple[str, Outcome]]:
        """What the threads have done."""
        found: list[tuple[str, Outcome]] = []
        while self._begun:
            enough = len(found) >= at_least
            done, _ = wait(self._begun, timeout=0 if enough else None, return_when=FIRST_COMPLETED)
            found += [(self._begun.pop(each), each.result()) for each in done]
            if enough:
                break
        return found

    def wind_down(self) -> None:
        """Let the threads take up no other letter."""
        self._is_winding_down = True

    def close(self) -> None:
        """Let the threads end and their connections be closed."""
        self._pool.shutdown()
        self._end()


class Session(Protocol):
    """What posts letters in asyncio, over connections of its own."""

    @property
    def at_once(self) -> int:
        """How many letters may be posted at the same time; it may change with every answer."""
        ...

    async def post(self, letter: Letter, until: float) -> Outcome:
        """Post one letter; not a byte of it may leave after `until`."""
        ...

    def wind_down(self) -> None:
        """Begin no other request."""
        ...

    async def end(self) -> None:
        """Close the connections."""
        ...


class LoopWindow:
    """For a transport that speaks asyncio: hundreds of requests in flight in the thread that also writes the letters.

    The loop turns only while somebody waits for outcomes. Writing a batch takes a few hundredths of a second, in which
    answers wait in the kernel; a thread of its own would fight over the interpreter and win nothing.
    """

    def __init__(self, session: Session, size: int) -> None:
        self._session, self._size = session, size
        self._loop = asyncio.new_event_loop()
        self._waiting: deque[tuple[Letter, float]] = deque()
        self._posters: set[asyncio.Task[None]] = set()
        self._done: list[tuple[str, Outcome]] = []
        self._begun = self._wanted = 0
        self._enough: asyncio.Future[None] | None = None

    @property
    def room(self) -> int:
        """How many letters more may wait or be on their way; a crash leaves so many in doubt at most."""
        return self._size - self._begun

    @property
    def busy_with(self) -> int:
        """As many as are posted at the same time."""
        return self._session.at_once

    def put(self, letter: Letter, at: datetime, until: float) -> None:
        """Let a letter be posted as soon as one that posts is free."""
        self._begun += 1
        self._waiting.append((letter, until))

    def _set_on(self) -> None:
        """Let as many post as the session bears: a task each, which takes one letter after the other."""
        while len(self._posters) < min(self._session.at_once, self._begun):
            self._posters.add(self._loop.create_task(self._post()))

    async def _post(self) -> None:
        while self._waiting and len(self._posters) <= self._session.at_once:
            letter, until = self._waiting.popleft()
            outcome = await self._posted(letter, until)
            self._done.append((letter.message_id, outcome))
            self._begun -= 1
            if self._enough and not self._enough.done() and (len(self._done) >= self._wanted or not self._begun):
                self._enough.set_result(None)
            if self._waiting:
                self._set_on()
        self._posters.discard(asyncio.current_task())

    async def _posted(self, letter: Letter, until: float) -> Outcome:
        try:
            return TOO_SLOW if time.monotonic() > until else await self._session.post(letter, until)
        except DeliveryError as error:
            return told(letter.message_id, error)
        except Exception as error:  # whatever it is, the request may have left by now
            return Outcome("unknown", f"{type(error).__name__} while it was posted")

    def outcomes(self, at_least: int = 0) -> list[tuple[str, Outcome]]:
        """What the answers were."""
        self._run(self._turned(at_least))
        found, self._done = self._done, []
        return found

    async def _turned(self, at_least: int) -> None:
        self._set_on()
        await asyncio.sleep(0)
        if self._begun and len(self._done) < at_least:
            self._wanted, self._enough = at_least, self._loop.create_future()
            await self._enough

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._loop.run_until_complete(work)
            return
        # A thread has only one running loop; whoever calls us from within another one lends us a thread.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self._loop.run_until_complete, work).result()

    def wind_down(self) -> None:
        """Let no letter leave that has not begun to."""
        self._session.wind_down()

    def close(self) -> None:
        """Close the connections and the loop."""
        for poster in self._posters:
            poster.cancel()
        self._run(self._ended())
        self._loop.close()

    async def _ended(self) -> None:
        await asyncio.gather(*self._posters, return_exceptions=True)
        await self._session.end()
        await asyncio.sleep(0)
