"""to which address each attempt to send a mail went, as a keyed hash, for the address may be another by the time we hear"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message_attempts", sa.Column("address_hash", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("message_attempts", "address_hash")
