"""The lists SendGrid keeps of addresses it will not, or had better not, write to: read page by page, then forgotten."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx

from cohortflow.mailroom.http_calls import is_server
from cohortflow.mailroom.sendgrid_answers import seconds_until_reset
from cohortflow.store.suppressed import BOUNCED, INVALID, SPAM, UNSUBSCRIBED
from schemas.errors import DeliveryError

# "blocks" is not among the barring ones: a block is about one mail, and SendGrid goes on writing to the address.
LISTS = {
    "bounces": BOUNCED,
    "spam_reports": SPAM,
    "invalid_emails": INVALID,
    "unsubscribes": UNSUBSCRIBED,
}
PAGE, MOST_PAGES = 500, 2_000
TIMEOUT = httpx.Timeout(20, connect=10)
MOST_WAIT, TRIES = 60, 4
Found = tuple[str, str, datetime]


def read_lists(host: str, key: str) -> Iterator[list[Found]]:
    """Page by page: (address, reason, since). Nothing of it may be kept but keyed hashes.

    Raises:
        DeliveryError: the provider cannot be reached, refuses the key, or answers what it never should.
    """
    if not is_server(host):
        raise DeliveryError("SENDGRID_HOST is no server; write https:// and a name, without a path", permanent=True)
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
    # Redirects are not followed: they would be sent the key.
    with httpx.Client(base_url=host, headers=headers, timeout=TIMEOUT, follow_redirects=False) as client:
        for name, reason in LISTS.items():
            for number in range(MOST_PAGES):
                page = _page(client, name, number * PAGE)
                yield [_entry(each, name, reason) for each in page]
                if len(page) < PAGE:
                    break
            else:
                raise DeliveryError(f"SendGrid's list of {name} does not end; nothing more is read", permanent=False)


def _page(client: httpx.Client, name: str, offset: int) -> list[Any]:
    for attempt in range(1, TRIES + 1):
        try:
            answer = client.get(f"/v3/suppression/{name}", params={"limit": PAGE, "offset": offset})
        except httpx.HTTPError as problem:
            told = f"SendGrid cannot be reached ({type(problem).__name__}); try again later"
            raise DeliveryError(told, permanent=False) from None
        if answer.status_code != 429 or attempt == TRIES:
            return _rows(answer, name)
        time.sleep(_told_to_wait(answer))
    raise AssertionError


def _told_to_wait(answer: httpx.Response) -> int:
    return min(seconds_until_reset(answer.headers, untold=1), MOST_WAIT)


def _rows(answer: httpx.Response, name: str) -> list[Any]:
    if answer.status_code in (401, 403):
        told = "SendGrid refuses the key in SENDGRID_API_KEY; it needs to be allowed to read suppressions"
        raise DeliveryError(told, permanent=True)
    if answer.status_code != 200:
        told = f"SendGrid answered {answer.status_code} when asked for {name}; try again later"
        raise DeliveryError(told, permanent=False)
    try:
        rows = answer.json()
    except ValueError:
        rows = None
    if not isinstance(rows, list):
        raise DeliveryError(f"SendGrid's answer about {name} is not a list; try again later", permanent=False)
    return rows


def _entry(each: Any, name: str, reason: str) -> Found:
    address, created = (each.get("email"), each.get("created")) if isinstance(each, dict) else (None, None)
    if not isinstance(address, str) or not address or type(created) is not int or not 0 <= created < 2**33:
        raise DeliveryError(f"SendGrid's list of {name} holds something that is no entry", permanent=False)
    return address, reason, datetime.fromtimestamp(created, UTC)
