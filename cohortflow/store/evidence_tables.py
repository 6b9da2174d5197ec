"""What comes from outside about mail: the provider's events, what of them was set aside, and who wants no more."""

import sqlalchemy as sa

from cohortflow.store.columns import at, integer, metadata, text

# No address and no words of the provider: `weight` is all that is kept of what it said.
provider_events = sa.Table(
    "provider_events",
    metadata,
    sa.Column("event_key", sa.Text, primary_key=True),
    text("message_id"),
    text("provider_id"),
    text("kind"),
    integer("weight"),
    at("at", null=False),
    sa.Index("ix_provider_events_message", "message_id"),
)

provider_tallies = sa.Table(
    "provider_tallies",
    metadata,
    sa.Column("what", sa.Text, primary_key=True),
    integer("count"),
    at("last_at", null=False),
)

opt_outs = sa.Table(
    "opt_outs",
    metadata,
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),
    at("since", null=False),
    text("via"),
)
