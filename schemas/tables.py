"""The tables that tasks take and give, one model each: what a row is, and what must hold for every row."""

from typing import Any

import pandas as pd
import pandera.pandas as pa

# Text is text: pandas' own string type, where a missing word is missing and never the word "nan".


class Table(pa.DataFrameModel):
    """Columns are converted to their type; columns a model does not name are kept."""

    class Config:
        coerce = True
        strict = False


class Person(Table):
    """One person of the roster, as HR exports it; other mapped columns may stand beside these."""

    person_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    email: str = pa.Field(nullable=True)
    name: str = pa.Field(nullable=True)
    manager_id: str = pa.Field(nullable=True)
    department: str | None = pa.Field(nullable=True)
    title: str | None = pa.Field(nullable=True)
    level: str | None = pa.Field(nullable=True)
    site: str | None = pa.Field(nullable=True)
    joined_on: pd.Timestamp | None = pa.Field(nullable=True)
    languages: str | None = pa.Field(nullable=True)
    status: str = pa.Field(isin=["active", "on_leave", "left"])


class Eligibility(Table):
    """Whether a person of the roster may join, in which role, and if not, why: role and reason exclude each other."""

    person_id: str = pa.Field(unique=True)
    role: str = pa.Field(nullable=True, isin=["mentor", "mentee"])
    may_be: str = pa.Field(isin=["", "mentor", "mentee", "mentor;mentee"])
    reason: str = pa.Field(nullable=True)

    @pa.dataframe_check(name="a person is eligible or has a reason", ignore_na=False)
    @classmethod
    def either_role_or_reason(cls, frame: pd.DataFrame) -> Any:
        """A refusal without a reason, or a reason without a refusal, would tell a coordinator nothing."""
        return frame["role"].isna() == frame["reason"].notna()


class Application(Table):
    """Someone who asked to join; `fit` is how well the person would match, where that decides."""

    person_id: str = pa.Field(unique=True)
    role: str = pa.Field(isin=["mentor", "mentee"])
    applied_at: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
    fit: float | None = pa.Field(nullable=True)


class Choice(Table):
    """What became of an application: `place` counts mentees from 1 in the order of the rule, 0 for a mentor."""

    person_id: str = pa.Field(unique=True)
    state: str = pa.Field(isin=["applied", "waitlisted"])
    place: int = pa.Field(ge=0)

    class Config:
        strict = True


class Applicant(Table):
    """Someone to be matched: roster columns and answers side by side, a mentor's `capacity` being the seats left."""

    person_id: str = pa.Field(str_length={"min_value": 1})
    role: str = pa.Field(isin=["mentor", "mentee"])
    capacity: pd.Int64Dtype | None = pa.Field(nullable=True, ge=0)

    class Config:
        unique = ["person_id", "role"]

    @pa.dataframe_check(name="a mentor has a capacity", ignore_na=False)
    @classmethod
    def mentors_have_a_capacity(cls, frame: pd.DataFrame) -> Any:
        """Without seats nobody can say how many mentees a mentor takes."""
        if "capacity" not in frame.columns:
            return pd.Series(frame["role"].ne("mentor"), index=frame.index)
        return frame["role"].ne("mentor") | frame["capacity"].notna()


class Reporting(Table):
    """Who reports to whom, over the whole roster."""

    person_id: str = pa.Field(unique=True)
    manager_id: str = pa.Field(nullable=True)


class Pair(Table):
    """A proposed match; `points` is the solver's exact number, `score` its share of what was attainable in percent."""

    mentee_id: str = pa.Field(unique=True)
    mentor_id: str
    score: int = pa.Field(ge=0, le=100)
    points: int = pa.Field(ge=0)
    reasons: object

    class Config:
        strict = True


class Unmatched(Table):
    """Someone left without a partner, and why."""

    person_id: str
    role: str = pa.Field(isin=["mentor", "mentee"])
    reason: str

    class Config:
        strict = True
        unique = ["person_id", "role"]
