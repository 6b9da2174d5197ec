"""Invitations that stand in people's calendars, or may: read from the mails that carried them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.database import as_dicts
from cohortflow.store.tables import messages, participants
from schemas.invitations import Carried

# Mails in these states have reached their reader, or may have, or will.
_ALIVE = ("queued", "sending", "accepted", "delivered", "unknown")
_GONE = ("left", "withdrawn")
_TOLD = ("message_id", "occasion", "about", "person_id", "role", "match_ids", "state", "attach", "attempts")


def carried(db: Connection, cohort_id: str) -> list[Carried]:
    """Every mail that brought an invitation, a change of one or its end to somebody who still takes part."""
    rows = as_dicts(db.execute(_CARRIED, {"cohort": cohort_id}))
    return [
        Carried(
            message_id=row["message_id"],
            invitation=row["attach"].get("invitation", row["message_id"]),
            occasion=row["attach"].get("occasion", row["occasion"]),
            about=row["about"],
            person_id=row["person_id"],
            role=row["role"],
            match_ids=tuple(row["match_ids"]),
            state=row["state"],
            sequence=row["attach"].get("sequence", 0),
            method=row["attach"].get("method", "REQUEST"),
            begins_at=datetime.fromisoformat(row["attach"]["begins_at"]),
            ends_at=datetime.fromisoformat(row["attach"]["ends_at"]),
            where=row["attach"].get("where", ""),
            may_have_come=row["state"] != "queued" or row["attempts"] > 0,
        )
        for row in rows
        if "begins_at" in row["attach"]
    ]


# The database looks into the JSON: a mail without an attachment holds a null of JSON there, which is no NULL of SQL.
_CARRIED = (
    sa.select(*(messages.c[name] for name in _TOLD))
    .join(
        participants,
        sa.and_(participants.c.cohort_id == messages.c.cohort_id, participants.c.person_id == messages.c.person_id),
    )
    .where(
        messages.c.cohort_id == sa.bindparam("cohort", type_=sa.Text),
        messages.c.attach["kind"].as_string() == "calendar",
        messages.c.state.in_(_ALIVE),
        participants.c.state.not_in(_GONE),
    )
    .order_by(messages.c.message_id)
)
