"""How fast the webhook takes in what a provider tells: events delivered three times each, shuffled, in signed posts.

    python bench/events.py [--mails 10000] [--events 50000] [--per-post 500] [--database URL]

Every post is checked, parsed and stored as the portal does it, one transaction each. At the end each event must have
been counted once and each mail stand where its events say. The CPU time says more than the clock on a busy machine.
"""

import argparse
import base64
import json
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cohortflow.mailroom.provider_posts import is_authentic, read_post
from cohortflow.store import provider_events
from cohortflow.store.database import Database, open_database
from cohortflow.store.schema import migrate
from cohortflow.store.tables import cohorts, messages, people
from cohortflow.store.tables import provider_events as kept

NOW = datetime(2027, 2, 1, 10, tzinfo=UTC)
COHORT = "bench/2027-spring"
KINDS = ("processed", "deferred", "delivered", "delivered", "processed")


def filled(url: str, mails: int) -> Database:
    """A store with so many accepted mails, each to a person of its own."""
    database = open_database(url)
    migrate(database, secret="bench")
    ids = [f"{number:032x}" for number in range(mails)]
    cohort = {"cohort_id": COHORT, "program_id": "bench", "key": "2027-spring", "state": "running", "config_hash": "-"}
    names = ("source", "name", "manager_id", "department", "title", "level", "site", "languages", "row_hash")
    person = {**dict.fromkeys(names, ""), "updated_on": NOW.date()}
    mail = dict.fromkeys(("occasion", "stage", "template", "role", "config_hash", "texts_hash"), "-")
    mail |= {"cohort_id": COHORT, "language": "en", "mail_class": "service", "match_ids": [], "asks": {}}
    mail |= {"unless_answered": False, "urgent": False, "state": "accepted", "sent_at": NOW}
    mail |= {"due_at": NOW, "not_before": NOW, "queued_at": NOW}
    with database.write() as db:
        db.execute(cohorts.insert().values(**cohort, line={}, first_seen_at=NOW))
        rows = [{**person, "person_id": each, "email": address(each), "status": "active"} for each in ids]
        db.execute(people.insert(), [{**row, "more": {}, "sensitive": {}} for row in rows])
        db.execute(messages.insert(), [{**mail, "message_id": each, "person_id": each} for each in ids])
    return database


def address(message_id: str) -> str:
    """Where a mail went."""
    return f"p{message_id[-8:]}@acme.example"


def posts(mails: int, events: int, per_post: int) -> list[bytes]:
    """The bodies: every event three times, shuffled over all posts; each hundredth mail bounces."""
    told = []
    for number in range(events):
        message_id, turn = f"{number % mails:032x}", number // mails
        kind = "bounce" if turn == 2 and number % 100 == 0 else KINDS[turn % len(KINDS)]
        each = {"email": address(message_id), "event": kind, "timestamp": 1_800_000_000 + turn, "type": "bounce"}
        ids = {"sg_message_id": f"sg{message_id}", "sg_event_id": str(number), "cohortflow_message_id": message_id}
        told.append(each | ids)
    told *= 3
    random.Random(1).shuffle(told)
    return [json.dumps(told[at : at + per_post]).encode() for at in range(0, len(told), per_post)]


def main() -> None:
    """Deliver, then insist on the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--per-post", type=int, default=500)
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    key = ec.generate_private_key(ec.SECP256R1())
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    public = base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, info)).decode()
    stamp = str(int(NOW.timestamp()))
    signed = [
        (body, base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode())
        for body in posts(asked.mails, asked.events, asked.per_post)
    ]
    with tempfile.TemporaryDirectory() as folder:
        database = filled(asked.database or f"sqlite:///{Path(folder) / 'bench.db'}", asked.mails)
        began, cpu = time.perf_counter(), time.process_time()
        for body, signature in signed:
            assert is_authentic(body, signature, stamp, public, NOW + timedelta(seconds=1))
            with database.write() as db:
                provider_events.take_in(db, read_post(body)[0], NOW)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        total = 3 * asked.events
        print(f"{total:,} deliveries of {asked.events:,} events in {len(signed):,} posts: {seconds:.1f} s, ", end="")
        print(f"{total / seconds:,.0f}/s ({total / cpu:,.0f} per second of CPU)")
        insist(database, asked.events)
        database.close()


def insist(database: Database, events: int) -> None:
    """None lost, none counted twice."""
    with database.read() as db:
        tallies = provider_events.tallies(db)
        stored = db.execute(sa.select(sa.func.count()).select_from(kept)).scalar_one()
        counted = sa.select(messages.c.state, sa.func.count()).group_by(messages.c.state)
        states = dict(db.execute(counted).tuples().all())
    assert stored == events == tallies["taken"], (stored, tallies)
    assert tallies["seen before"] == 2 * events, tallies
    print(f"each counted once; mails: {states}")


if __name__ == "__main__":
    main()
