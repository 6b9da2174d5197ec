"""The tables. Personal data lives in `people`, `answers` and `quarantine` only; every other row holds ids.

Instants are UTC. `about` is a match, an episode or an answer's revision, else "-".
"""

import sqlalchemy as sa

from cohortflow.store.columns import NOW, REAL_NOW, Instant, at, integer, metadata, text
from cohortflow.store.evidence_tables import opt_outs, provider_events, provider_tallies
from cohortflow.store.mail_tables import mail_breakers, message_attempts, messages, suppressions

__all__ = [
    "NOW", "REAL_NOW", "Instant", "answers", "bundles", "cohorts", "events", "instance", "intakes", "mail_breakers",
    "matches", "message_attempts", "messages", "metadata", "occasions", "opt_outs", "participants", "people",
    "programs", "provider_events", "provider_tallies", "quarantine", "sources", "suppressions", "waiting_edits",
]  # fmt: skip

instance = sa.Table(
    "instance",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    text("instance_id"),
    text("secret"),
    at("clock_base", null=True),
    at("clock_started", null=True),
    sa.Column("clock_rate", sa.Float, nullable=False, server_default="1"),
    at("last_tick_at"),
    integer("ticks"),
    text("place", null=True),
    text("sending_hold", null=True),
    text("mail_way", null=True),
)

bundles = sa.Table(
    "bundles",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    text("kind"),
    sa.Column("texts", sa.JSON, nullable=False),
    at("accepted_at", null=False),
)

programs = sa.Table(
    "programs",
    metadata,
    sa.Column("program_id", sa.Text, primary_key=True),
    text("accepted_hash", null=True),
    text("seen_hash", null=True),
    sa.Column("faults", sa.JSON, nullable=False),
    text("told_hash", null=True),
    text("source", null=True),
    at("seen_at", null=False),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    text("file", null=True),
    sa.Column("file_on", sa.Date, nullable=True),
    text("sha256", null=True),
    integer("rows"),
    text("state"),
    text("reason", null=True),
    text("told", null=True),
    at("checked_at", null=False),
)

cohorts = sa.Table(
    "cohorts",
    metadata,
    sa.Column("cohort_id", sa.Text, primary_key=True),
    text("program_id"),
    text("key"),
    text("state"),
    text("held_reason", null=True),
    text("roster_hold", null=True),
    text("config_hash"),
    sa.Column("line", sa.JSON, nullable=False),
    text("refused_line", null=True),
    integer("version"),
    at("first_seen_at", null=False),
    at("begun_at"),
    at("closed_at"),
    sa.CheckConstraint("state in ('declared', 'held', 'running', 'closed')", name="ck_cohorts_state"),
)

waiting_edits = sa.Table(
    "waiting_edits",
    metadata,
    sa.Column("cohort_id", sa.Text, sa.ForeignKey("cohorts.cohort_id"), primary_key=True),
    text("mark"),
    sa.Column("line", sa.JSON, nullable=False),
    sa.Column("consequences", sa.JSON, nullable=False),
    at("seen_at", null=False),
)

occasions = sa.Table(
    "occasions",
    metadata,
    sa.Column("occasion_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("cohort_id", sa.Text, sa.ForeignKey("cohorts.cohort_id"), nullable=False),
    text("key"),
    text("about", default="-"),
    text("stage"),
    text("kind"),
    text("action"),
    integer("place"),
    sa.Column("due_on", sa.Date, nullable=True),
    at("due_at"),
    at("ends_at"),
    text("waits_for", null=True),
    sa.Column("details", sa.JSON, nullable=False),
    at("ready_at"),
    text("state"),
    text("reason", null=True),
    at("done_at"),
    text("lease_owner", null=True),
    sa.Column("lease_until", sa.Float, nullable=True),
    integer("fence"),
    integer("attempts"),
    at("retry_at"),
    text("last_error", null=True),
    text("config_hash"),
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
    text("source"),
    text("email"),
    text("name"),
    text("manager_id"),
    text("department"),
    text("title"),
    text("level"),
    text("site"),
    sa.Column("joined_on", sa.Date, nullable=True),
    text("languages"),
    text("status"),
    sa.Column("more", sa.JSON, nullable=False),
    sa.Column("sensitive", sa.JSON, nullable=False),
    text("row_hash"),
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
    text("role"),
    text("may_be"),
    text("state"),
    integer("capacity", 1),
    integer("place"),
    at("applied_at"),
    at("consent_at"),
    at("left_at"),
    text("reason", null=True),
    integer("rematches"),
    sa.Index("ix_participants_person", "person_id"),
)

matches = sa.Table(
    "matches",
    metadata,
    sa.Column("match_id", sa.Text, primary_key=True),
    sa.Column("cohort_id", sa.Text, sa.ForeignKey("cohorts.cohort_id"), nullable=False),
    text("mentee_id"),
    text("mentor_id"),
    integer("score"),
    sa.Column("reasons", sa.JSON, nullable=False),
    text("state"),
    integer("round", 1),
    text("replaces", null=True),
    at("proposed_at"),
    at("approved_at"),
    text("approved_by", null=True),
    at("mentee_accepted_at"),
    at("mentor_accepted_at"),
    at("active_at"),
    at("ended_at"),
    text("end_reason", null=True),
    at("at_risk_since"),
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
    text("occasion"),
    text("form"),
    text("person_id"),
    text("about", default="-"),
    integer("revision", 1),
    sa.Column("is_current", sa.Boolean, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    at("answered_at", null=False),
    text("via"),
    sa.UniqueConstraint("cohort_id", "occasion", "form", "person_id", "about", "revision"),
)

intakes = sa.Table(
    "intakes",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    text("source"),
    text("file"),
    sa.Column("file_on", sa.Date, nullable=False),
    at("taken_at", null=False),
    integer("rows"),
    integer("accepted"),
    integer("unchanged"),
    integer("quarantined"),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("column", sa.Text, primary_key=True),
    text("file"),
    text("code"),
    text("reason"),
    text("value", null=True),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("chain", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    at("at", null=False),
    text("kind"),
    text("actor"),
    text("occasion"),
    text("about"),
    sa.Column("counts", sa.JSON, nullable=False),
    text("bundle"),
    text("previous"),
    text("hash"),
)
