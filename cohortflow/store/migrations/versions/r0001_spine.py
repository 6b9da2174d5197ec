"""the spine: every table of the first version"""

import sqlalchemy as sa
from alembic import op

from cohortflow.store.tables import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bundles",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("accepted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_bundles"),
    )
    op.create_table(
        "cohorts",
        sa.Column("cohort_id", sa.Text(), nullable=False),
        sa.Column("program_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held_reason", sa.Text(), nullable=True),
        sa.Column("roster_hold", sa.Text(), nullable=True),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("line", sa.JSON(), nullable=False),
        sa.Column("refused_line", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("begun_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.CheckConstraint("state in ('declared', 'held', 'running', 'closed')", name="ck_cohorts_state"),
        sa.PrimaryKeyConstraint("cohort_id", name="pk_cohorts"),
    )
    op.create_table(
        "events",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq", name="pk_events"),
    )
    op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("clock_base", Instant(), nullable=True),
        sa.Column("clock_started", Instant(), nullable=True),
        sa.Column("clock_rate", sa.Float(), server_default="1", nullable=False),
        sa.Column("last_tick_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_instance"),
    )
    op.create_table(
        "intakes",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("file_on", sa.Date(), nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("accepted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quarantined", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_intakes"),
    )
    op.create_table(
        "people",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("more", sa.JSON(), nullable=False),
        sa.Column("sensitive", sa.JSON(), nullable=False),
        sa.Column("row_hash", sa.Text(), nullable=False),
        sa.Column("updated_on", sa.Date(), nullable=False),
        sa.Column("missing_since", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("person_id", name="pk_people"),
    )
    op.create_index("ix_people_email", "people", ["email"], unique=False)
    op.create_index("ix_people_status", "people", ["status"], unique=False)
    op.create_table(
        "programs",
        sa.Column("program_id", sa.Text(), nullable=False),
        sa.Column("accepted_hash", sa.Text(), nullable=True),
        sa.Column("seen_hash", sa.Text(), nullable=True),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("told_hash", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("program_id", name="pk_programs"),
    )
    op.create_table(
        "quarantine",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", "row", "column", name="pk_quarantine"),
    )
    op.create_table(
        "sources",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("file_on", sa.Date(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("told", sa.Text(), nullable=True),
        sa.Column("checked_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_sources"),
    )
    op.create_table(
        "suppressions",
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name="pk_suppressions"),
    )
    op.create_table(
        "answers",
        sa.Column("answer_id", sa.Text(), nullable=False),
        sa.Column("cohort_id", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), server_default="-", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohorts.cohort_id"],
        ),
        sa.PrimaryKeyConstraint("answer_id", name="pk_answers"),
        sa.UniqueConstraint(
            "cohort_id",
            "occasion",
            "form",
            "person_id",
            "about",
            "revision",
            name="uq_answers_cohort_id_occasion_form_person_id_about_revision",
        ),
    )
    op.create_table(
        "matches",
        sa.Column("match_id", sa.Text(), nullable=False),
        sa.Column("cohort_id", sa.Text(), nullable=False),
        sa.Column("mentee_id", sa.Text(), nullable=False),
        sa.Column("mentor_id", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("proposed_at", Instant(), nullable=True),
        sa.Column("approved_at", Instant(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("mentee_accepted_at", Instant(), nullable=True),
        sa.Column("mentor_accepted_at", Instant(), nullable=True),
        sa.Column("active_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("at_risk_since", Instant(), nullable=True),
        sa.CheckConstraint("mentee_id <> mentor_id", name="ck_matches_two_people"),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohorts.cohort_id"],
        ),
        sa.PrimaryKeyConstraint("match_id", name="pk_matches"),
    )
    op.create_index("ix_matches_cohort", "matches", ["cohort_id"], unique=False)
    op.create_index("ix_matches_mentor", "matches", ["mentor_id"], unique=False)
    op.create_index(
        "ix_matches_one_live",
        "matches",
        ["cohort_id", "mentee_id"],
        unique=True,
        sqlite_where=sa.text("state in ('proposed', 'approved', 'accepted', 'active')"),
        postgresql_where=sa.text("state in ('proposed', 'approved', 'accepted', 'active')"),
    )
    op.create_table(
        "messages",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("cohort_id", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), server_default="-", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("mail_class", sa.Text(), nullable=False),
        sa.Column("match_ids", sa.JSON(), nullable=False),
        sa.Column("asks", sa.JSON(), nullable=False),
        sa.Column("unless_answered", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("deadline_on", sa.Date(), nullable=True),
        sa.Column("attach", sa.JSON(), nullable=True),
        sa.Column("n", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("queued_at", Instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", Instant(), nullable=True),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("texts_hash", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'accepted', 'delivered', 'bounced', 'refused', 'suppressed', 'expired', 'cancelled', 'unknown')",
            name="ck_messages_state",
        ),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohorts.cohort_id"],
        ),
        sa.PrimaryKeyConstraint("message_id", name="pk_messages"),
        sa.UniqueConstraint(
            "cohort_id",
            "occasion",
            "template",
            "person_id",
            "about",
            name="uq_messages_cohort_id_occasion_template_person_id_about",
        ),
    )
    op.create_index("ix_messages_cohort", "messages", ["cohort_id"], unique=False)
    op.create_index(
        "ix_messages_in_doubt",
        "messages",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state in ('sending', 'unknown')"),
        postgresql_where=sa.text("state in ('sending', 'unknown')"),
    )
    op.create_index(
        "ix_messages_queued",
        "messages",
        ["not_before"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "occasions",
        sa.Column("occasion_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("cohort_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), server_default="-", nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("ends_at", Instant(), nullable=True),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("ready_at", Instant(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", Instant(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.CheckConstraint("state in ('pending', 'done', 'skipped', 'cancelled')", name="ck_occasions_state"),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohorts.cohort_id"],
        ),
        sa.PrimaryKeyConstraint("occasion_id", name="pk_occasions"),
        sa.UniqueConstraint("cohort_id", "key", "about", name="uq_occasions_cohort_id_key_about"),
    )
    op.create_index(
        "ix_occasions_ready",
        "occasions",
        ["ready_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending' and ready_at is not null"),
        postgresql_where=sa.text("state = 'pending' and ready_at is not null"),
    )
    op.create_table(
        "participants",
        sa.Column("cohort_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("may_be", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), server_default="1", nullable=False),
        sa.Column("place", sa.Integer(), server_default="0", nullable=False),
        sa.Column("applied_at", Instant(), nullable=True),
        sa.Column("consent_at", Instant(), nullable=True),
        sa.Column("left_at", Instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("rematches", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort_id"],
            ["cohorts.cohort_id"],
        ),
        sa.PrimaryKeyConstraint("cohort_id", "person_id", name="pk_participants"),
    )
    op.create_index("ix_participants_person", "participants", ["person_id"], unique=False)
    op.create_table(
        "message_attempts",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.message_id"],
        ),
        sa.PrimaryKeyConstraint("message_id", "attempt", name="pk_message_attempts"),
    )


def downgrade() -> None:
    raise RuntimeError("the first schema has nothing before it; restore a backup instead")
