"""`cohortflow doctor mail`: whether mail can leave, and whether the world will believe that it is ours."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from cohortflow.mailroom.addresses import is_address, split_mailbox
from cohortflow.mailroom.http_calls import is_server
from cohortflow.mailroom.sender_domain import SECONDS, Resolver, WorldResolver, domain_findings
from cohortflow.mailroom.smtp_transport import server_of
from cohortflow.programs.documents import program_files, read_config
from cohortflow.programs.parsing import parse_program
from schemas.errors import CohortflowError, DeliveryError, ProgramError
from schemas.health import Finding
from schemas.settings import Settings

PORTS = {"smtp": 587, "smtps": 465, "https": 443, "http": 80}
# Domains that stand in examples and belong to nobody.
_MADE_UP = (".example", ".test", ".invalid", ".localhost", "example.com", "example.org", "example.net")
Knock = Callable[[str, int], str | None]


def mail_findings(
    settings: Settings,
    resolver: Resolver | None = None,
    knock: Knock | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Everything about the mail, without sending any.

    Args:
        knock: says why a server cannot be reached, or None; the real network if left out.
    """
    given = os.environ if environment is None else environment
    found = [*_transport(settings, knock or knock_at, given), *_links(settings), *_operator(settings)]
    senders, unread = _senders(settings)
    found += unread
    for domain in sorted(senders):
        if domain.endswith(_MADE_UP):
            cure = "write your own address as email.from in company.yaml before real mail goes"
            found.append(Finding(f"sender {domain}", "warn", "is a made-up domain that nobody can answer", cure))
        else:
            found += domain_findings(domain, resolver or WorldResolver(), settings.dkim_selectors)
    return found


def knock_at(host: str, port: int) -> str | None:
    """Why nobody answers at a port, or None when somebody does."""
    try:
        with socket.create_connection((host, port), timeout=SECONDS):
            return None
    except OSError as error:
        return error.strerror or type(error).__name__


def _transport(settings: Settings, knock: Knock, given: Mapping[str, str]) -> Iterator[Finding]:
    kind = settings.mail.partition(":")[0] or "outbox"
    if kind == "outbox":
        yield _outbox(settings)
    elif kind in ("smtp", "smtps"):
        try:
            server = server_of(settings.mail)
        except CohortflowError as error:
            told, _, cure = str(error).partition(": ")
            yield Finding("SMTP server", "fail", f"{told} names no server", cure)
            return
        yield _reachable("SMTP server", server.host, server.port, knock)
    elif kind == "sendgrid":
        yield _sendgrid_key(given)
        host = given.get("SENDGRID_HOST") or "https://api.sendgrid.com"
        if not is_server(host):
            cure = "write https:// and its name, without a path, such as https://api.eu.sendgrid.com"
            yield Finding("SendGrid", "fail", "SENDGRID_HOST names no server", cure)
            return
        parts = urlsplit(host)
        yield _reachable("SendGrid", parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443), knock)
    else:
        cure = "set COHORTFLOW_MAIL to outbox:DIR, smtp://user:password@host:port, smtps://... or sendgrid"
        yield Finding("transport", "fail", "COHORTFLOW_MAIL names none that is known", cure)


def _outbox(settings: Settings) -> Finding:
    folder = settings.outbox
    nearest = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        return Finding("transport", "fail", f"{folder} cannot be written", "let the user that ticks write there")
    told = "mail is written as files into the outbox, and none leaves this machine"
    return Finding("transport", "ok", told, "set COHORTFLOW_MAIL when it is to leave")


def _sendgrid_key(given: Mapping[str, str]) -> Finding:
    key = given.get("SENDGRID_API_KEY", "")
    if not key:
        cure = "set it in the environment, or keep it in a Prefect Secret block named sendgrid-api-key"
        return Finding("SendGrid key", "warn", "SENDGRID_API_KEY is not in this environment", cure)
    if not key.startswith("SG."):
        return Finding(
            "SendGrid key", "warn", "does not look like one of SendGrid's", "copy the whole key, SG. and all"
        )
    return Finding("SendGrid key", "ok", "is there")


def _reachable(name: str, host: str, port: int, knock: Knock) -> Finding:
    if why := knock(host, port):
        cure = "open the way in the firewall, or correct host and port in COHORTFLOW_MAIL"
        return Finding(name, "fail", f"{host}:{port} does not answer ({why})", cure)
    return Finding(name, "ok", f"{host}:{port} answers")


def _links(settings: Settings) -> Iterator[Finding]:
    """Where the links in mails lead, as soon as mails leave this machine."""
    if settings.mail.partition(":")[0] in ("", "outbox"):
        return
    parts, cure = urlsplit(settings.portal_url), "set COHORTFLOW_PORTAL_URL to the https:// address of the pages"
    if parts.hostname in ("127.0.0.1", "localhost", "::1"):
        yield Finding("links", "fail", f"lead to {settings.portal_url}, which is every reader's own machine", cure)
    elif parts.scheme != "https":
        told = "are not https://, and without it no mailbox offers to unsubscribe with one click (RFC 8058)"
        yield Finding("links", "warn", told, cure)
    else:
        yield Finding("links", "ok", f"lead to {settings.portal_url}")


def _operator(settings: Settings) -> Iterator[Finding]:
    if not settings.operator:
        cure = "set COHORTFLOW_OPERATOR to your address, and one mail a day says that the post works"
        yield Finding("operator", "warn", "nobody would notice that no mail leaves", cure)
    elif is_address(settings.operator):
        yield Finding("operator", "ok", "gets one mail a day")
    else:
        yield Finding("operator", "fail", "COHORTFLOW_OPERATOR is not an address", "write name@example.com")


def _senders(settings: Settings) -> tuple[set[str], list[Finding]]:
    """The domains that programs send from, and programs that cannot be read."""
    domains, unread = set(), []
    for path in program_files(settings.programs):
        try:
            program = parse_program(read_config(path), path.stem, path.parent.name)
            sender = program.owner if program.email.sender == "owner" else program.email.sender
            domains.add(split_mailbox(sender)[1].rpartition("@")[2].lower())
        except (ProgramError, DeliveryError):
            cure = "run `cohortflow check`"
            unread.append(Finding(f"sender of {path.stem}", "warn", "its file has faults", cure))
    return domains, unread
