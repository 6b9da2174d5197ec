"""A letter as SendGrid's v3 API takes it: one recipient, nothing tracked, nothing of ours told but an opaque id."""

import json
import logging
from base64 import b64encode
from typing import Any

from sendgrid.helpers.mail import (
    Attachment,
    ClickTracking,
    Content,
    CustomArg,
    Disposition,
    Email,
    FileContent,
    FileName,
    FileType,
    Header,
    Mail,
    OpenTracking,
    Personalization,
    ReplyTo,
    Subject,
    SubscriptionTracking,
    To,
    TrackingSettings,
)

from cohortflow.mailroom.addresses import split_mailbox
from cohortflow.mailroom.letters import Letter, check_letter, media_type
from schemas.errors import DeliveryError

OUR_ID = "cohortflow_message_id"
LARGEST = 30_000_000
# At DEBUG the package logs its key and what it sends.
for _name in ("python_http_client", "python_http_client.client", "sendgrid"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def body_of(letter: Letter) -> bytes:
    """What is posted to /v3/mail/send.

    Raises:
        DeliveryError: the letter is no letter, or larger than the provider takes.
    """
    body = json.dumps(payload_of(letter), separators=(",", ":")).encode()
    if len(body) > LARGEST:
        raise DeliveryError("the mail is larger than the 30 MB that SendGrid takes", permanent=True)
    return body


def payload_of(letter: Letter) -> dict[str, Any]:
    """The same before it is written as JSON."""
    check_letter(letter)
    mail = Mail()
    name, address = split_mailbox(letter.sender)
    mail.from_email = Email(address, name or None)
    mail.subject = Subject(letter.subject)
    mail.add_personalization(_recipient(letter))
    mail.add_content(Content("text/plain", letter.text))
    mail.add_content(Content("text/html", letter.html))
    if letter.reply_to:
        name, address = split_mailbox(letter.reply_to)
        mail.reply_to = ReplyTo(address, name or None)
    for key, value in letter.headers.items():
        mail.add_header(Header(key, value))
    for attachment in letter.attachments:
        mail.add_attachment(
            Attachment(
                FileContent(b64encode(attachment.content).decode("ascii")),
                FileName(attachment.filename),
                FileType(media_type(attachment)),
                Disposition("attachment"),
            )
        )
    mail.tracking_settings = _untracked()
    payload: dict[str, Any] = mail.get()
    return payload


def _recipient(letter: Letter) -> Personalization:
    found = Personalization()
    # SendGrid takes ";" and "," in a name for the end of an address.
    shown = " ".join(letter.to_name.replace(";", " ").replace(",", " ").split())
    found.add_to(To(letter.to_address, shown or None))
    found.add_custom_arg(CustomArg(OUR_ID, letter.message_id))
    return found


def _untracked() -> TrackingSettings:
    settings = TrackingSettings()
    settings.click_tracking = ClickTracking(False, False)
    settings.open_tracking = OpenTracking(False)
    settings.subscription_tracking = SubscriptionTracking(False)
    return settings
