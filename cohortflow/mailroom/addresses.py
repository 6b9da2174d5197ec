"""Mail addresses: their form, and the two halves of "Name <address>"."""

import re
from email.utils import parseaddr
from functools import lru_cache

from cohortflow.mailroom.wording import fits_a_header
from schemas.errors import DeliveryError

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@){_LOCAL}@(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})+")


@lru_cache(maxsize=8192)
def is_address(address: str) -> bool:
    """Whether mail can be addressed so, by form: one @, plain characters, a domain with a dot."""
    return len(address) <= 320 and _ADDRESS.fullmatch(address) is not None


def reason_not_to_mail(address: str) -> str | None:
    """Why no mail can go to an address, in words that do not repeat it; None when it can."""
    if is_address(address):
        return None
    local, at, domain = address.rpartition("@")
    if at and not local.isascii():
        return "has letters before the @ that many mail servers refuse (SMTPUTF8)"
    if at and not domain.isascii():
        return "has a domain that is not written as the post writes it (punycode)"
    return "is not an address mail can go to"


@lru_cache(maxsize=1024)
def split_mailbox(mailbox: str) -> tuple[str, str]:
    """Name and address of "Name <address>" or of a bare address.

    Raises:
        DeliveryError: there is no usable address in it.
    """
    name, address = parseaddr(mailbox) if fits_a_header(mailbox) else ("", "")
    if not is_address(address):
        raise DeliveryError("an address is not of the form name@example.com or Name <name@example.com>", permanent=True)
    return name, address
