"""The tables a report is made of: who took part, the pairs, what was answered, and who was asked."""

from typing import Annotated

import pandas as pd
import pandera.pandas as pa

from schemas.tables import Table

Instant = Annotated[pd.DatetimeTZDtype, "us", "UTC"]


class Member(Table):
    """A person in the cohort; `accepted_at` is when the person said yes to a match."""

    person_id: str = pa.Field(unique=True)
    role: str = pa.Field(nullable=True)
    state: str
    site: str = pa.Field(nullable=True)
    department: str = pa.Field(nullable=True)
    applied_at: Instant = pa.Field(nullable=True)
    accepted_at: Instant = pa.Field(nullable=True)


class MatchRecord(Table):
    """A pair and its life; `score` in percent of what was attainable, `reasons` a list of words."""

    match_id: str = pa.Field(unique=True)
    mentee_id: str
    mentor_id: str
    score: float = pa.Field(ge=0, le=100)
    approved_at: Instant = pa.Field(nullable=True)
    active_at: Instant = pa.Field(nullable=True)
    ended_at: Instant = pa.Field(nullable=True)
    at_risk_since: Instant = pa.Field(nullable=True)
    reasons: object


class AnswerRecord(Table):
    """A current answer: the `occasion` it was asked at, a match or "-" it is `about`, its `body` by question."""

    person_id: str
    occasion: str
    about: str
    answered_at: Instant
    body: object


class Asked(Table):
    """Whom a question reached; a reminder may repeat a row."""

    occasion: str
    person_id: str
