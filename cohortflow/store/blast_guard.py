"""The blast guard: more mails at once than anybody foresaw are a mistake until a person says otherwise.

Asked in the transaction that queues them, so that not one of these has left before somebody has looked.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.forecast import sizes_of
from cohortflow.store import cohorts, events, frames
from cohortflow.store.tables import messages, participants
from schemas.changes import Intent, Note

# So many times what the plan foresees at its high end, and a few, for what a forecast cannot know.
MARGIN, SPARE = 2, 20
ACTOR = "guard"


def hold_if_too_many(db: Connection, cohort_id: str, new: Sequence[Mapping[str, Any]], now: datetime) -> Intent | None:
    """Hold a cohort that has just queued more mails than was foreseen; they stay queued until it is resumed.

    Args:
        new: the rows just queued. What the owner, approvers or the sponsor are to know at once is never too much.

    Returns:
        The mail that tells the owner, when the cohort was held just now.
    """
    mails = [row for row in new if not row["urgent"]]
    row = cohorts.read_row(db, cohort_id) if mails else None
    if row is None or row.state == "held":
        return None
    cohort = frames.load_cohort(db, row)
    found = _too_many(db, cohort, mails, now)
    if found is None:
        return None
    count, allowed = found
    gone = int(db.execute(_GONE_ALREADY, {"cohort_id": cohort.id, "now": now}).scalar_one())
    kept = f"{gone} of them had left by then, and no other is" if gone else "none of them is"
    reason = (
        f"{count} mails were made ready at once, where {allowed} are the most that was foreseen; "
        f"{kept} sent until somebody has looked and resumes the cohort"
    )
    number = events.count(db, cohort_id, "mail.guarded") + 1
    cohorts.hold(db, cohort_id, reason, now=now, actor=ACTOR)
    events.append(
        db, cohort_id, [Note("mail.guarded", counts={"mails": count, "foreseen": allowed})], at=now, actor=ACTOR
    )
    return _to_owner(cohort, number, now)


def foreseen(cohort: Cohort, stage: str, applied: int) -> int:
    """How many mails of one text may go at once: from the plan's high end, or from how many have really applied."""
    sizes = sizes_of(cohort)
    most = sizes.eligible.high if stage == "recruit" else max(sizes.applicants.high, applied)
    return ceil(MARGIN * most) + SPARE


def _too_many(db: Connection, cohort: Cohort, mails: list[Mapping[str, Any]], now: datetime) -> tuple[int, int] | None:
    """How many there are and how many may be, where there are too many."""
    if limit := cohort.program.email.max_mails_per_tick:
        total = int(db.execute(_OF_THIS_TICK, {"cohort_id": cohort.id, "now": now}).scalar_one())
        if total > limit:
            return total, limit
    applied = -1
    for (stage, _, _), count in Counter((row["stage"], row["occasion"], row["template"]) for row in mails).items():
        if count <= foreseen(cohort, stage, 0):
            continue
        applied = applied if applied >= 0 else int(db.execute(_APPLIED, {"cohort_id": cohort.id}).scalar_one())
        if count > (allowed := foreseen(cohort, stage, applied)):
            return count, allowed
    return None


_OF_THIS_TICK = sa.select(sa.func.count()).where(
    messages.c.cohort_id == sa.bindparam("cohort_id"),
    messages.c.queued_at == sa.bindparam("now", type_=messages.c.queued_at.type),
    sa.not_(messages.c.urgent),
)
# A tick queues the mails of its occasions one after the other, and a delivery may run beside it.
_GONE_ALREADY = _OF_THIS_TICK.where(messages.c.state != "queued")
_APPLIED = sa.select(sa.func.count()).where(
    participants.c.cohort_id == sa.bindparam("cohort_id"), participants.c.applied_at.is_not(None)
)


def _to_owner(cohort: Cohort, number: int, now: datetime) -> Intent:
    return Intent(
        occasion=f"guard.held#{number}",
        stage="program",
        template="cohort_held",
        person_id="role:owner",
        role="owner",
        language=cohort.program.email.languages[0],
        mail_class="service",
        due_at=now,
        not_before=now,
        urgent=True,
    )
