"""A letter as SendGrid's v3 API takes it: one recipient, nothing tracked, nothing of ours told but an opaque id."""

import logging
from base64 import b64encode
from functools import lru_cache
from typing import Any
from unicodedata import normalize

import orjson
from sendgrid.helpers.mail import (
    Attachment,
    ClickTracking,
    Disposition,
    Email,
    FileContent,
    FileName,
    FileType,
    Mail,
    OpenTracking,
    ReplyTo,
    SubscriptionTracking,
    TrackingSettings,
)

from cohortflow.mailroom.addresses import split_mailbox
from cohortflow.mailroom.attachments import Attachment as OurAttachment
from cohortflow.mailroom.letters import Letter, check_letter
from schemas.errors import DeliveryError

OUR_ID = "cohortflow_message_id"
LARGEST = 30_000_000
_SPELT = {
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
    "Ä": "Ae",
    "Ö": "Oe",
    "Ü": "Ue",
    "ß": "ss",
    "–": "-",
    "—": "-",
    "’": "'",
    "·": "-",
}
# At DEBUG the package logs its key and what it sends.
for _name in ("python_http_client", "python_http_client.client", "sendgrid"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def body_of(letter: Letter) -> bytes:
    """What is posted to /v3/mail/send.

    Raises:
        DeliveryError: the letter is no letter, or larger than the provider takes.
    """
    body = orjson.dumps(payload_of(letter))
    if len(body) > LARGEST:
        raise DeliveryError("the mail is larger than the 30 MB that SendGrid takes", permanent=True)
    return body


def payload_of(letter: Letter) -> dict[str, Any]:
    """The same before it is written as JSON: what all mails of a sender share, and what is this mail's own."""
    check_letter(letter)
    # As the package writes it, but not by way of its `Mail`, which looks through all that a mail might have each time.
    own: dict[str, Any] = {
        "subject": letter.subject,
        "personalizations": [_recipient(letter)],
        "content": [
            {"type": "text/plain", "value": letter.text},
            {"type": "text/html", "value": letter.html},
        ],
        "headers": letter.headers,
    }
    if letter.attachments:
        own["attachments"] = [_attached(each) for each in letter.attachments]
    return {**_shared(letter.sender, letter.reply_to), **own}


@lru_cache(maxsize=256)
def _shared(sender: str, reply_to: str) -> dict[str, Any]:
    mail = Mail()
    name, address = split_mailbox(sender)
    mail.from_email = Email(address, name or None)
    if reply_to:
        name, address = split_mailbox(reply_to)
        mail.reply_to = ReplyTo(address, name or None)
    mail.tracking_settings = TrackingSettings()
    mail.tracking_settings.click_tracking = ClickTracking(False, False)
    mail.tracking_settings.open_tracking = OpenTracking(False)
    mail.tracking_settings.subscription_tracking = SubscriptionTracking(False)
    found: dict[str, Any] = mail.get()
    return found


def _recipient(letter: Letter) -> dict[str, Any]:
    # SendGrid takes ";" and "," in a name for the end of an address.
    shown = " ".join(letter.to_name.replace(";", " ").replace(",", " ").split())
    to = {"email": letter.to_address, "name": shown} if shown else {"email": letter.to_address}
    return {"to": [to], "custom_args": {OUR_ID: letter.message_id}}


def _attached(attachment: OurAttachment) -> dict[str, Any]:
    found: dict[str, Any] = Attachment(
        FileContent(b64encode(_in_any_charset(attachment)).decode("ascii")),
        FileName(attachment.filename),
        FileType(_bare_type(attachment)),
        Disposition("attachment"),
    ).get()
    return found


def _bare_type(attachment: OurAttachment) -> str:
    """A type as SendGrid takes it: without a character set, for which the whole mail would be answered with 400.

    What it then says of text is ISO 8859-1 (github.com/anymail/django-anymail/issues/150), so a contact card goes as a
    mere file, which address books know by its name.
    """
    kind = attachment.content_type
    if attachment.method:
        return f"{kind}; method={attachment.method}"
    return "application/octet-stream" if kind == "text/vcard" else kind


def _in_any_charset(attachment: OurAttachment) -> bytes:
    """The content so that it reads the same where its character set is told wrongly, as far as that can be."""
    if attachment.content.isascii() or attachment.content_type not in ("text/html", "text/calendar"):
        return attachment.content
    text = attachment.content.decode("utf-8")
    if attachment.content_type == "text/html":
        return text.encode("ascii", "xmlcharrefreplace")
    return "".join(map(_plain_sign, text)).encode("utf-8")


def _plain_sign(sign: str) -> str:
    """A letter without its accent, in no more bytes, so that folded lines stay short; other scripts as they are."""
    if sign.isascii():
        return sign
    found = _SPELT.get(sign) or normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return found if 0 < len(found) <= len(sign.encode()) else sign
