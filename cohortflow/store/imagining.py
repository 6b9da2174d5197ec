"""A cohort as it would stand if some changes were written: for looking ahead, with nothing written."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pandas as pd

from cohortflow.store import frames
from cohortflow.store.frames import Standing
from cohortflow.store.record import match_row
from schemas.changes import Changes

NEW_PARTICIPANT = {"capacity": 1, "place": 0, "rematches": 0}


def as_if_written(
    standing: Standing, changes: Changes, closed: Mapping[tuple[str, str], str], now: datetime
) -> Standing:
    """The cohort after a decision.

    Args:
        closed: the occasions that are over with it, and how.
    """
    cohort_id = standing.row.cohort_id
    new = {row["match_id"]: row for row in (match_row(cohort_id, match, now) for match in changes.new_matches)}
    after = replace(standing)
    # Its tables are read when first asked for: these are the ones it finds instead.
    after.__dict__["occasions"] = {
        **standing.occasions,
        **{(each.key, each.about): "pending" for each in changes.occasions if (each.key, each.about) not in closed},
        **closed,
    }
    after.__dict__["participants"] = _with_rows(
        standing.participants, "person_id", changes.participants, {"cohort_id": cohort_id, **NEW_PARTICIPANT}
    )
    after.__dict__["matches"] = _with_rows(standing.matches, "match_id", {**changes.matches, **new}, {"round": 1})
    after.__dict__["answers"] = standing.answers
    return after


def _with_rows(
    table: pd.DataFrame, key: str, changed: Mapping[str, Mapping[str, Any]], when_new: Mapping[str, Any]
) -> pd.DataFrame:
    """A table with some rows changed, and those added that were not there, by their key."""
    if not changed:
        return table
    names = [str(name) for name in table.columns]
    rows: dict[str, dict[Any, Any]] = {}
    for row in table.to_dict("records"):
        rows[str(row[key])] = {column: None if cell is pd.NaT else cell for column, cell in row.items()}
    for name, columns in changed.items():
        before = rows.get(name) or dict.fromkeys(names) | dict(when_new) | {key: name}
        rows[name] = before | dict(columns)
    return frames.table_of([[rows[name][column] for column in names] for name in sorted(rows)], names)
