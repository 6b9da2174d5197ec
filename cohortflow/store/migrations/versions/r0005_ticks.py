"""how many ticks have ended well, so that watchers get one count from all workers"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("instance", sa.Column("ticks", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("instance", "ticks")
