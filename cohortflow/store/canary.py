"""Mail to the operator, daily or of an alarm: claimed in the history before it leaves, so that none goes twice."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store import events
from cohortflow.store.tables import cohorts, messages, occasions
from cohortflow.store.tables import events as history
from schemas.changes import Note

CHAIN, CLAIMED, ALARM, TOLD_TWICE = "company", "mail.canary", "mail.alarm", "mail.alarm_again"
ONE_ALARM = timedelta(minutes=10)  # the same words within this are the same alarm, told twice


def last_day(db: Connection) -> str:
    """The newest day on which it was claimed; empty before the first."""
    query = sa.select(history.c.counts).where(history.c.chain == CHAIN, history.c.kind == CLAIMED)
    found = db.execute(query.order_by(history.c.seq.desc()).limit(1)).scalar()
    return str(found["day"]) if found else ""


def claim(db: Connection, day: date, now: datetime) -> bool:
    """Take the mail of a day; False when it was taken before, or a later one was. The caller writes alone."""
    if last_day(db) >= day.isoformat():
        return False
    events.append(db, CHAIN, [Note(CLAIMED, counts={"day": day.isoformat()})], at=now, actor="cohortflow")
    return True


def claim_alarm(db: Connection, about_run: str, alarm: str, about: str, now: datetime) -> bool:
    """Take the mail of an alarm; False when it was taken before, or one of the same words just now.

    Prefect tells of an event at least once: one that its database refused to write down is told again, by another run.
    That run is noted, too, for it may be repeated hours later. The words are kept as a fingerprint. The caller writes
    alone.
    """
    of_ours = sa.and_(history.c.chain == CHAIN, history.c.kind.in_([ALARM, TOLD_TWICE]))
    if db.execute(sa.select(history.c.seq).where(of_ours, history.c.about == about_run)).first():
        return False
    words = hashlib.sha256(f"{alarm}\n{about}".encode()).hexdigest()[:16]
    just_now = sa.and_(history.c.at > now - ONE_ALARM, history.c.at < now + ONE_ALARM)
    alarms = sa.select(history.c.counts).where(history.c.chain == CHAIN, history.c.kind == ALARM, just_now)
    is_new = words not in [each.get("words") for each in db.execute(alarms).scalars()]
    note = Note(ALARM if is_new else TOLD_TWICE, about=about_run, counts={"alarm": alarm, "words": words})
    events.append(db, CHAIN, [note], at=now, actor="cohortflow")
    return is_new


def counts_of(db: Connection, day: date) -> dict[str, int]:
    """What happened on a day (UTC), and what stands in the way now."""
    begins = datetime.combine(day, time(0), UTC)
    ends = begins + timedelta(days=1)
    sent = sa.and_(messages.c.sent_at >= begins, messages.c.sent_at < ends)
    done = sa.and_(occasions.c.done_at >= begins, occasions.c.done_at < ends, occasions.c.state == "done")
    asked = {
        "mails that left": _count(messages, sent),
        "occasions done": _count(occasions, done),
        "mails whose fate is unknown, now": _count(messages, messages.c.state == "unknown"),
        "mails that wait, now": _count(messages, messages.c.state == "queued"),
        "cohorts held, now": _count(cohorts, cohorts.c.state == "held"),
    }
    return {name: int(db.execute(query).scalar_one()) for name, query in asked.items()}


def _count(table: sa.Table, where: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    return sa.select(sa.func.count()).select_from(table).where(where)
