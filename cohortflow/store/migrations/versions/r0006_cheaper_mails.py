"""what every written mail pays for: its state is checked by comparisons, and no index is kept that another one contains

For a list of states SQLite builds a table anew for each row; PostgreSQL adds each changed row to every index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME = "ck_messages_state"
AS_LIST = (
    "state in ('queued', 'sending', 'accepted', 'delivered', 'bounced', 'refused', 'suppressed', 'expired',"
    " 'cancelled', 'unknown')"
)
AS_COMPARISONS = (
    "state = 'queued' or state = 'sending' or state = 'accepted' or state = 'delivered' or state = 'bounced'"
    " or state = 'refused' or state = 'suppressed' or state = 'expired' or state = 'cancelled' or state = 'unknown'"
)


def upgrade() -> None:
    _say(AS_LIST, AS_COMPARISONS)
    op.drop_index("ix_messages_cohort", "messages")  # the key that no mail has twice begins with the cohort


def downgrade() -> None:
    op.create_index("ix_messages_cohort", "messages", ["cohort_id"])
    _say(AS_COMPARISONS, AS_LIST)


def _say(before: str, after: str) -> None:
    """Word the check anew: it means the same, so that no row has to be looked at or moved."""
    db = op.get_bind()
    if db.dialect.name != "sqlite":
        op.drop_constraint(NAME, "messages", type_="check")
        op.create_check_constraint(NAME, "messages", after)
        return
    # SQLite's own way for a change that leaves the rows as they are: https://www.sqlite.org/lang_altertable.html
    version = db.execute(sa.text("pragma schema_version")).scalar_one()
    db.execute(sa.text("pragma writable_schema = on"))
    reworded = sa.text("update sqlite_master set sql = replace(sql, :before, :after) where name = 'messages'")
    db.execute(reworded, {"before": before, "after": after})
    db.execute(sa.text(f"pragma schema_version = {version + 1}"))
    db.execute(sa.text("pragma writable_schema = off"))
