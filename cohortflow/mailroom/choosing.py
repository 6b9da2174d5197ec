"""The transport that COHORTFLOW_MAIL names."""

from cohortflow.mailroom.outbox import OutboxTransport
from cohortflow.mailroom.smtp_transport import SmtpTransport, server_of
from cohortflow.mailroom.transports import Transport
from schemas.errors import CohortflowError
from schemas.settings import Settings


def transport_for(settings: Settings) -> Transport:
    """How mail leaves this installation."""
    kind = settings.mail.partition(":")[0]
    # A request must end long before its claim does.
    timeout = min(settings.mail_timeout, settings.lease_seconds / 4)
    if kind in ("", "outbox"):
        return OutboxTransport(settings.outbox, durable=settings.durable)
    if kind in ("smtp", "smtps"):
        return SmtpTransport(server_of(settings.mail), timeout=timeout)
    if settings.mail == "sendgrid":
        # The package takes a third of a second to load.
        from cohortflow.mailroom.sendgrid_transport import SendGridTransport

        return SendGridTransport(settings.sendgrid_api_key, settings.sendgrid_host, timeout=timeout)
    raise CohortflowError(
        f"COHORTFLOW_MAIL: {kind!r} is unknown; "
        "write outbox:DIR, smtp://user:password@host:port, smtps://... or sendgrid"
    )
