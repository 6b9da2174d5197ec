"""A cohort as it stands, read in one moment: validated frames for the tasks, and the version they belong to."""

import json
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.programs.cohorts import Cohort, read_cohort
from cohortflow.store import bundles, occasions
from cohortflow.store.cohorts import CohortRow, read_row
from cohortflow.store.database import Database, as_dicts
from cohortflow.store.shelf import shelf_of
from cohortflow.store.tables import answers, matches, messages, participants
from schemas.errors import CohortflowError


@dataclass(frozen=True)
class Standing:
    """One cohort as it stood at `row.version`: a row per participant, match and current answer, by id.

    Tables are read when first asked for. One that was read later than another is no danger: whatever changes a cohort
    moves its version on, and what was decided on an older version is not recorded.
    """

    database: Database
    row: CohortRow
    cohort: Cohort

    @cached_property
    def occasions(self) -> dict[tuple[str, str], str]:
        """The state of each occasion, by key and about."""
        with self.database.read() as db:
            return occasions.states(db, self.row.cohort_id)

    @cached_property
    def participants(self) -> pd.DataFrame:
        """Everybody in the cohort, by person."""
        return self._kept("participants", lambda db: _frame(db, participants, self.row.cohort_id, "person_id"))

    @cached_property
    def matches(self) -> pd.DataFrame:
        """Every match there ever was in the cohort, by id."""
        return self._kept("matches", lambda db: _frame(db, matches, self.row.cohort_id, "match_id"))

    @cached_property
    def answers(self) -> pd.DataFrame:
        """What people answered, revisions left out."""
        return self._kept("answers", lambda db: _current_answers(db, self.row.cohort_id))

    def _kept(self, name: str, read: Callable[[Connection], pd.DataFrame]) -> pd.DataFrame:
        def anew() -> pd.DataFrame:
            with self.database.read() as db:
                return read(db)

        return shelf_of(self.database.engine).table(self.row.cohort_id, name, self.row.version, anew)


_known: OrderedDict[tuple[str, str, str], Cohort] = OrderedDict()
MOST_KNOWN = 512


def load_cohort(db: Connection, row: CohortRow, config_hash: str | None = None) -> Cohort:
    """The configuration a cohort runs on: its pinned bundle under its own line. Parsed once per process."""
    name, line = config_hash or row.config_hash, json.dumps(dict(row.line), sort_keys=True)
    key = (row.cohort_id, name, line)
    if key not in _known:
        _known[key] = read_cohort(bundles.read_bundle(db, name), row.program_id, row.key, dict(row.line))
        if len(_known) > MOST_KNOWN:
            _known.popitem(last=False)
    return _known[key]


def read_standing(database: Database, cohort_id: str) -> Standing:
    """What a decision about a cohort needs.

    Raises:
        CohortflowError: there is no such cohort.
    """
    with database.read() as db:
        row = read_row(db, cohort_id)
        if row is None:
            raise CohortflowError(f"there is no cohort {cohort_id!r}; `cohortflow status` lists those there are")
        return Standing(database, row, load_cohort(db, row))


def _frame(db: Connection, table: sa.Table, cohort_id: str, order: str) -> pd.DataFrame:
    query = sa.select(table).where(table.c.cohort_id == cohort_id).order_by(table.c[order])
    return _table(db, query, [column.name for column in table.c])


def _current_answers(db: Connection, cohort_id: str) -> pd.DataFrame:
    names = ["person_id", "form", "occasion", "about", "revision", "answered_at", "body"]
    query = sa.select(*[answers.c[name] for name in names]).where(
        answers.c.cohort_id == cohort_id, answers.c.is_current
    )
    return _table(db, query.order_by(answers.c.answer_id), names)


def answered_at(db: Connection, cohort_id: str, person_ids: Iterable[str]) -> dict[tuple[str, ...], set[datetime]]:
    """When some people answered, all revisions, by (occasion, form, person, about)."""
    key = (answers.c.occasion, answers.c.form, answers.c.person_id, answers.c.about)
    ids, found = sorted(person_ids), defaultdict[tuple[str, ...], set[datetime]](set)
    for start in range(0, len(ids), 500):
        query = sa.select(*key, answers.c.answered_at).where(
            answers.c.cohort_id == cohort_id, answers.c.person_id.in_(ids[start : start + 500])
        )
        for *named, at in db.execute(query):
            found[tuple(named)].add(at)
    return dict(found)


def _table(db: Connection, query: sa.Select[Any], names: list[str]) -> pd.DataFrame:
    """Rows as a table; columns called `_at` hold UTC instants also where all of them are missing."""
    return table_of(db.execute(query).all(), names)


def table_of(rows: Sequence[Sequence[Any]], names: list[str]) -> pd.DataFrame:
    """The same, of rows that are in hand already."""
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pd.DataFrame({name: _column(name, cells) for name, cells in zip(names, columns, strict=True)})


def _column(name: str, cells: Sequence[Any]) -> Any:
    if name.endswith("_at"):
        plain = [None if cell is None else cell.replace(tzinfo=None) for cell in cells]
        return pd.DatetimeIndex(np.array(plain, dtype="datetime64[us]")).tz_localize("UTC")
    if cells and isinstance(cells[0], int):
        return np.array(cells)
    # Plain objects: pandas' own strings are many times slower to walk over, and every table is walked over here.
    return pd.Series(list(cells), dtype=object)


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
    rows = as_dicts(db.execute(query.order_by(matches.c.match_id)))
    frame = pd.DataFrame(rows, columns=["mentee_id", "mentor_id", "ended_at"])
    frame["ended_on"] = pd.to_datetime(frame["ended_at"], utc=True).dt.tz_localize(None).dt.normalize()
    return frame.drop(columns="ended_at")


def asked(db: Connection, cohort_id: str) -> pd.DataFrame:
    """Who was asked what and got the mail: occasion (that is asked at), template, person_id."""
    query = sa.select(messages.c.asks, messages.c.template, messages.c.person_id).where(
        messages.c.cohort_id == cohort_id, messages.c.state.in_(("accepted", "delivered"))
    )
    rows = [(asks["occasion"], template, person_id) for asks, template, person_id in db.execute(query).all() if asks]
    return pd.DataFrame(rows, columns=["occasion", "template", "person_id"])
