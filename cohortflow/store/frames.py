"""A cohort as it stands, read in one moment: validated frames for the tasks, and the version they belong to."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.programs.cohorts import Cohort, read_cohort
from cohortflow.store import bundles, occasions
from cohortflow.store.cohorts import CohortRow, read_row
from cohortflow.store.tables import answers, matches, messages, participants
from schemas.errors import CohortflowError


@dataclass(frozen=True)
class Standing:
    """One cohort at one moment. Frames: a row per participant, match, current answer; by id."""

    row: CohortRow
    cohort: Cohort
    occasions: dict[tuple[str, str], str]
    participants: pd.DataFrame
    matches: pd.DataFrame
    answers: pd.DataFrame


@lru_cache(maxsize=256)
def _parsed(config_hash: str, program_id: str, key: str, line: str, texts: tuple[tuple[str, str], ...]) -> Cohort:
    return read_cohort(dict(texts), program_id, key, json.loads(line))


def load_cohort(db: Connection, row: CohortRow, config_hash: str | None = None) -> Cohort:
    """The configuration a cohort runs on: its pinned bundle under its own line."""
    name = config_hash or row.config_hash
    texts = tuple(sorted(bundles.read_bundle(db, name).items()))
    return _parsed(name, row.program_id, row.key, json.dumps(dict(row.line), sort_keys=True), texts)


def read_standing(db: Connection, cohort_id: str) -> Standing:
    """Everything a decision about a cohort needs.

    Raises:
        CohortflowError: there is no such cohort.
    """
    row = read_row(db, cohort_id)
    if row is None:
        raise CohortflowError(f"there is no cohort {cohort_id!r}; `cohortflow status` lists those there are")
    return Standing(
        row=row,
        cohort=load_cohort(db, row),
        occasions=occasions.states(db, cohort_id),
        participants=_frame(db, participants, cohort_id, "person_id"),
        matches=_frame(db, matches, cohort_id, "match_id"),
        answers=_current_answers(db, cohort_id),
    )


def _frame(db: Connection, table: sa.Table, cohort_id: str, order: str) -> pd.DataFrame:
    names = [column.name for column in table.c]
    rows = db.execute(sa.select(table).where(table.c.cohort_id == cohort_id).order_by(table.c[order])).mappings().all()
    frame = pd.DataFrame([dict(row) for row in rows], columns=names)
    return _with_instants(frame, [column.name for column in table.c if column.name.endswith("_at")])


def _with_instants(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    for name in names:
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def _current_answers(db: Connection, cohort_id: str) -> pd.DataFrame:
    names = ["person_id", "form", "occasion", "about", "revision", "answered_at", "body"]
    query = sa.select(*[answers.c[name] for name in names]).where(
        answers.c.cohort_id == cohort_id, answers.c.is_current
    )
    rows = db.execute(query.order_by(answers.c.answer_id)).mappings().all()
    return _with_instants(pd.DataFrame([dict(row) for row in rows], columns=names), ["answered_at"])


def mentor_load_elsewhere(db: Connection, cohort_id: str) -> dict[str, int]:
    """How many live matches each mentor has in other cohorts."""
    query = (
        sa.select(matches.c.mentor_id, sa.func.count())
        .where(matches.c.cohort_id != cohort_id, matches.c.state.in_(("proposed", "approved", "accepted", "active")))
        .group_by(matches.c.mentor_id)
    )
    return {mentor: int(count) for mentor, count in db.execute(query).tuples()}


def earlier_matches(db: Connection) -> pd.DataFrame:
    """Pairs that ended, anywhere: mentee_id, mentor_id, ended_on."""
    query = sa.select(matches.c.mentee_id, matches.c.mentor_id, matches.c.ended_at).where(
        matches.c.ended_at.is_not(None)
    )
    rows = [dict(row) for row in db.execute(query.order_by(matches.c.match_id)).mappings()]
    frame = pd.DataFrame(rows, columns=["mentee_id", "mentor_id", "ended_at"])
    frame["ended_on"] = pd.to_datetime(frame["ended_at"], utc=True).dt.tz_localize(None).dt.normalize()
    return frame.drop(columns="ended_at")


def asked(db: Connection, cohort_id: str) -> pd.DataFrame:
    """Who was asked what and got the mail: occasion (that is asked at), template, person_id."""
    query = sa.select(messages.c.asks, messages.c.template, messages.c.person_id).where(
        messages.c.cohort_id == cohort_id, messages.c.state.in_(("accepted", "delivered"))
    )
    rows: list[dict[str, Any]] = [
        {"occasion": row.asks["occasion"], "template": row.template, "person_id": row.person_id}
        for row in db.execute(query)
        if row.asks
    ]
    return pd.DataFrame(rows, columns=["occasion", "template", "person_id"])
