"""A sign of life for a watcher outside (COHORTFLOW_PING_URL), who wakes somebody when it stays away."""

import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

logger = logging.getLogger("cohortflow.flows")

TIMEOUT_SECONDS = 5


@contextmanager
def sign_of_life(url: str) -> Iterator[None]:
    """Say start, then success, or fail when the block does; nothing without an address.

    The three addresses are URL/start, URL and URL/fail, as the common watchers of scheduled jobs have them.
    """
    if not url:
        yield
        return
    ping(f"{url.rstrip('/')}/start")
    try:
        yield
    except BaseException:
        ping(f"{url.rstrip('/')}/fail")
        raise
    ping(url)


def ping(url: str) -> bool:
    """Ask for an address and forget the answer; whether there was a good one."""
    if not url.startswith(("https://", "http://")):
        logger.warning("COHORTFLOW_PING_URL: not an http address; no sign of life was given")
        return False
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            return bool(200 <= answer.status < 300)
    except Exception as error:
        # The address may hold a key, so only the kind of trouble is told.
        logger.warning("no sign of life could be given (%s)", type(error).__name__)
        return False
