"""A real mail server receives well-formed mail, parsed back and compared; and what a failure at each step means."""

import asyncio
import email
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Take a sender, or turn it down."""
        envelope.mail_from = address
        return self.says.get("MAIL", "250 OK")

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
        ("MAIL", "553 sender not owned", "later"),
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
def answering_the_dot(answer: bytes) -> Iterator[SmtpServer]:
    """A server that takes everything, and says of a mail at its end what it is told to say."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            line, _ = server.accept()
            with line, line.makefile("rb") as lines:
                line.sendall(b"220 here\r\n")
                in_mail = False
                for each in lines:
                    if in_mail and each != b".\r\n":
                        continue
                    line.sendall(answer + b"\r\n" if in_mail else _said_to(each))
                    in_mail = not in_mail and each.lower() == b"data\r\n"

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield SmtpServer("127.0.0.1", server.getsockname()[1], False)


def _said_to(line: bytes) -> bytes:
    return b"354 go on\r\n" if line.lower() == b"data\r\n" else b"250 OK\r\n"


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


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b"250 2.0.0 Ok: queued", "accepted"),
        (b"251 ok", "accepted"),
        (b"200 ok", "accepted"),
        (b"452 no room", "later"),
        (b"554 spam", "refused"),
        (b"354 go on", "unknown"),
        (b"2.0.0 queued as 12345", "unknown"),
        (b"OK queued", "unknown"),
    ],
)
def test_after_the_final_dot_only_a_clear_no_is_one(letter: Write, answer: bytes, state: str) -> None:
    with answering_the_dot(answer) as server:
        assert SmtpTransport(server, timeout=5).send(letter(), AT).state == state


@pytest.mark.parametrize(("answer", "stops"), [("535 no", True), ("454 4.7.0 not now", False), ("421 busy", False)])
def test_only_a_password_that_is_wrong_stops_the_transport(
    letter: Write, tmp_path: Path, answer: str, stops: bool
) -> None:
    certificate = self_signed(tmp_path)
    ours, theirs = ssl.create_default_context(cafile=certificate), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(certificate)
    turned_down = AuthResult(success=False, handled=False, message=answer)
    controller = Controller(
        Mailbox(), hostname="127.0.0.1", port=_free_port(), ssl_context=theirs, auth_require_tls=False,
        authenticator=lambda *given: turned_down,
    )  # fmt: skip
    controller.start()
    try:
        server = server_of(f"smtps://me:secret@127.0.0.1:{controller.port}")
        outcome = SmtpTransport(server, timeout=5, context=ours).send(letter(), AT)
    finally:
        controller.stop()

    assert (outcome.state, outcome.code[:3], outcome.stops) == ("later", answer[:3], stops)


def self_signed(folder: Path) -> Path:
    """A certificate of this machine's own address, with its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    begins = datetime.now(UTC) - timedelta(days=1)
    build = x509.CertificateBuilder(name, name, key.public_key(), 1, begins, begins + timedelta(days=2))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = build.add_extension(here, critical=False).sign(key, hashes.SHA256())
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(signed.public_bytes(pem) + key.private_bytes(pem, *plain))
    return file


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
    for wrong in ("smtp://", "smtp://host:notaport", "smtp://:25", "smtp://user:p[w@host:25", "smtp://host:99999"):
        with pytest.raises(CohortflowError, match="write smtp://"):
            server_of(wrong)
