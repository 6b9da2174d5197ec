"""How the whole installation is, in a few numbers: what watchers ask for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store import breakers, instances, messages, places, settling
from cohortflow.store.tables import cohorts, occasions


@dataclass(frozen=True)
class Pulse:
    """Counts and ages at one instant; an age is None where there is nothing of that kind."""

    ticks: int
    last_tick_at: datetime | None
    tick_age: timedelta | None
    due: int
    occasions: dict[str, int]
    failing: int
    cohorts: dict[str, int]
    held_by_roster: int
    mails: dict[str, int]
    oldest_due: timedelta | None
    oldest_unknown: timedelta | None
    sending_hold: str | None  # why no mail leaves at all
    turned_away: int  # transports whose key or host the provider turned away


def read_pulse(db: Connection, now: datetime) -> Pulse:
    """Everything at once; a few scans, made for being asked every minute and not more often."""
    last = instances.last_tick(db)
    ready = sa.and_(occasions.c.state == "pending", occasions.c.ready_at <= now)
    due, oldest = db.execute(sa.select(sa.func.count(), sa.func.min(occasions.c.ready_at)).where(ready)).one()
    failing = sa.select(sa.func.count()).where(occasions.c.state == "pending", occasions.c.last_error.is_not(None))
    held = sa.select(sa.func.count()).where(cohorts.c.roster_hold.is_not(None), cohorts.c.state != "closed")
    unknown = min((at for _, at in unknown_mails(db)), default=None)
    return Pulse(
        ticks=instances.ticks(db),
        last_tick_at=last,
        tick_age=now - last if last else None,
        due=int(due),
        occasions=_by_state(db, occasions),
        failing=int(db.execute(failing).scalar_one()),
        cohorts=_by_state(db, cohorts),
        held_by_roster=int(db.execute(held).scalar_one()),
        mails=messages.counts(db),
        oldest_due=now - oldest if oldest else None,
        oldest_unknown=now - unknown if unknown else None,
        sending_hold=places.sending_hold(db),
        turned_away=len(breakers.open_breakers(db)),
    )


def unknown_mails(db: Connection) -> list[tuple[str, datetime]]:
    """The mails of which nobody knows whether they left: the cohort, and since when."""
    rows = settling.unknown_mails(db)
    known = [(str(row["cohort_id"]), row["unknown_at"] or row["tried_at"]) for row in rows]
    return [(cohort_id, at) for cohort_id, at in known if at is not None]


def _by_state(db: Connection, table: sa.Table) -> dict[str, int]:
    query = sa.select(table.c.state, sa.func.count()).group_by(table.c.state).order_by(table.c.state)
    return {str(state): int(count) for state, count in db.execute(query).tuples()}
