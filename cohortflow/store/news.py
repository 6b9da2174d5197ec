"""What an operator should hear of since the last tick: cohorts that are new or held, mails that have gone twice."""

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


def repeated_since(db: Connection, since: datetime | None) -> dict[str, int]:
    """How many mails their provider has taken a second time after an instant, by cohort."""
    query = sa.select(events.c.chain, events.c.counts).where(events.c.kind == "mail.repeated").order_by(events.c.chain)
    if since is not None:
        query = query.where(events.c.at > since)
    found: dict[str, int] = {}
    for chain, counts in db.execute(query).tuples():
        found[chain] = found.get(chain, 0) + int(counts["mails"])
    return found
