"""SMTP, one connection per thread. The final dot is the line: before it nothing was sent, after it nobody knows."""

import re
import smtplib
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from hashlib import sha256
from math import inf
from threading import Lock, local
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from cohortflow.mailroom.letters import Letter, eml
from cohortflow.mailroom.transports import Outcome
from cohortflow.mailroom.windows import TOO_SLOW, ThreadWindow
from schemas.errors import CohortflowError

CONNECTIONS = 4
NEXT_TRY = 300
_FAILED = (smtplib.SMTPException, OSError, ValueError)


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed in. `encrypted` from the first byte (smtps), else by STARTTLS where it is offered."""

    host: str
    port: int
    encrypted: bool
    user: str = ""
    password: SecretStr = field(default=SecretStr(""))


def server_of(url: str) -> SmtpServer:
    """The server in smtp://user:password@host:port (or smtps://).

    Raises:
        CohortflowError: there is no host, or no port that could be one.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (465 if parts.scheme == "smtps" else 587)
    except ValueError:
        port = 0
    if not port or not parts.hostname:
        raise CohortflowError(
            "COHORTFLOW_MAIL: write smtp://user:password@host:port, or smtps:// for TLS at once; "
            "in a user or a password each sign but letters and digits as %XX, such as %40 for @"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpServer(parts.hostname, port, parts.scheme == "smtps", user, SecretStr(password))


class SmtpTransport:
    """Hands letters to a mail server, each under a Message-ID that is the same at every try.

    Args:
        timeout: seconds that a single step of the conversation may take.
        context: which certificates are believed; the system's when left out.
    """

    name = way = "smtp"

    def __init__(self, server: SmtpServer, *, timeout: float = 30, context: ssl.SSLContext | None = None) -> None:
        self.server, self._timeout = server, timeout
        self._context = context or ssl.create_default_context()
        self._own, self._open, self._lock = local(), list[smtplib.SMTP](), Lock()

    @property
    def mark(self) -> str:
        """What the breaker knows the server and its password by."""
        told = f"cohortflow breaker {self.server.host} {self.server.user} {self.server.password.get_secret_value()}"
        return sha256(told.encode()).hexdigest()[:16]

    def send(self, letter: Letter, at: datetime) -> Outcome:
        """Hand over one letter, however long it takes."""
        return self.send_until(letter, at, inf)

    def send_until(self, letter: Letter, at: datetime, until: float) -> Outcome:
        """Hand over one letter; after `until` (of time.monotonic) it is not ended any more, and so not taken."""
        content = eml(letter, at)
        try:
            server = self._connection()
        except smtplib.SMTPAuthenticationError as error:
            told = f"{error.smtp_code}: the mail server does not take this password"
            return Outcome("later", told, NEXT_TRY, stops=error.smtp_code >= 500)  # others pass by themselves
        except _FAILED as error:
            return Outcome("later", f"not connected ({type(error).__name__})", NEXT_TRY)
        outcome, usable = _handed_over(server, letter, content, until)
        if not usable:
            self._drop()
        return outcome

    def was_accepted(self, message_id: str) -> None:
        """A mail server cannot be asked."""

    def flush(self) -> None:
        """Nothing to do: 250 means that it is theirs."""

    def window(self) -> ThreadWindow:
        """A few threads, each with a connection of its own."""
        return ThreadWindow(self.send_until, CONNECTIONS, self._end)

    def _connection(self) -> smtplib.SMTP:
        server: smtplib.SMTP | None = getattr(self._own, "server", None)
        if server is not None and _is_alive(server):
            return server
        self._drop()
        server = self._connected()
        self._own.server = server
        with self._lock:
            self._open.append(server)
        return server

    def _connected(self) -> smtplib.SMTP:
        to = self.server
        if to.encrypted:
            server: smtplib.SMTP = smtplib.SMTP_SSL(to.host, to.port, timeout=self._timeout, context=self._context)
        else:
            server = smtplib.SMTP(to.host, to.port, timeout=self._timeout)
        try:
            server.ehlo_or_helo_if_needed()
            if not to.encrypted and server.has_extn("starttls"):
                server.starttls(context=self._context)
                server.ehlo()
            elif not to.encrypted and to.user:
                raise smtplib.SMTPNotSupportedError("a password is never sent in clear")
            if to.user:
                server.login(to.user, to.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _drop(self) -> None:
        server: smtplib.SMTP | None = getattr(self._own, "server", None)
        self._own.server = None
        if server is not None:
            server.close()
            with self._lock, suppress(ValueError):
                self._open.remove(server)

    def _end(self) -> None:
        for server in self._open:
            with suppress(*_FAILED):
                server.quit()
            server.close()
        self._open.clear()
        self._own = local()


def _is_alive(server: smtplib.SMTP) -> bool:
    try:
        return server.noop()[0] == 250
    except _FAILED:
        return False


def _handed_over(server: smtplib.SMTP, letter: Letter, content: bytes, until: float) -> tuple[Outcome, bool]:
    """What became of a letter, and whether the connection can be used for the next."""
    steps: list[tuple[Callable[[], tuple[int, bytes]], int]] = [
        (lambda: server.rcpt(letter.to_address), 250),
        (lambda: server.docmd("DATA"), 354),
    ]
    try:
        code = server.mail(parseaddr(letter.sender)[1])[0]
        if code != 250:
            return _sender_turned_down(code), _reset(server)
        for step, wanted in steps:
            code = step()[0]
            if code != wanted and not (wanted == 250 and code == 251):
                return _turned_down(code), _reset(server)
        server.send(_as_data(content))
    except _FAILED as error:
        return Outcome("later", f"broken off before its end ({type(error).__name__})", NEXT_TRY), False
    # Asked at the very last, for a process may be put to sleep between any two lines: without the dot it is no mail.
    if time.monotonic() > until:
        return TOO_SLOW, False
    try:
        server.send(b".\r\n")
        code = server.getreply()[0]
    except _FAILED as error:
        return Outcome("unknown", f"broken off after its end ({type(error).__name__})"), False
    if 200 <= code < 300:
        return Outcome("accepted"), True
    if 400 <= code < 600:
        return _turned_down(code), _reset(server)
    return Outcome("unknown", "an answer after its end that cannot be read"), False


def _as_data(content: bytes) -> bytes:
    """The letter as it stands after DATA: ended by a line end, each dot that begins a line doubled."""
    return re.sub(rb"(?m)^\.", b"..", content) + (b"" if content.endswith(b"\r\n") else b"\r\n")


def _sender_turned_down(code: int) -> Outcome:
    """No fault of the mail, nor of its reader: it waits until the sender may send."""
    if code == 530:
        return _turned_down(code)
    return Outcome("later", f"{code}: the mail server does not let this sender send; see email.from", NEXT_TRY)


def _turned_down(code: int) -> Outcome:
    if code == 530:
        return Outcome("later", "530: the mail server wants a password", NEXT_TRY, stops=True)
    if 500 <= code < 600:
        return Outcome("refused", f"{code} by the mail server")
    return Outcome("later", f"{code} by the mail server", NEXT_TRY)


def _reset(server: smtplib.SMTP) -> bool:
    try:
        return server.rset()[0] == 250
    except _FAILED:
        return False
