"""The mail ledger's tables: ids, states and instants; the address stays in `people`, and here is a keyed hash of it."""

import sqlalchemy as sa

from cohortflow.store.columns import at, integer, metadata, text

STATES = (
    "queued", "sending", "accepted", "delivered", "bounced", "refused", "suppressed", "expired", "cancelled", "unknown",
)  # fmt: skip

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("cohort_id", sa.Text, sa.ForeignKey("cohorts.cohort_id"), nullable=False),
    text("occasion"),
    text("stage"),
    text("template"),
    text("person_id"),
    text("about", default="-"),
    text("role"),
    text("language"),
    text("mail_class"),
    sa.Column("match_ids", sa.JSON, nullable=False),
    sa.Column("asks", sa.JSON, nullable=False),
    sa.Column("unless_answered", sa.Boolean, nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("deadline_on", sa.Date, nullable=True),
    sa.Column("attach", sa.JSON, nullable=True),
    integer("n"),
    at("due_at", null=False),
    at("not_before", null=False),
    at("expires_at"),
    at("queued_at", null=False),
    text("state"),
    text("reason", null=True),
    at("sent_at"),
    text("lease_owner", null=True),
    sa.Column("lease_until", sa.Float, nullable=True),
    integer("fence"),
    integer("attempts"),
    at("retry_at"),
    text("config_hash"),
    text("texts_hash"),
    integer("failures"),
    at("unknown_at"),
    sa.UniqueConstraint("cohort_id", "occasion", "template", "person_id", "about"),
    # For a list of them, SQLite builds a table anew for every row that is written.
    sa.CheckConstraint(" or ".join(f"state = '{state}'" for state in STATES), name="ck_messages_state"),
    sa.Index(
        "ix_messages_queued",
        "not_before",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    ),
    sa.Index(
        "ix_messages_in_doubt",
        "lease_until",
        sqlite_where=sa.text("state in ('sending', 'unknown')"),
        postgresql_where=sa.text("state in ('sending', 'unknown')"),
    ),
    sa.Index("ix_messages_person", "person_id"),
)

message_attempts = sa.Table(
    "message_attempts",
    metadata,
    sa.Column("message_id", sa.Text, sa.ForeignKey("messages.message_id"), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    text("actor"),
    at("started_at", null=False),
    at("ended_at"),
    text("outcome", null=True),
    text("code", null=True),
    text("way", null=True),
    text("address_hash", null=True),
)

suppressions = sa.Table(
    "suppressions",
    metadata,
    sa.Column("address_hash", sa.Text, primary_key=True),
    text("reason"),
    at("since", null=False),
)

# A transport that was turned away as a whole stops for every worker, until its key is another or a person says so.
mail_breakers = sa.Table(
    "mail_breakers",
    metadata,
    sa.Column("transport", sa.Text, primary_key=True),
    sa.Column("mark", sa.Text, primary_key=True),
    text("code"),
    at("tripped_at", null=False),
    text("tripped_by"),
    at("closed_at"),
    text("closed_by", null=True),
)
