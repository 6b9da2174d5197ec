"""what the mail provider tells, who wants no more mail, and where this installation lives"""

import sqlalchemy as sa
from alembic import op

from cohortflow.store.tables import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_events",
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("event_key", name="pk_provider_events"),
    )
    op.create_index("ix_provider_events_message", "provider_events", ["message_id"])
    op.create_table(
        "provider_tallies",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("what", name="pk_provider_tallies"),
    )
    op.create_table(
        "opt_outs",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "scope", name="pk_opt_outs"),
    )
    op.create_index("ix_messages_person", "messages", ["person_id"])
    op.add_column("instance", sa.Column("place", sa.Text(), nullable=True))
    op.add_column("instance", sa.Column("sending_hold", sa.Text(), nullable=True))


def downgrade() -> None:
    told = op.get_bind()
    if told.execute(sa.text("select count(*) from opt_outs")).scalar_one():
        raise RuntimeError("people have refused mail, and the older schema cannot remember it; stay on this version")
    if told.execute(sa.text("select count(*) from instance where sending_hold is not null")).scalar_one():
        raise RuntimeError("sending waits for a confirmation, and the older schema would not wait; confirm it first")
    if told.execute(sa.text("select count(*) from provider_events")).scalar_one():
        raise RuntimeError(
            "the provider has told what became of mails; the older schema forgets it; stay on this version"
        )
    op.drop_column("instance", "sending_hold")
    op.drop_column("instance", "place")
    op.drop_index("ix_messages_person", "messages")
    op.drop_table("opt_outs")
    op.drop_table("provider_tallies")
    op.drop_index("ix_provider_events_message", "provider_events")
    op.drop_table("provider_events")
