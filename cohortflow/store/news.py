"""What an operator should hear of: cohorts that are new, and cohorts held since the last tick."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.tables import cohorts, events

HELD = ("cohort.held", "roster.held")


def seen_since(db: Connection, since: datetime | None) -> list[str]:
    """The cohorts first seen after an instant; all of them, where there is none."""
    query = sa.select(cohorts.c.cohort_id).order_by(cohorts.c.cohort_id)
    if since is not None:
        query = query.where(cohorts.c.first_seen_at > since)
    return [str(cohort_id) for cohort_id in db.execute(query).scalars()]


def held_since(db: Connection, since: datetime | None) -> list[str]:
    """The cohorts that are held, by hand or by their roster, and were not before that instant."""
    is_held = sa.or_(cohorts.c.state == "held", cohorts.c.roster_hold.is_not(None))
    last = (
        sa.select(sa.func.max(events.c.at))
        .where(events.c.chain == cohorts.c.cohort_id, events.c.kind.in_(HELD))
        .scalar_subquery()
    )
    query = sa.select(cohorts.c.cohort_id).where(is_held, cohorts.c.state != "closed")
    if since is not None:
        query = query.where(last > since)
    return [str(cohort_id) for cohort_id in db.execute(query.order_by(cohorts.c.cohort_id)).scalars()]
