"""Mails that have left: what a demonstration's robots answer to."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store.tables import messages


def posted_ids(db: Connection) -> list[str]:
    """The ids of the mails that left, the oldest first."""
    query = sa.select(messages.c.message_id).where(messages.c.sent_at.is_not(None))
    return [str(each) for each in db.execute(query.order_by(messages.c.sent_at, messages.c.message_id)).scalars()]
