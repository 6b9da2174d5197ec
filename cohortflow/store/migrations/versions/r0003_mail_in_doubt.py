"""since when a mail is unknown, how often it failed by itself, and transports that stopped themselves"""

import sqlalchemy as sa
from alembic import op

from cohortflow.store.tables import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
    op.add_column("messages", sa.Column("unknown_at", Instant(), nullable=True))
    op.execute("update messages set failures = attempts where state = 'queued'")
    op.create_table(
        "mail_breakers",
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("tripped_at", Instant(), nullable=False),
        sa.Column("tripped_by", sa.Text(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("transport", "mark", name="pk_mail_breakers"),
    )


def downgrade() -> None:
    told = op.get_bind()
    if told.execute(sa.text("select count(*) from mail_breakers where closed_at is null")).scalar_one():
        raise RuntimeError("a mail transport is stopped, and the older schema would go on sending; settle it first")
    if told.execute(sa.text("select count(*) from messages where state = 'unknown'")).scalar_one():
        raise RuntimeError("mails are in doubt, and the older schema forgets since when; settle them first")
    op.drop_table("mail_breakers")
    op.drop_column("messages", "unknown_at")
    op.drop_column("messages", "failures")
