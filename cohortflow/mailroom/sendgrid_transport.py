"""SendGrid over a keep-alive client that knows whether a request had been begun when something failed."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic import SecretStr

from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.sendgrid_answers import NEXT_TRY, is_exhausted, outcome_of, seconds_until_reset
from cohortflow.mailroom.sendgrid_payload import body_of
from cohortflow.mailroom.transports import Outcome
from cohortflow.mailroom.windows import NOT_BEGUN, TOO_SLOW, LoopWindow
from schemas.errors import CohortflowError

if TYPE_CHECKING:
    import aiohttp

HOST = "https://api.sendgrid.com"
IN_FLIGHT = 400
IDLE_SECONDS = 4  # a connection idle for longer may be closed by the other side in the instant we write


class SendGridTransport:
    """Posts one letter per request. Only 202 means accepted; what may have been taken is unknown.

    Args:
        host: another region's, or a server of one's own.
        timeout: seconds for a whole request; half of them for the connection.
        in_flight: how many requests wait for their answers at once.
        shortest_wait: seconds between an answer that asks for patience and the next request, at the least.
    """

    name = "sendgrid"

    def __init__(
        self,
        key: SecretStr,
        host: str = HOST,
        *,
        timeout: float = 30,
        in_flight: int = IN_FLIGHT,
        shortest_wait: float = 1,
    ) -> None:
        if not key.get_secret_value():
            raise CohortflowError("COHORTFLOW_MAIL is sendgrid, but there is no key; set SENDGRID_API_KEY")
        if not host.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise CohortflowError("SENDGRID_HOST: must begin with https://, such as https://api.eu.sendgrid.com")
        self._key, self._url = key, f"{host.rstrip('/')}/v3/mail/send"
        self._timeout, self._in_flight, self._shortest_wait = timeout, in_flight, shortest_wait

    @property
    def mark(self) -> str:
        """What the breaker knows the key by; another key is another mark."""
        return sha256(f"cohortflow breaker {self._key.get_secret_value()}".encode()).hexdigest()[:16]

    def send(self, letter: Letter, at: datetime) -> Outcome:
        """Post one letter; many go faster through a window."""
        window = self.window()
        try:
            window.put(letter, at, time.monotonic() + 10 * self._timeout)
            return window.outcomes(1)[0][1]
        finally:
            window.close()

    def was_accepted(self, message_id: str) -> None:
        """SendGrid cannot be asked; its events tell."""

    def flush(self) -> None:
        """Nothing to do: 202 means that it is theirs."""

    def window(self) -> LoopWindow:
        """Requests in flight, over connections that are kept."""
        session = Posting(self._key, self._url, self._timeout, self._in_flight, self._shortest_wait)
        return LoopWindow(session, self._in_flight)


class Posting:
    """The connections of one delivery, and what the answers say about the pace."""

    def __init__(self, key: SecretStr, url: str, timeout: float, in_flight: int, shortest_wait: float) -> None:
        self._key, self._url, self._timeout, self._in_flight = key, url, timeout, in_flight
        self._shortest_wait = shortest_wait
        self._http: aiohttp.ClientSession | None = None
        self._resume_at = 0.0
        self._stopped: Outcome | None = None

    async def post(self, letter: Letter, until: float) -> Outcome:
        """Post one letter, waiting as long as the provider asks, but no longer than `until`."""
        body = body_of(letter)
        while True:
            if self._stopped:
                return Outcome("later", self._stopped.code, NEXT_TRY)
            pause = self._resume_at - time.monotonic()
            if time.monotonic() + max(pause, 0) > until:
                return Outcome("later", "429 too many requests", int(pause) + 1) if pause > 0 else TOO_SLOW
            if pause > 0:
                await asyncio.sleep(min(pause, 1))
                continue
            outcome = await self._once(body)
            if outcome.stops:
                self._stopped = outcome
            if outcome.code.startswith("429"):
                continue  # it was not accepted, so that this is no second mail
            return outcome

    async def _once(self, body: bytes) -> Outcome:
        import aiohttp

        try:
            answer = await self._session().post(self._url, data=body, allow_redirects=False)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            # DNS, connection or TLS: not a byte of the request has left.
            return Outcome("later", f"not connected ({type(error).__name__})", NEXT_TRY)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Outcome("unknown", f"no answer that can be read ({type(error).__name__})")
        self._keep_pace(answer.status, answer.headers)
        # The status says it all; the rest is read only so that the connection can be kept.
        with suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
            await answer.read()
        answer.release()
        return outcome_of(answer.status, answer.headers)

    def _keep_pace(self, status: int, headers: Mapping[str, str]) -> None:
        if status == 429 or is_exhausted(headers):
            wait = max(seconds_until_reset(headers), self._shortest_wait)
            self._resume_at = max(self._resume_at, time.monotonic() + wait)

    def _session(self) -> "aiohttp.ClientSession":
        if self._http is None:
            # Loading it takes a quarter of a second, which a house without SendGrid does not wait for.
            import aiohttp

            self._http = aiohttp.ClientSession(
                headers={
                    "Authorization": f"Bearer {self._key.get_secret_value()}",
                    "Content-Type": "application/json",
                    "User-Agent": "cohortflow",
                },
                connector=aiohttp.TCPConnector(limit=self._in_flight, keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=self._timeout, connect=self._timeout / 2),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._http

    def wind_down(self) -> None:
        """Begin no other request."""
        self._stopped = self._stopped or NOT_BEGUN

    async def end(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
