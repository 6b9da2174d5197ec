"""What an answer of SendGrid's means for a mail. There is no idempotency key: what may have been taken is unknown."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import orjson

from cohortflow.mailroom.transports import Outcome

ACCEPTED = 202
REFUSED = frozenset({400, 406, 410, 411, 412, 413, 414, 415, 422, 431, 451})
NOT_US = frozenset({401, 403})
NO_API = frozenset({404, 405})
ELSEWHERE = frozenset({307, 308})
LONGEST_WAIT = 3600
NEXT_TRY = 300
UNTOLD = 60
A_SPAN = 1_000_000_000
_TAKEN = Outcome("accepted")
_FIELD = re.compile(r"[a-z0-9_.]{1,60}")


def outcome_of(status: int, headers: Mapping[str, str], body: bytes = b"") -> Outcome:
    """The outcome behind a status.

    Args:
        headers: by their names in small letters.
        body: of what was turned down; of it only the names of fields count.
    """
    if status == ACCEPTED:
        return _TAKEN
    if status == 429:
        return Outcome("later", "429 too many requests", seconds_until_reset(headers))
    field = _field_at_fault(body)
    if status == 403 and field.startswith("from"):
        told = "403: SendGrid does not let this sender send; verify it there, or mend email.from"
        return Outcome("later", told, NEXT_TRY, stops_sender=True)
    if status in NOT_US:
        return Outcome("later", f"{status}: SendGrid does not take this key", NEXT_TRY, stops=True)
    if status == 200:
        return Outcome("later", "200: this key or host only tries mails out (sandbox)", NEXT_TRY, stops=True)
    if status in ELSEWHERE:
        return Outcome("later", f"{status}: another server was named; check SENDGRID_HOST", NEXT_TRY, stops=True)
    if status in NO_API:
        return Outcome(
            "later", f"{status}: there is no SendGrid at that address; check SENDGRID_HOST", NEXT_TRY, stops=True
        )
    if status in REFUSED:
        return Outcome("refused", f"{status} by SendGrid ({field})" if field else f"{status} by SendGrid")
    # A redirect of the older kind may follow what was done already.
    return Outcome("unknown", f"{status} by SendGrid", stops=300 <= status < 400)


def _field_at_fault(body: bytes) -> str:
    """The field that SendGrid names first, such as `attachments.0.type`; what it says of it may quote a reader."""
    try:
        errors = orjson.loads(body)["errors"]
        field = next(each["field"] for each in errors if each.get("field"))
    except (ValueError, TypeError, LookupError, AttributeError, StopIteration):
        return ""
    return field if isinstance(field, str) and _FIELD.fullmatch(field) else ""


def seconds_until_reset(headers: Mapping[str, str], untold: int = UNTOLD) -> int:
    """How long to wait before the next request, by what the answer tells; an hour at most.

    Args:
        untold: what to wait when it tells nothing that can be read.
    """
    for name in ("retry-after", "x-ratelimit-reset"):
        seconds = _seconds_until(headers.get(name, "").strip(), headers.get("date", ""))
        if seconds is not None:
            return min(max(seconds, 0), LONGEST_WAIT)
    return untold


def _seconds_until(told: str, date: str) -> int | None:
    """A number of seconds, or an instant as a number or a date; instants are by the server's clock, never by ours."""
    if told.isascii() and told.isdigit():
        number = int(told[:12])
        if number <= A_SPAN:
            return number
        instant: int | None = number
    else:
        instant = _instant(told)
    now = _instant(date)
    return None if instant is None or now is None else instant - now


def _instant(told: str) -> int | None:
    try:
        return int(parsedate_to_datetime(told).timestamp())
    except (TypeError, ValueError, OverflowError):
        return None


def is_exhausted(headers: Mapping[str, str]) -> bool:
    """Whether the next request would be one too many."""
    return headers.get("x-ratelimit-remaining") == "0"
