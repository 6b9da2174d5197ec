"""What the provider tells about mail: each event counted once, and the ledger moved by all of them together.

A message's state is the greatest of what its events say, so repeats and any order end in the same state. An event is
believed only when it names a mail of ours and the address that mail went to: the one that was noted when the mail was
claimed, whatever its reader's address is by now.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.programs.parts import address_of
from cohortflow.store import frames, instances, suppressed
from cohortflow.store.cohorts import read_row
from cohortflow.store.columns import among
from cohortflow.store.evidence import DROPPED, apply_evidence
from cohortflow.store.mail_stops import address_hash
from cohortflow.store.tables import message_attempts, messages, people, provider_events, provider_tallies
from cohortflow.store.upserts import insert_into

CHUNK = 500


@dataclass(frozen=True)
class ProviderEvent:
    """One event, read from the provider's post.

    Attributes:
        weight: how far it moves a mail; 0 for a kind that tells nothing about it.
        bars: why its address may not be written to any more, empty if it may.
        words: what the provider said; told apart by it, never kept.
    """

    message_id: str
    provider_id: str
    kind: str
    at: datetime
    address: str
    weight: int
    bars: str = ""
    words: str = ""


def take_in(db: Connection, events: Iterable[ProviderEvent], now: datetime) -> dict[str, int]:
    """Believe what is new and ours, in one transaction.

    Returns:
        How many events were taken, seen before, or set aside and why.
    """
    told: Counter[str] = Counter()
    meant = list(_telling(events, told))
    secret = instances.read_secret(db)
    hashes = _hashes_of(db, secret, sorted({event.message_id for event in meant}))
    believed: dict[str, ProviderEvent] = {}
    for event in meant:
        if event.message_id not in hashes:
            told["of another's mail"] += 1
        elif address_hash(secret, event.address) not in hashes[event.message_id]:
            told["to another address"] += 1
        else:
            believed.setdefault(event_key(secret, event), event)
            told["believable"] += 1
    new = _insert(db, believed)
    told["taken"] = len(new)
    told["seen before"] = told.pop("believable", 0) - len(new)
    if new:
        barred = [(address_hash(secret, event.address), event.bars, event.at) for event in new if event.bars]
        suppressed.bar(db, barred)
        processed = Counter(dict.fromkeys((event.message_id for event in new), 0))
        processed.update(event.message_id for event in new if event.kind == "processed")
        apply_evidence(db, processed, now)
    counted = {what: count for what, count in told.items() if count}
    _tally(db, counted, now)
    return counted


def _telling(events: Iterable[ProviderEvent], told: Counter[str]) -> Iterator[ProviderEvent]:
    for event in events:
        if not event.weight:
            told["of a kind that tells nothing"] += 1
        elif not event.message_id:
            told["of another's mail"] += 1
        else:
            yield event


def event_key(secret: str, event: ProviderEvent) -> str:
    """What makes an event the same event; the provider's own id of it may change when it is sent again."""
    told = (
        event.message_id,
        event.provider_id,
        event.kind,
        event.at.isoformat(),
        address_hash(secret, event.address),
        event.words,
        *(
            [str(event.weight)] if event.weight >= DROPPED else []
        ),  # two bounces of one second may mean different things
    )
    return hashlib.sha256("\x1f".join(told).encode()).hexdigest()


def _insert(db: Connection, believed: Mapping[str, ProviderEvent]) -> list[ProviderEvent]:
    """The events that were not there before. Sorted, so that two posts at once cannot wait for each other."""
    rows = [{"event_key": key, **{name: getattr(believed[key], name) for name in KEPT}} for key in sorted(believed)]
    insert = insert_into(db, provider_events).on_conflict_do_nothing().returning(provider_events.c.event_key)
    return [believed[key] for key in db.execute(insert, rows).scalars()] if rows else []


KEPT = ("message_id", "provider_id", "kind", "weight", "at")


def _hashes_of(db: Connection, secret: str, message_ids: Sequence[str]) -> dict[str, set[str]]:
    """Where each mail of ours went, and would go now, as hashes; a mail that is not ours is absent.

    Where it would go now counts, too: it is all that is known of attempts of older versions, and of one whose reader's
    address was changed in the moment between its claim and its writing.
    """
    found: dict[str, set[str]] = {}
    for message_id, address in _addresses_now(db, message_ids).items():
        found[message_id] = {address_hash(secret, address)} if address else set()
    for start in range(0, len(message_ids), CHUNK):
        for row in db.execute(_WENT_TO, {"ids": list(message_ids[start : start + CHUNK])}):
            found.setdefault(row.message_id, set()).add(row.address_hash)
    return found


_WENT_TO = sa.select(message_attempts.c.message_id, message_attempts.c.address_hash).where(
    among(message_attempts.c.message_id), message_attempts.c.address_hash.is_not(None)
)


def _addresses_now(db: Connection, message_ids: Sequence[str]) -> dict[str, str]:
    """The address that the reader of each mail has now, empty for a role that nobody has any more."""
    found: dict[str, str] = {}
    cohorts: dict[str, Any] = {}
    for start in range(0, len(message_ids), CHUNK):
        for row in db.execute(_READERS, {"ids": list(message_ids[start : start + CHUNK])}):
            if row.person_id.startswith("role:"):
                if row.cohort_id not in cohorts:
                    known = read_row(db, row.cohort_id)
                    cohorts[row.cohort_id] = frames.load_cohort(db, known) if known else None
                cohort = cohorts[row.cohort_id]
                found[row.message_id] = address_of(row.person_id, cohort) if cohort else ""
            elif row.email:
                found[row.message_id] = row.email
    return found


_READERS = (
    sa.select(messages.c.message_id, messages.c.cohort_id, messages.c.person_id, people.c.email)
    .select_from(sa.outerjoin(messages, people, messages.c.person_id == people.c.person_id))
    .where(among(messages.c.message_id))
)


def _tally(db: Connection, counted: Mapping[str, int], now: datetime) -> None:
    insert = insert_into(db, provider_tallies)
    add = insert.on_conflict_do_update(
        index_elements=[provider_tallies.c.what],
        set_={"count": provider_tallies.c.count + insert.excluded.count, "last_at": insert.excluded.last_at},
    )
    rows = [{"what": what, "count": counted[what], "last_at": now} for what in sorted(counted)]
    if rows:
        db.execute(add, rows)


def tallies(db: Connection) -> dict[str, int]:
    """How many events were taken, seen before or set aside, since the beginning."""
    query = sa.select(provider_tallies.c.what, provider_tallies.c.count).order_by(provider_tallies.c.what)
    query = query.where(provider_tallies.c.what.not_in((suppressed.PULL_TRIED, suppressed.PULL_DONE)))
    return {what: int(count) for what, count in db.execute(query).tuples()}
