"""A real mail server receives well-formed mail, parsed back and compared; and what a failure at each step means."""

import asyncio
import email
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from cohortflow.mailroom.attachments import Attachment
from cohortflow.mailroom.letters import Letter, eml
from cohortflow.mailroom.smtp_transport import SmtpServer, SmtpTransport, server_of
from cohortflow.mailroom.windows import TOO_SLOW, opened
from schemas.errors import CohortflowError

AT = datetime(2027, 3, 1, 8, tzinfo=UTC)
Write = Callable[..., Letter]


class Mailbox:
    """What a server took, and the answers it gives instead of taking."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.says: dict[str, str] = {}
        self.pause = 0.0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Take a recipient, or turn it down."""
        await asyncio.sleep(self.pause)
        envelope.rcpt_tos.append(address)
        return self.says.get("RCPT", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a mail, or turn it down."""
        if "DATA" not in self.says:
            self.taken.append(envelope)
        return self.says.get("DATA", "250 OK")


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, SmtpTransport]]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=_free_port())
    controller.start()
    yield box, SmtpTransport(SmtpServer("127.0.0.1", controller.port, False), timeout=10)
    controller.stop()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def parsed(content: bytes) -> EmailMessage:
    """A mail as any mail program reads it, without a single defect."""
    found = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert [defect for part in found.walk() for defect in part.defects] == []
    return found


def test_a_mail_arrives_as_it_was_written(mailbox: tuple[Mailbox, SmtpTransport], letter: Write) -> None:
    box, transport = mailbox
    card = Attachment("invitation.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "REQUEST")
    written = letter(
        to_name="Søren, Ünal",
        subject="Grüße aus Köln",
        text="Hello\n.\n.. two dots\nEnd\n",
        attachments=(card,),
        unsubscribe_url="https://portal.acme.example/u/abc",
    )

    assert transport.send(written, AT).state == "accepted"

    (envelope,) = box.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("mentoring@acme.example", ["maya@acme.example"])
    assert envelope.content.rstrip(b"\r\n") == eml(written, AT).rstrip(b"\r\n")
    mail = parsed(envelope.content)
    assert mail["subject"] == "Grüße aus Köln" and mail["message-id"] == "<a1b2c3@acme.example>"
    assert mail["to"].addresses[0].display_name == "Søren, Ünal"
    assert mail["list-unsubscribe"] == "<https://portal.acme.example/u/abc>"
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None and html is not None
    assert text.get_content().replace("\r\n", "\n") == written.text
    assert html.get_content().replace("\r\n", "\n") == written.html
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "text/calendar" and attached.get_filename() == "invitation.ics"


@pytest.mark.parametrize(
    ("step", "answer", "state"),
    [
        ("RCPT", "550 no such mailbox", "refused"),
        ("RCPT", "450 try later", "later"),
        ("DATA", "554 spam", "refused"),
        ("DATA", "451 try later", "later"),
    ],
)
def test_what_is_turned_down_was_not_sent(
    mailbox: tuple[Mailbox, SmtpTransport], letter: Write, step: str, answer: str, state: str
) -> None:
    box, transport = mailbox
    box.says[step] = answer

    assert transport.send(letter(), AT).state == state
    box.says.clear()
    assert transport.send(letter(message_id="another"), AT).state == "accepted", "the connection serves the next one"
    assert len(box.taken) == 1


def test_many_letters_share_a_few_connections(mailbox: tuple[Mailbox, SmtpTransport], letter: Write) -> None:
    box, transport = mailbox
    with opened(transport) as window:
        for number in range(12):
            window.put(letter(message_id=f"m{number}"), AT, float("inf"))
        found = window.outcomes(12)

    assert {outcome.state for _, outcome in found} == {"accepted"}
    assert len(found) == len(box.taken) == 12


def test_a_mail_whose_time_runs_out_in_the_middle_is_not_ended(
    mailbox: tuple[Mailbox, SmtpTransport], letter: Write
) -> None:
    box, transport = mailbox
    box.pause = 0.6
    with opened(transport) as window:
        window.put(letter(), AT, time.monotonic() + 0.3)
        ((_, outcome),) = window.outcomes(1)
    box.pause = 0

    assert (outcome, box.taken) == (TOO_SLOW, [])
    assert transport.send(letter(message_id="another"), AT).state == "accepted"
    assert len(box.taken) == 1


@contextmanager
def breaking_off(at: bytes) -> Iterator[SmtpServer]:
    """A server that hangs up when it has read something."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            line, _ = server.accept()
            with line:
                line.sendall(b"220 here\r\n")
                held = b""
                while at not in held:
                    held += (read := line.recv(65536))
                    if not read:
                        return
                    if at in held:
                        return
                    if b"data\r\n" in held.lower() and not held.lower().endswith(b"data\r\n"):
                        continue  # the mail itself is not answered before its end
                    line.sendall(b"354 go on\r\n" if held.lower().endswith(b"data\r\n") else b"250 OK\r\n")

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield SmtpServer("127.0.0.1", server.getsockname()[1], False)
        thread.join(5)


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (b"ehlo", "later"),
        (b"mail FROM", "later"),
        (b"rcpt TO", "later"),
        (b"DATA\r\n", "later"),
        (b"\r\n.\r\n", "unknown"),
    ],
)
def test_the_final_dot_is_the_line(letter: Write, at: bytes, state: str) -> None:
    with breaking_off(at) as server:
        assert SmtpTransport(server, timeout=5).send(letter(), AT).state == state


def test_a_server_that_is_not_there_has_taken_nothing(letter: Write) -> None:
    outcome = SmtpTransport(SmtpServer("127.0.0.1", _free_port(), False), timeout=2).send(letter(), AT)

    assert (outcome.state, outcome.stops) == ("later", False)


def test_a_password_is_never_sent_in_clear(letter: Write) -> None:
    seen = []

    def authenticate(*given: Any) -> AuthResult:
        seen.append(given)
        return AuthResult(success=True)

    controller = Controller(
        Mailbox(), hostname="127.0.0.1", port=_free_port(), authenticator=authenticate, auth_require_tls=False
    )
    controller.start()
    try:
        server = server_of(f"smtp://me:secret@127.0.0.1:{controller.port}")
        assert SmtpTransport(server, timeout=5).send(letter(), AT).state == "later"
    finally:
        controller.stop()
    assert seen == []


def test_a_server_is_read_from_its_address() -> None:
    found = server_of("smtps://me%40acme.example:s%2Fcret@mail.acme.example")

    assert (found.host, found.port, found.encrypted, found.user) == ("mail.acme.example", 465, True, "me@acme.example")
    assert found.password.get_secret_value() == "s/cret" and "s/cret" not in repr(found)
    for wrong in ("smtp://", "smtp://host:notaport", "smtp://:25"):
        with pytest.raises(CohortflowError, match="write smtp://"):
            server_of(wrong)
