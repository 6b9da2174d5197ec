"""edits of running cohorts that wait for an approver"""

import sqlalchemy as sa
from alembic import op

from cohortflow.store.tables import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_edits",
        sa.Column("cohort_id", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("line", sa.JSON(), nullable=False),
        sa.Column("consequences", sa.JSON(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohorts.cohort_id"]),
        sa.PrimaryKeyConstraint("cohort_id", name="pk_waiting_edits"),
    )


def downgrade() -> None:
    if op.get_bind().execute(sa.text("select count(*) from waiting_edits")).scalar_one():
        raise RuntimeError("edits wait for an approver, and the older schema cannot hold them; settle them first")
    op.drop_table("waiting_edits")
