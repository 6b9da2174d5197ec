"""A letter: one mail to one person, and its bytes as RFC 5322 wants them, the same at every call."""

import re
from base64 import b64encode
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from struct import Struct

from cohortflow.mailroom.addresses import reason_not_to_mail, split_mailbox
from cohortflow.mailroom.attachments import Attachment
from cohortflow.mailroom.wording import fits_a_header
from schemas.errors import DeliveryError

LONGEST_HEADER = 900
_LINE = 76
_TOGETHER = 256 * _LINE  # cut into lines at once
_FOLD = "\r\n "
_MESSAGE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/?^_`{|}~ -]+")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+(; ?[a-z]+=[A-Za-z0-9-]+)*")
_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?&=%+\[\]-]{1,880}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class Letter:
    """One mail to one person. `sender` and `reply_to` are addresses or "Name <address>".

    Args:
        unsubscribe_url: where one click (a POST, RFC 8058) says "no more of these"; empty for mail one cannot refuse.
    """

    message_id: str
    sender: str
    reply_to: str
    to_name: str
    to_address: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    language: str = "en"
    unsubscribe_url: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What every transport adds to the message beside who, whom and what about."""
        told = {"Auto-Submitted": "auto-generated"}
        if self.unsubscribe_url:
            # RFC 8058: mail programs offer a button, and post to the link when it is pressed.
            told["List-Unsubscribe"] = f"<{self.unsubscribe_url}>"
            told["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return told


def eml(letter: Letter, at: datetime) -> bytes:
    """The letter as bytes; whatever varies is derived from its id and `at`, so that a repeat is the same file.

    Joined by hand, because the standard library takes a hundred times as long and draws a random boundary.

    Raises:
        DeliveryError: a header would hold something that does not belong there.
    """
    check_letter(letter)
    seed = sha256(letter.message_id.encode()).hexdigest()[:24]
    body = _multipart("alternative", f"=_alt_{seed}", [_readable("plain", letter.text), _compact("html", letter.html)])
    if letter.attachments:
        body = _multipart("mixed", f"=_mix_{seed}", [body, *map(_attached, letter.attachments)])
    return b"%b\r\n%b" % ("\r\n".join(_headers(letter, at)).encode("ascii"), body)


def check_letter(letter: Letter) -> None:
    """Refuse a letter that could smuggle in a header, another recipient or another file.

    Raises:
        DeliveryError: naming the field, never its value.
    """
    if not _MESSAGE_ID.fullmatch(letter.message_id):
        raise _refused("the message id", "is not made of letters, digits, - and _")
    _check_shared(letter.sender, letter.reply_to, letter.language)
    own = (("to_name", letter.to_name), ("to_address", letter.to_address), ("subject", letter.subject))
    together = "".join([value for _, value in own])
    if len(together) > LONGEST_HEADER or not fits_a_header(together):  # nearly never, and then it is told which
        for name, value in own:
            _check_header(name, value)
    if reason := reason_not_to_mail(letter.to_address):
        raise _refused("to_address", reason)
    if letter.unsubscribe_url and not _LINK.fullmatch(letter.unsubscribe_url):
        raise _refused("unsubscribe_url", "is not a web address of plain characters")
    for attachment in letter.attachments:
        if not _FILE_NAME.fullmatch(attachment.filename) or not _MEDIA_TYPE.fullmatch(media_type(attachment)):
            raise _refused("an attachment", "has a file name or type with characters that do not belong there")


@lru_cache(maxsize=256)
def _check_shared(sender: str, reply_to: str, language: str) -> None:
    """What all mails of a program have in common is looked at once; what is refused is refused again."""
    for name, value in (("sender", sender), ("reply_to", reply_to), ("language", language)):
        _check_header(name, value)
    split_mailbox(sender)
    split_mailbox(reply_to or sender)


def _check_header(name: str, value: str) -> None:
    if not fits_a_header(value):
        raise _refused(name, "holds a line break, a control character or a mark that turns the reading direction")
    if len(value) > LONGEST_HEADER:
        raise _refused(name, f"is longer than {LONGEST_HEADER} characters")


def _refused(what: str, why: str) -> DeliveryError:
    return DeliveryError(f"{what} {why}", permanent=True)


def _headers(letter: Letter, at: datetime) -> list[str]:
    if at.tzinfo is None:
        raise ValueError("the instant of a letter needs its zone")
    sender, answers_to, domain = _of_the_sender(letter.sender, letter.reply_to)
    return [
        sender,
        _mailbox("To", letter.to_name, letter.to_address),
        *answers_to,
        _unstructured("Subject", letter.subject),
        f"Date: {_dated(at)}",
        f"Message-ID: <{letter.message_id}@{domain}>",
        f"Content-Language: {letter.language}",
        *(
            f"{name}:{_FOLD if len(name) + len(value) > _LINE else ' '}{value}"
            for name, value in letter.headers.items()
        ),
        "MIME-Version: 1.0",
    ]


@lru_cache(maxsize=256)
def _of_the_sender(sender: str, reply_to: str) -> tuple[str, list[str], str]:
    """What all mails of a program have in common: who they are from, who answers go to, and the sender's domain."""
    name, address = split_mailbox(sender)
    answers_to = [_mailbox("Reply-To", *split_mailbox(reply_to))] if reply_to else []
    return _mailbox("From", name, address), answers_to, address.rpartition("@")[2]


@lru_cache(maxsize=16)
def _dated(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))


@lru_cache(maxsize=1024)
def _unstructured(name: str, text: str) -> str:
    lines = _folded(f"{name}: {text}") if _is_plain(text) else None
    return _FOLD.join(lines) if lines else f"{name}: {_encoded(text, len(name) + 2)}"


def _mailbox(name: str, shown: str, address: str) -> str:
    if not shown:
        return f"{name}: {address}"
    if not shown.isascii() or "=?" in shown:
        phrase = _encoded(shown, len(name) + 2)
    else:
        escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
        phrase = shown if _ATOMS.fullmatch(shown) else f'"{escaped}"'
    header = f"{name}: {phrase}"
    begun = len(header) - header.rfind("\n") - 1
    return f"{header}{' ' if begun + len(address) + 3 <= _LINE else _FOLD}<{address}>"


def _is_plain(text: str) -> bool:
    # "=?" would read as the beginning of an encoded word.
    return text.isascii() and "=?" not in text and "  " not in text and text == text.strip()


def _folded(header: str) -> list[str] | None:
    """The header's lines, broken at single spaces; None when a word is too long for a line."""
    lines = [""]
    for word in header.split(" "):
        if len(word) > _LINE - 1:
            return None
        if lines[-1] and len(lines[-1]) + len(word) + 2 > _LINE:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _encoded(text: str, used: int) -> str:
    """The text as encoded words (RFC 2047), none above 75 characters, each a whole number of characters."""
    words: list[bytes] = [b""]
    room = 45 - used
    for sign in text:
        raw = sign.encode()
        if len(words[-1]) + len(raw) > room:
            words.append(b"")
            room = 45
        words[-1] += raw
    return _FOLD.join(f"=?utf-8?b?{b64encode(word).decode('ascii')}?=" for word in words)


def _readable(kind: str, text: str) -> bytes:
    """A part that can be read in the file as it is, but for accents."""
    encoded = b2a_qp(_one_line_end(text), istext=True).replace(b"\n", b"\r\n")
    return _head(f"text/{kind}; charset=utf-8", "quoted-printable") + encoded


def _compact(kind: str, text: str) -> bytes:
    """A part that only programs read: base64 takes an eighth of the time of quoted-printable."""
    content = _one_line_end(text).replace(b"\n", b"\r\n")
    return _head(f"text/{kind}; charset=utf-8", "base64") + _base64_lines(content)


def _one_line_end(text: str) -> bytes:
    return (text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text).encode()


def _head(content_type: str, encoding: str) -> bytes:
    return f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode("ascii")


def _base64_lines(content: bytes) -> bytes:
    encoded = b64encode(content)
    lines: list[bytes] = []
    for start in range(0, len(encoded), _TOGETHER):
        some = encoded[start : start + _TOGETHER]
        lines += _lines_of(len(some)).unpack(some)
    return b"\r\n".join(lines)


@lru_cache(maxsize=256)
def _lines_of(size: int) -> Struct:
    """So many bytes as whole lines and the rest: cut at once, which takes half as long as one after the other."""
    whole, rest = divmod(size, _LINE)
    return Struct(f"{_LINE}s" * whole + (f"{rest}s" if rest else ""))


def media_type(attachment: Attachment) -> str:
    """How an attachment says what it is."""
    kind = attachment.content_type
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    return f"{kind}; method={attachment.method}" if attachment.method else kind


def _attached(attachment: Attachment) -> bytes:
    placed = f'base64\r\nContent-Disposition: attachment; filename="{attachment.filename}"'
    return _head(media_type(attachment), placed) + _base64_lines(attachment.content)


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    # "=_" can stand neither in quoted-printable nor in base64, so no part can hold the boundary.
    between = f"\r\n--{boundary}\r\n".encode("ascii")
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n'.encode("ascii")
    return between.join([head, *parts]) + f"\r\n--{boundary}--\r\n".encode("ascii")
