"""The tables. Personal data lives in `people`, `answers` and `quarantine` only; every other row holds ids.

Instants are UTC. `about` is a match, an episode or an answer's revision, else "-".
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, on SQLite too (which knows no zones)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """An instant on its way in; a naive one is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the store; pass an aware one")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """An instant on its way out, aware whatever the database keeps."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Statements that are the same but for the instant are built once, with this in its place.
NOW = sa.bindparam("now", type_=Instant)

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(column_0_N_label)s",
    }
)


def _text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null, server_default=default)


def _at(name: str, *, null: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, Instant, nullable=null)


def _int(name: str, default: int = 0) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=str(default))


instance = sa.Table(
    "instance",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _text("instance_id"),
    _text("secret"),
    _at("clock_base", null=True),
    _at("clock_started", null=True),
    sa.Column("clock_rate", sa.Float, nullable=False, server_default="1"),
    _at("last_tick_at"),
)

bundles = sa.Table(
    "bundles",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    _text("kind"),
    sa.Column("texts", sa.JSON, nullable=False),
    _at("accepted_at", null=False),
)

programs = sa.Table(
    "programs",
    metadata,
    sa.Column("program_id", sa.Text, primary_key=True),
    _text("accepted_hash", null=True),
    _text("seen_hash", null=True),
    sa.Column("faults", sa.JSON, nullable=False),
    _text("told_hash", null=True),
    _text("source", null=True),
    _at("seen_at", null=False),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    _text("file", null=True),
    sa.Column("file_on", sa.Date, nullable=True),
    _text("sha256", null=True),
    _int("rows"),
    _text("state"),
    _text("reason", null=True),
    _text("told", null=True),
    _at("checked_at", null=False),
)

cohorts = sa.Table(
    "cohorts",
    metadata,
    sa.Column("cohort_id", sa.Text, primary_key=True),
    _text("program_id"),
    _text("key"),
    _text("state"),
    _text("held_reason", null=True),
    _text("roster_hold", null=True),
    _text("config_hash"),
    sa.Column("line", sa.JSON, nullable=False),
    _text("refused_line", null=True),
    _int("version"),
    _at("first_seen_at", null=False),
    _at("begun_at"),
    _at("closed_at"),
    sa.CheckConstraint("state in ('declared', 'held', 'running', 'closed')", name="ck_cohorts_state"),
)

waiting_edits = sa.Table(
    "waiting_edits",
    metadata,
    sa.Column("cohort_id", sa.Text, sa.ForeignKey("cohorts.cohort_id"), primary_key=True),
    _text("mark"),
    sa.Column("line", sa.JSON, nullable=False),
    sa.Column("consequences", sa.JSON, nullable=False),
    _at("seen_at", null=False),
)

