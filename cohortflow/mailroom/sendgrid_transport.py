"""SendGrid over a keep-alive client that knows whether a request had been begun when something failed."""

import asyncio
import time
from datetime import datetime
from hashlib import sha256

from pydantic import SecretStr

from cohortflow.mailroom.http_calls import Caller, NoAnswer, NotConnected, is_server
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.sendgrid_answers import NEXT_TRY, is_exhausted, outcome_of, seconds_until_reset
from cohortflow.mailroom.sendgrid_payload import body_of
from cohortflow.mailroom.transports import Outcome
from cohortflow.mailroom.windows import NOT_BEGUN, TOO_SLOW, LoopWindow
from schemas.errors import CohortflowError

HOST = "https://api.sendgrid.com"
NO_SERVER = "SENDGRID_HOST: must be https:// and a name, without a path, such as https://api.eu.sendgrid.com"
IN_FLIGHT = 400
FIRST_IN_FLIGHT = 16
MOST_A_SECOND = 5000  # more than one process can write


class SendGridTransport:
    """Posts one letter per request. Only 202 means accepted; what may have been taken is unknown.

    Args:
        host: another region's, or a server of one's own.
        timeout: seconds for a whole request; half of them for the connection.
        in_flight: how many requests wait for their answers at once.
        shortest_wait: seconds between an answer that asks for patience and the next request, at the least.
    """

    name = way = "sendgrid"

    def __init__(
        self,
        key: SecretStr,
        host: str = HOST,
        *,
        timeout: float = 30,
        in_flight: int = IN_FLIGHT,
        shortest_wait: float = 1,
    ) -> None:
        key = SecretStr(key.get_secret_value().strip())  # a secret from a file often ends with a line break
        if not key.get_secret_value():
            raise CohortflowError(
                "COHORTFLOW_MAIL is sendgrid, but there is no key; set SENDGRID_API_KEY, or make the Secret block "
                "sendgrid-api-key in Prefect, which only what Prefect runs can read"
            )
        if not (key.get_secret_value().isascii() and key.get_secret_value().isprintable()):
            raise CohortflowError("SENDGRID_API_KEY: holds a sign that no key has; copy it anew, on one line")
        if not is_server(host):
            raise CohortflowError(NO_SERVER)
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
        headers = {"Authorization": f"Bearer {key.get_secret_value()}", "Content-Type": "application/json"}
        self._caller = Caller(url, {**headers, "User-Agent": "cohortflow"}, timeout)
        self._pace = Pace(in_flight)
        self._shortest_wait = shortest_wait
        self._resume_at = 0.0
        self._stopped: Outcome | None = None

    @property
    def at_once(self) -> int:
        """How many letters may be posted at the same time."""
        return self._pace.allowed

    async def post(self, letter: Letter, until: float) -> Outcome:
        """Post one letter, waiting as long as the provider asks, but no longer than `until`."""
        body = b""
        while True:
            if self._stopped:
                return Outcome("later", self._stopped.code, NEXT_TRY)
            pause = self._resume_at - time.monotonic()
            if time.monotonic() + max(pause, 0) > until:
                return Outcome("later", "429 too many requests", int(pause) + 1) if pause > 0 else TOO_SLOW
            if pause > 0:
                await asyncio.sleep(min(pause, 1))
                continue
            body = body or body_of(letter)
            outcome = await self._once(body, until)
            if outcome.stops:
                self._stopped = outcome
            if outcome.code.startswith("429"):
                continue  # it was not accepted, so that this is no second mail
            return outcome

    async def _once(self, body: bytes, until: float) -> Outcome:
        try:
            answer = await self._caller.post(body, until)
        except NotConnected as error:
            return Outcome("later", f"not connected ({error})", NEXT_TRY)
        except NoAnswer as error:
            return Outcome("unknown", f"no answer that can be read ({error})")
        self._pace.took(answer.seconds)
        if answer.status == 429 or is_exhausted(answer.headers):
            wait = max(seconds_until_reset(answer.headers), self._shortest_wait)
            self._resume_at = max(self._resume_at, time.monotonic() + wait)
        return outcome_of(answer.status, answer.headers, answer.body)

    def wind_down(self) -> None:
        """Begin no other request."""
        self._stopped = self._stopped or NOT_BEGUN

    async def end(self) -> None:
        """Close the connections."""
        self._caller.close()


class Pace:
    """As many requests at once as an answer takes time: few to a server next door, hundreds to one far away."""

    def __init__(self, most: int) -> None:
        self._most, self.allowed = most, min(most, FIRST_IN_FLIGHT)
        self._fastest = float("inf")

    def took(self, seconds: float) -> None:
        """An answer came after so long: the fastest one tells how far away the server is."""
        if seconds < self._fastest:
            self._fastest = seconds
            self.allowed = max(min(int(seconds * MOST_A_SECOND), self._most), min(self._most, FIRST_IN_FLIGHT))
