"""How many mails one person may get, across all cohorts: counted in the claim, where no two workers are the last.

Mails that are due to a person always go, and count; reminders and what can be refused wait until the limit allows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.programs.cohorts import Cohort
from cohortflow.store.columns import among
from cohortflow.store.tables import Instant, message_attempts, messages
from schemas.phrases import AtMost


@dataclass(frozen=True)
class Limits:
    """The mails above the limit: those that may go later, and those that would be too late by then, with the reason."""

    later: dict[str, datetime] = field(default_factory=dict)
    expired: dict[str, str] = field(default_factory=dict)


def over_the_limit(
    db: Connection, rows: list[dict[str, Any]], cohorts: Mapping[str, Cohort | None], now: datetime
) -> Limits:
    """Which of these mails their readers' limits keep from going now; those before in the list come first."""
    capped = [row for row in rows if row["mail_class"] != "service" and not row["person_id"].startswith("role:")]
    limits = Limits()
    if not capped:
        return limits
    allowed = _limits_of(cohorts, {row["cohort_id"] for row in capped})
    longest = timedelta(days=max((limit.days for limit in allowed.values()), default=1))
    ids = sorted({row["person_id"] for row in capped})
    got = _got(db, ids, now - longest)
    for row in rows:
        if row["mail_class"] == "service":
            got[row["person_id"]].append(now)
    for row in capped:
        at = free_at(got[row["person_id"]], allowed[row["cohort_id"]], now)
        if at <= now:
            got[row["person_id"]].append(now)
        elif row["expires_at"] is not None and at >= row["expires_at"]:
            limits.expired[row["message_id"]] = _reason(allowed[row["cohort_id"]])
        else:
            limits.later[row["message_id"]] = at
    return limits


def free_at(got: Iterable[datetime], limit: AtMost, now: datetime) -> datetime:
    """The first instant at which one more mail keeps within the limit."""
    span = timedelta(days=limit.days)
    recent = sorted(at for at in got if at > now - span)
    return now if len(recent) < limit.count else recent[-limit.count] + span


def _reason(limit: AtMost) -> str:
    mails = "1 mail" if limit.count == 1 else f"{limit.count} mails"
    span = "a day" if limit.days == 1 else f"{limit.days} days"
    return f"the reader gets at most {mails} in {span}, and after that it would be of no use"


def _limits_of(cohorts: Mapping[str, Cohort | None], cohort_ids: set[str]) -> dict[str, AtMost]:
    found = {cohort_id: cohorts[cohort_id] for cohort_id in sorted(cohort_ids)}
    return {name: cohort.program.email.at_most for name, cohort in found.items() if cohort}


def _got(db: Connection, ids: list[str], since: datetime) -> dict[str, list[datetime]]:
    """When each person was last written to; a mail whose fate is unknown counts, since it may have arrived."""
    if db.engine.dialect.name != "sqlite":
        # Another worker that writes to the same people waits here; SQLite has only one writer anyway.
        db.execute(_ALONE, {"ids": ids})
    found: dict[str, list[datetime]] = defaultdict(list)
    for row in db.execute(_GOT, {"ids": ids, "since": since}).all():
        found[row.person_id].append(row.at)
    return found


_ALONE = sa.text(
    "select pg_advisory_xact_lock(727010, hash) from "
    "(select distinct hashtext(id) as hash from unnest(cast(:ids as text[])) as id order by 1) as readers"
)
_AT = sa.func.coalesce(messages.c.sent_at, message_attempts.c.started_at, type_=Instant)
_GOT = (
    sa.select(messages.c.person_id, _AT.label("at"))
    .select_from(
        sa.outerjoin(
            messages,
            message_attempts,
            sa.and_(
                message_attempts.c.message_id == messages.c.message_id,
                message_attempts.c.attempt == messages.c.attempts,
            ),
        )
    )
    .where(
        among(messages.c.person_id),
        messages.c.state.in_(("sending", "unknown", "accepted", "delivered", "bounced")),
        sa.bindparam("since", type_=Instant) < _AT,
    )
)