occasions = sa.Table(
    "occasions",
    metadata,
    sa.Column("occasion_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("cohort_id", sa.Text, sa.ForeignKey("cohorts.cohort_id"), nullable=False),
    _text("key"),
    _text("about", default="-"),
    _text("stage"),
    _text("kind"),
    _text("action"),
    _int("place"),
    sa.Column("due_on", sa.Date, nullable=True),
    _at("due_at"),
    _at("ends_at"),
    _text("waits_for", null=True),
    sa.Column("details", sa.JSON, nullable=False),
    _at("ready_at"),
    _text("state"),
    _text("reason", null=True),
    _at("done_at"),
    _text("lease_owner", null=True),
    sa.Column("lease_until", sa.Float, nullable=True),
    _int("fence"),
    _int("attempts"),
    _at("retry_at"),
    _text("last_error", null=True),
    _text("config_hash"),
    sa.UniqueConstraint("cohort_id", "key", "about"),
    sa.CheckConstraint("state in ('pending', 'done', 'skipped', 'cancelled')", name="ck_occasions_state"),
    sa.Index(
        "ix_occasions_ready",
        "ready_at",
        sqlite_where=sa.text("state = 'pending' and ready_at is not null"),
        postgresql_where=sa.text("state = 'pending' and ready_at is not null"),
    ),
)

people = sa.Table(
    "people",
    metadata,
    sa.Column("person_id", sa.Text, primary_key=True),
    _text("source"),
    _text("email"),
    _text("name"),
    _text("manager_id"),
    _text("department"),
    _text("title"),
    _text("level"),
    _text("site"),
    sa.Column("joined_on", sa.Date, nullable=True),
    _text("languages"),
    _text("status"),
    sa.Column("more", sa.JSON, nullable=False),
    sa.Column("sensitive", sa.JSON, nullable=False),
    _text("row_hash"),
    sa.Column("updated_on", sa.Date, nullable=False),
    sa.Column("missing_since", sa.Date, nullable=True),
    sa.Index("ix_people_email", "email"),
    sa.Index("ix_people_status", "status"),
)

participants = sa.Table(
    "participants",
    metadata,
    sa.Column("cohort_id", sa.Text, sa.ForeignKey("cohorts.cohort_id"), primary_key=True),
    sa.Column("person_id", sa.Text, primary_key=True),
    _text("role"),
    _text("may_be"),
    _text("state"),
    _int("capacity", 1),
    _int("place"),
    _at("applied_at"),
    _at("consent_at"),
    _at("left_at"),
    _text("reason", null=True),
    _int("rematches"),
    sa.Index("ix_participants_person", "person_id"),
)

matches = sa.Table(
    "matches",
    metadata,
    sa.Column("match_id", sa.Text, primary_key=True),
    sa.Column("cohort_id", sa.Text, sa.ForeignKey("cohorts.cohort_id"), nullable=False),
    _text("mentee_id"),
    _text("mentor_id"),
    _int("score"),
    sa.Column("reasons", sa.JSON, nullable=False),
    _text("state"),
    _int("round", 1),
    _text("replaces", null=True),
    _at("proposed_at"),
    _at("approved_at"),
    _text("approved_by", null=True),
    _at("mentee_accepted_at"),
    _at("mentor_accepted_at"),
    _at("active_at"),
    _at("ended_at"),
    _text("end_reason", null=True),
    _at("at_risk_since"),
    sa.Index("ix_matches_cohort", "cohort_id"),
    sa.Index("ix_matches_mentor", "mentor_id"),
    sa.Index(
        "ix_matches_one_live",
        "cohort_id",
        "mentee_id",
        unique=True,
        sqlite_where=sa.text("state in ('proposed', 'approved', 'accepted', 'active')"),
        postgresql_where=sa.text("state in ('proposed', 'approved', 'accepted', 'active')"),
    ),
    sa.CheckConstraint("mentee_id <> mentor_id", name="ck_matches_two_people"),
)

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("answer_id", sa.Text, primary_key=True),
    sa.Column("cohort_id", sa.Text, sa.ForeignKey("cohorts.cohort_id"), nullable=False),
    _text("occasion"),
    _text("form"),
    _text("person_id"),
    _text("about", default="-"),
    _int("revision", 1),
    sa.Column("is_current", sa.Boolean, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    _at("answered_at", null=False),
    _text("via"),
    sa.UniqueConstraint("cohort_id", "occasion", "form", "person_id", "about", "revision"),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("cohort_id", sa.Text, sa.ForeignKey("cohorts.cohort_id"), nullable=False),
    _text("occasion"),
    _text("stage"),
    _text("template"),
    _text("person_id"),
    _text("about", default="-"),
    _text("role"),
    _text("language"),
    _text("mail_class"),
    sa.Column("match_ids", sa.JSON, nullable=False),
    sa.Column("asks", sa.JSON, nullable=False),
    sa.Column("unless_answered", sa.Boolean, nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("deadline_on", sa.Date, nullable=True),
    sa.Column("attach", sa.JSON, nullable=True),
    _int("n"),
    _at("due_at", null=False),
    _at("not_before", null=False),
    _at("expires_at"),
    _at("queued_at", null=False),
    _text("state"),
    _text("reason", null=True),
    _at("sent_at"),
    _text("lease_owner", null=True),
    sa.Column("lease_until", sa.Float, nullable=True),
    _int("fence"),
    _int("attempts"),
    _at("retry_at"),
    _text("config_hash"),
    _text("texts_hash"),
    sa.UniqueConstraint("cohort_id", "occasion", "template", "person_id", "about"),
    sa.CheckConstraint(
        "state in ('queued', 'sending', 'accepted', 'delivered', 'bounced', 'refused', 'suppressed', 'expired',"
        " 'cancelled', 'unknown')",
        name="ck_messages_state",
    ),
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
    sa.Index("ix_messages_cohort", "cohort_id"),
)

message_attempts = sa.Table(
    "message_attempts",
    metadata,
    sa.Column("message_id", sa.Text, sa.ForeignKey("messages.message_id"), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    _text("actor"),
    _at("started_at", null=False),
    _at("ended_at"),
    _text("outcome", null=True),
    _text("code", null=True),
)

suppressions = sa.Table(
    "suppressions",
    metadata,
    sa.Column("address_hash", sa.Text, primary_key=True),
    _text("reason"),
    _at("since", null=False),
)

intakes = sa.Table(
    "intakes",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    _text("source"),
    _text("file"),
    sa.Column("file_on", sa.Date, nullable=False),
    _at("taken_at", null=False),
    _int("rows"),
    _int("accepted"),
    _int("unchanged"),
    _int("quarantined"),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("column", sa.Text, primary_key=True),
    _text("file"),
    _text("code"),
    _text("reason"),
    _text("value", null=True),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("chain", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    _at("at", null=False),
    _text("kind"),
    _text("actor"),
    _text("occasion"),
    _text("about"),
    sa.Column("counts", sa.JSON, nullable=False),
    _text("bundle"),
    _text("previous"),
    _text("hash"),
)
