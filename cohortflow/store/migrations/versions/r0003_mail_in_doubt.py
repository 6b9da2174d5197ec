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
    op.drop_table("mail_breakers")
    op.drop_column("messages", "unknown_at")
    op.drop_column("messages", "failures")
