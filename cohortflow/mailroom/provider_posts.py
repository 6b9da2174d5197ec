"""What SendGrid posts about mail: its signature, and its events read strictly before anything is believed."""

import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from sendgrid.helpers.eventwebhook import EventWebhook

from cohortflow.store.evidence import BARRED, BOUNCED, DEFERRED, DELIVERED, DROPPED, PROCESSED, TURNED_AWAY
from cohortflow.store.provider_events import ProviderEvent
from cohortflow.store.suppressed import BOUNCED as HARD
from cohortflow.store.suppressed import INVALID, SPAM, UNSUBSCRIBED

OUR_ID = "cohortflow_message_id"
LARGEST_POST = 1_000_000
WINDOW, SKEW = timedelta(hours=24), timedelta(minutes=5)
MOST_WORDS = 2_000
SIMPLE = {"processed": PROCESSED, "deferred": DEFERRED, "delivered": DELIVERED}
# Whoever reports or refuses a mail has it.
BARRING = {"spamreport": SPAM, "unsubscribe": UNSUBSCRIBED, "group_unsubscribe": UNSUBSCRIBED}
DROPPED_FOR = {
    "bounced address": HARD,
    "invalid": INVALID,
    "spam reporting address": SPAM,
    "unsubscribed address": UNSUBSCRIBED,
}
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Malformed(Exception):
    """The post is not what SendGrid sends; says why, and quotes nothing of it."""


def is_authentic(body: bytes, signature: str, timestamp: str, key: str, real_now: datetime) -> bool:
    """Whether a post was signed, over these very bytes and not long ago, by the holder of the pinned key.

    Args:
        key: the public key as SendGrid shows it, base64 without line breaks; without one nothing is authentic.
    """
    verifier = _verifier(key)
    if verifier is None or not signature or not _is_recent(timestamp, real_now):
        return False
    try:
        # The helper wants text; what is not UTF-8 was not signed as JSON.
        return bool(verifier.verify_signature(body.decode("utf-8"), signature, timestamp))
    except (ValueError, binascii.Error, TypeError):
        return False


@lru_cache(maxsize=8)
def _verifier(key: str) -> EventWebhook | None:
    try:
        verifier = EventWebhook(key.strip())
    except Exception:
        return None
    known = verifier.public_key
    return verifier if known and isinstance(getattr(known, "curve", None), SECP256R1) else None


def _is_recent(timestamp: str, real_now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):  # to the year 5138
        return False
    signed_at = datetime.fromtimestamp(int(timestamp), UTC)
    return real_now - WINDOW - SKEW <= signed_at <= real_now + SKEW


def read_post(body: bytes) -> tuple[list[ProviderEvent], int]:
    """The events of a post, and how many of it make no sense: those are set aside, for what stands beside them counts.

    Raises:
        Malformed: it is not a list of events, or none of them makes sense.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON") from None
    if not isinstance(found, list):
        raise Malformed("the body is not a list of events")
    events, problems = [], []
    for number, each in enumerate(found, start=1):
        try:
            events.append(_read(each, number))
        except Malformed as problem:
            problems.append(problem)
    if problems and not events:
        raise problems[0]
    return events, len(problems)


def _read(each: Any, number: int) -> ProviderEvent:
    if not isinstance(each, dict):
        raise Malformed(f"event {number} is not an object")
    texts = {name: _text(each, name, number) for name in ("event", "email", "sg_message_id", OUR_ID)}
    texts |= {name: _words(each, name) for name in ("reason", "type")}
    if not texts["event"]:
        raise Malformed(f"event {number} does not say what happened")
    at = _instant(each.get("timestamp"))
    if at is None:
        raise Malformed(f"event {number} has no timestamp")
    weight, bars = _meaning(texts)
    return ProviderEvent(
        message_id=texts[OUR_ID],
        provider_id=texts["sg_message_id"],
        kind=texts["event"],
        at=at,
        address=texts["email"],
        weight=weight,
        bars=bars,
        words=texts["reason"],
    )


def _instant(told: Any) -> datetime | None:
    """Seconds since 1970, in whichever way JSON writes a number."""
    if isinstance(told, bool) or not isinstance(told, (int, float, str)):
        return None
    try:
        seconds = float(told)
    except (ValueError, OverflowError):
        return None
    return datetime.fromtimestamp(int(seconds), UTC) if FIRST.timestamp() <= seconds <= LAST.timestamp() else None


def _text(each: Mapping[str, Any], name: str, number: int) -> str:
    value = each.get(name) or ""
    if not isinstance(value, str) or "\x00" in value or len(value) > MOST_WORDS:
        raise Malformed(f"event {number}: {name} is not a short text")
    # A lone surrogate is valid JSON, and no database takes it.
    return value.encode("utf-8", "replace").decode()


def _words(each: Mapping[str, Any], name: str) -> str:
    """What another server said, or SendGrid of it: cut where it is long, for the event counts all the same."""
    value = each.get(name)
    told = value if isinstance(value, str) else ""
    return told[:MOST_WORDS].replace("\x00", "").encode("utf-8", "replace").decode()


def _meaning(texts: Mapping[str, str]) -> tuple[int, str]:
    """How far an event moves a mail, and why it bars the address."""
    kind = texts["event"]
    if kind in SIMPLE:
        return SIMPLE[kind], ""
    if kind in BARRING:
        return DELIVERED, BARRING[kind]
    if kind == "bounce":
        # "blocked" is said of this mail alone: a full mailbox, a server that is down, a filter.
        return (TURNED_AWAY, "") if texts["type"] == "blocked" else (BOUNCED, HARD)
    if kind == "dropped":
        bars = DROPPED_FOR.get(texts["reason"].strip().lower(), "")
        return (BARRED, bars) if bars else (DROPPED, "")
    return 0, ""
