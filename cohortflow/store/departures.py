"""Which cohorts have people who have left the company or are on leave."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.tables import cohorts, matches, messages, participants, people
from schemas.changes import PAIRED_MATCH

GONE = ("left", "withdrawn", "completed", "declined")
BACK = "people.back"  # the occasion of what tells who was on leave of a match that was announced meanwhile
# What was called off may be told once more; a barred address, or a second time, is no reason to try again.
_WAS_TRIED = sa.or_(messages.c.state != "cancelled", messages.c.occasion == BACK)


def cohorts_with_leavers(db: Connection) -> list[str]:
    """Cohorts under way in which somebody still counts as taking part who has left the company."""
    query = (
        sa.select(sa.distinct(participants.c.cohort_id))
        .join_from(people, participants, participants.c.person_id == people.c.person_id)
        .join(cohorts, cohorts.c.cohort_id == participants.c.cohort_id)
        .where(people.c.status == "left", participants.c.state.not_in(GONE), cohorts.c.state != "closed")
    )
    return [str(cohort_id) for cohort_id in db.execute(query).scalars()]


def cohorts_with_returned(db: Connection) -> list[str]:
    """Cohorts under way in which somebody counts as having left the company who is at work there."""
    query = (
        sa.select(sa.distinct(participants.c.cohort_id))
        .join_from(people, participants, participants.c.person_id == people.c.person_id)
        .join(cohorts, cohorts.c.cohort_id == participants.c.cohort_id)
        .where(
            people.c.status == "active",
            participants.c.state == "left",
            participants.c.left_at.is_not(None),
            cohorts.c.state != "closed",
        )
    )
    return [str(cohort_id) for cohort_id in db.execute(query).scalars()]


def cohorts_with_leave(db: Connection) -> list[str]:
    """Cohorts in which somebody who is matched is on leave."""
    query = (
        sa.select(sa.distinct(participants.c.cohort_id))
        .join_from(people, participants, participants.c.person_id == people.c.person_id)
        .where(people.c.status == "on_leave", participants.c.state == "matched")
    )
    return [str(cohort_id) for cohort_id in db.execute(query).scalars()]


def told_of_matches(db: Connection, cohort_id: str) -> set[tuple[str, str]]:
    """Who has had, or may have had, a mail that speaks of which match: by person and match."""
    query = sa.select(messages.c.person_id, messages.c.match_ids).where(
        messages.c.cohort_id == cohort_id, messages.c.state.in_(("accepted", "sending", "unknown"))
    )
    return {(row.person_id, match_id) for row in db.execute(query) for match_id in row.match_ids}


def cohorts_to_introduce(db: Connection) -> list[str]:
    """Cohorts in which somebody at work has a partner, and no mail of the matching was ever to say so."""
    had = sa.select(messages.c.message_id).where(
        messages.c.person_id == people.c.person_id,
        messages.c.cohort_id == matches.c.cohort_id,
        messages.c.stage == "match",
        _WAS_TRIED,
    )
    query = (
        sa.select(sa.distinct(matches.c.cohort_id))
        .join_from(matches, people, people.c.person_id.in_((matches.c.mentee_id, matches.c.mentor_id)))
        .join(cohorts, cohorts.c.cohort_id == matches.c.cohort_id)
        .where(
            matches.c.state.in_(PAIRED_MATCH),
            people.c.status == "active",
            cohorts.c.state == "running",
            ~had.exists(),
        )
    )
    return [str(cohort_id) for cohort_id in db.execute(query).scalars()]


def announced(db: Connection, cohort_id: str) -> set[tuple[str, str, str]]:
    """Who was to get which mail about which match, and not only to be on leave: person, template, match."""
    query = sa.select(messages.c.person_id, messages.c.template, messages.c.match_ids).where(
        messages.c.cohort_id == cohort_id, _WAS_TRIED
    )
    return {(row.person_id, row.template, match_id) for row in db.execute(query) for match_id in row.match_ids}
