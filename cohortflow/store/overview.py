"""Whole ledgers, read in one fixed order: what exports write out and what the status shows."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store import cohorts
from cohortflow.store.database import as_dicts
from cohortflow.store.events import append
from cohortflow.store.tables import (
    events,
    matches,
    messages,
    occasions,
    participants,
    people,
    programs,
    provider_events,
)
from schemas.changes import Note


def message_rows(db: Connection, cohort_id: str) -> list[dict[str, Any]]:
    """Every mail of a cohort in the order it was due."""
    query = sa.select(messages).where(messages.c.cohort_id == cohort_id)
    return _plain(db, query.order_by(messages.c.due_at, messages.c.not_before, messages.c.message_id))


def match_rows(db: Connection, cohort_id: str) -> list[dict[str, Any]]:
    """Every match a cohort ever had, by mentee and round."""
    query = sa.select(matches).where(matches.c.cohort_id == cohort_id)
    return _plain(db, query.order_by(matches.c.mentee_id, matches.c.round, matches.c.match_id))


def participant_rows(db: Connection, cohort_id: str) -> list[dict[str, Any]]:
    """Everybody who was ever asked, by id."""
    query = sa.select(participants).where(participants.c.cohort_id == cohort_id)
    return _plain(db, query.order_by(participants.c.person_id))


def event_rows(db: Connection) -> list[dict[str, Any]]:
    """The whole history: one chain after the other, each in its order."""
    return _plain(db, sa.select(events).order_by(events.c.chain, events.c.seq))


def of_cohort(db: Connection, cohort_id: str) -> dict[str, list[dict[str, Any]]]:
    """Everything of a cohort but what people wrote: pairs, people by id, mails, occasions and the history."""
    things = sa.select(occasions).where(occasions.c.cohort_id == cohort_id).order_by(occasions.c.place)
    history = sa.select(events).where(events.c.chain == cohort_id).order_by(events.c.seq)
    return {
        "pairs": match_rows(db, cohort_id),
        "people": participant_rows(db, cohort_id),
        "mails": message_rows(db, cohort_id),
        "occasions": _plain(db, things),
        "history": _plain(db, history),
    }


def note_export(db: Connection, cohort_id: str, *, now: datetime, actor: str, files: int, why: str) -> None:
    """A line of the history: somebody took the tables of a cohort out."""
    cohorts.change(db, cohort_id)  # holds the row, and with it the chain
    append(db, cohort_id, [Note("cohort.exported", counts={"files": files, "reason": why})], at=now, actor=actor)


def sites(db: Connection) -> dict[str, str]:
    """Where each person of the roster works."""
    return {row.person_id: row.site for row in db.execute(sa.select(people.c.person_id, people.c.site))}


def next_occasions(db: Connection) -> dict[str, tuple[str, datetime]]:
    """The next thing that falls due in each cohort, and when."""
    waiting = sa.and_(occasions.c.state == "pending", occasions.c.ready_at.is_not(None))
    nearest = sa.select(
        occasions.c.cohort_id,
        occasions.c.key,
        occasions.c.ready_at,
        sa.func.row_number()
        .over(partition_by=occasions.c.cohort_id, order_by=(occasions.c.ready_at, occasions.c.place))
        .label("rank"),
    ).where(waiting)
    ranked = nearest.subquery()
    query = sa.select(ranked.c.cohort_id, ranked.c.key, ranked.c.ready_at).where(ranked.c.rank == 1)
    return {row.cohort_id: (row.key, row.ready_at) for row in db.execute(query)}


def faulty_programs(db: Connection) -> dict[str, list[str]]:
    """What is wrong in the newest files, by program; whatever is accepted is absent."""
    query = sa.select(programs.c.program_id, programs.c.faults).order_by(programs.c.program_id)
    return {row.program_id: list(row.faults) for row in db.execute(query) if row.faults}


def repeated_mails(db: Connection) -> int:
    """How many mails their provider has taken more than once."""
    repeated = (
        sa.select(provider_events.c.message_id)
        .where(provider_events.c.kind == "processed")
        .group_by(provider_events.c.message_id)
        .having(sa.func.count() > 1)
    )
    return int(db.execute(sa.select(sa.func.count()).select_from(repeated.subquery())).scalar_one())


def _plain(db: Connection, query: Any) -> list[dict[str, Any]]:
    return as_dicts(db.execute(query))
