"""by which way each attempt to send a mail was made, so that only the same one is asked what became of it"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message_attempts", sa.Column("way", sa.Text(), nullable=True))
    op.add_column("instance", sa.Column("mail_way", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("instance", "mail_way")
    op.drop_column("message_attempts", "way")
