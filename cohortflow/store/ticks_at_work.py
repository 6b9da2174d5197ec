"""Where a program limits the mails of a tick, none of them leaves before the tick has said how many there are."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.programs.cohorts import Cohort
from cohortflow.store.columns import NOW, among
from cohortflow.store.tables import occasions

SOON = timedelta(minutes=1)


def while_at_work(
    db: Connection, cohorts: Mapping[str, Cohort | None], rows: Iterable[Mapping[str, Any]], now: datetime
) -> dict[str, datetime]:
    """When the mails of such cohorts are asked again of which something is ready and not done.

    A delivery may run beside the tick, between two occasions of one cohort. What failed, and is tried again later,
    holds nothing up; what somebody must know at once does not wait.
    """
    limited = [row for row in rows if _is_limited(cohorts[row["cohort_id"]]) and not row["urgent"]]
    if not limited:
        return {}
    ids = sorted({row["cohort_id"] for row in limited})
    busy = set(db.execute(_BUSY, {"ids": ids, "now": now}).scalars())
    return {row["message_id"]: now + SOON for row in limited if row["cohort_id"] in busy}


def _is_limited(cohort: Cohort | None) -> bool:
    return cohort is not None and cohort.program.email.max_mails_per_tick is not None


_BUSY = (
    sa.select(occasions.c.cohort_id)
    .where(
        among(occasions.c.cohort_id),
        occasions.c.state == "pending",
        occasions.c.ready_at <= NOW,
        sa.or_(occasions.c.retry_at.is_(None), occasions.c.retry_at <= NOW),
    )
    .distinct()
)
