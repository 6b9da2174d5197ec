"""Counts: what mails to owners, the status and the operator's tables show. Never a person."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.database import as_dicts
from cohortflow.store.tables import answers, matches, messages, occasions, participants, programs, quarantine, sources


def _grouped(db: Connection, table: sa.Table, column: str, cohort_id: str) -> dict[str, int]:
    query = sa.select(table.c[column], sa.func.count()).where(table.c.cohort_id == cohort_id).group_by(table.c[column])
    return {str(name): int(count) for name, count in db.execute(query).tuples()}


def participant_states(db: Connection, cohort_id: str) -> dict[str, int]:
    """How many participants are in which state."""
    return dict(sorted(_grouped(db, participants, "state", cohort_id).items()))


def match_states(db: Connection, cohort_id: str) -> dict[str, int]:
    """How many matches are in which state."""
    return dict(sorted(_grouped(db, matches, "state", cohort_id).items()))


def cohort_counts(db: Connection, cohort_id: str) -> dict[str, int]:
    """The numbers a text may name."""
    states, pairs = participant_states(db, cohort_id), match_states(db, cohort_id)
    query = sa.select(participants.c.role, sa.func.count()).where(
        participants.c.cohort_id == cohort_id, participants.c.applied_at.is_not(None)
    )
    applied = {role: int(count) for role, count in db.execute(query.group_by(participants.c.role)).tuples()}
    live = sum(pairs.get(state, 0) for state in ("proposed", "approved", "accepted", "active"))
    risky = sa.select(sa.func.count()).where(matches.c.cohort_id == cohort_id, matches.c.at_risk_since.is_not(None))
    return {
        "eligible": sum(states.values()),
        "invited": sum(states.values()),
        "applied": sum(applied.values()),
        "mentors": applied.get("mentor", 0),
        "mentees": applied.get("mentee", 0),
        "pairs": live or pairs.get("ended", 0),
        "proposed": pairs.get("proposed", 0),
        "unmatched": states.get("waitlisted", 0),
        "waitlisted": states.get("waitlisted", 0),
        "silent": _silent(db, cohort_id),
        "accepted": pairs.get("accepted", 0) + pairs.get("active", 0),
        "declined": pairs.get("declined", 0),
        "active": pairs.get("active", 0),
        "completed": states.get("completed", 0),
        "left": states.get("left", 0),
        "at_risk": int(db.execute(risky).scalar_one()),
        "answered": _answered(db, cohort_id),
    }


def _silent(db: Connection, cohort_id: str) -> int:
    """How many people have said neither yes nor no to a match that waits for it."""
    sides = (matches.c.mentee_accepted_at, matches.c.mentor_accepted_at)
    lacking = [sa.case((side.is_(None), 1), else_=0) for side in sides]
    query = sa.select(sa.func.coalesce(sa.func.sum(sum(lacking[1:], lacking[0])), 0))
    waiting = sa.and_(matches.c.cohort_id == cohort_id, matches.c.state == "approved")
    return int(db.execute(query.where(waiting)).scalar_one())


def _answered(db: Connection, cohort_id: str) -> int:
    """Who has answered the final survey."""
    query = sa.select(sa.func.count(sa.distinct(answers.c.person_id)))
    return int(db.execute(query.where(answers.c.cohort_id == cohort_id, answers.c.occasion == "evaluate")).scalar_one())


def occasion_states(db: Connection, cohort_id: str) -> dict[str, int]:
    """How many occasions are in which state."""
    return dict(sorted(_grouped(db, occasions, "state", cohort_id).items()))


def message_states(db: Connection, cohort_id: str) -> dict[str, int]:
    """How many mails are in which state."""
    return dict(sorted(_grouped(db, messages, "state", cohort_id).items()))


def queued_before(db: Connection, cohort_id: str, now: datetime) -> int:
    """How many mails of a cohort may go by now, as far as their hour is concerned."""
    mine = sa.and_(messages.c.cohort_id == cohort_id, messages.c.state == "queued", messages.c.not_before <= now)
    return int(db.execute(sa.select(sa.func.count()).where(mine)).scalar_one())


def program_faults(db: Connection, program_id: str) -> list[str]:
    """What is wrong with the newest version of a program file; empty when it was accepted."""
    found = db.execute(sa.select(programs.c.faults).where(programs.c.program_id == program_id)).scalar()
    return list(found or [])


def source_rows(db: Connection) -> list[dict[str, Any]]:
    """What is known of each roster folder, and how many cells of its newest file are in quarantine."""
    cells = sa.select(sa.func.count()).where(quarantine.c.sha256 == sources.c.sha256).scalar_subquery()
    query = sa.select(sources, cells.label("quarantined")).order_by(sources.c.source)
    return as_dicts(db.execute(query))
