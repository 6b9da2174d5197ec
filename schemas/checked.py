"""Check the tables a function takes and gives, and say what is wrong without showing anybody's data."""

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError, SchemaErrors
from pandera.typing import DataFrame

from schemas.absent_packages import absent
from schemas.errors import DataError

P = ParamSpec("P")
R = TypeVar("R")

SHOWN_ROWS = 5
# A column of the wrong type fails twice in pandera: while converting, and again as "still not converted".
REPEATS = {"dtype": "coerce_dtype"}
COLUMN_SETS = {"column_in_dataframe": "is missing", "column_in_schema": "does not belong here"}


def checked(fn: Callable[P, R]) -> Callable[P, R]:
    """Hold every `DataFrame[Model]` of the signature, in and out, against its model.

    Raises:
        DataError: with table, column, check, row numbers (from 1) and counts. Pandera's own message shows the
            offending values, and whoever runs the function may log it.
    """
    hints = get_type_hints(fn)
    given_back = _models(hints.pop("return", None))
    taken = {name: models[0] for name, hint in hints.items() if (models := _models(hint)) and models[0]}
    names = list(signature(fn).parameters)

    @wraps(fn)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            tables = [_valid(taken.get(name), table) for name, table in zip(names, args, strict=False)]
            named = {name: _valid(taken.get(name), table) for name, table in kwargs.items()}
            found: Any = fn(*tables, *args[len(tables) :], **named)  # type: ignore[arg-type]
            if isinstance(found, tuple) and given_back:
                return tuple(_valid(model, table) for model, table in zip(given_back, found, strict=True))  # type: ignore[return-value]
            return _valid(given_back[0], found) if given_back else found
        except (SchemaError, SchemaErrors) as error:
            what_is_wrong = describe(error)
        # Raised outside the block: the new error must not carry the old one, which holds the values.
        raise DataError(f"{fn.__name__}: {what_is_wrong}")

    return call


def _models(hint: Any) -> list[type[pa.DataFrameModel] | None]:
    """The model of an annotation, or those of a tuple of tables; nothing where no table is meant."""
    if get_origin(hint) is tuple:
        found = [models[0] if (models := _models(part)) else None for part in get_args(hint)]
        return found if any(found) else []
    return [get_args(hint)[0]] if get_origin(hint) is DataFrame else []


def _valid(model: type[pa.DataFrameModel] | None, table: Any) -> Any:
    if model is None:
        return table
    # With the one pandera makes up tables for tests, which takes a fifth of a second to load; the other it looks for at
    # every column.
    with absent("hypothesis", "geopandas"):
        return model.validate(table, lazy=True)


def describe(error: SchemaError | SchemaErrors) -> str:
    """What a pandera error says, without a single value of the table."""
    table = getattr(error.schema, "name", None) or "table"
    cases = error.failure_cases
    if not isinstance(cases, pd.DataFrame) or cases.empty:
        return f"{table} does not pass its checks"
    if "check" not in cases.columns:  # a single, eager error names its column and check beside the cases
        cases = cases.assign(
            schema_context=type(error.schema).__name__, column=table, check=_check_name(getattr(error, "check", None))
        )
    # A check of whole rows repeats its failure once per column; the column then says nothing.
    whole_row = cases["schema_context"].eq("DataFrameSchema") & ~cases["check"].isin(COLUMN_SETS)
    cases = cases.assign(column=cases["column"].astype(str).mask(whole_row, ""), check=cases["check"].astype(str))
    return f"{table}: " + "; ".join(_complaints(cases, error.data))


def _complaints(cases: pd.DataFrame, data: Any) -> Iterator[str]:
    for (column, check), failed in cases.groupby(["column", "check"], sort=False):
        if check in COLUMN_SETS:
            yield from (f"column '{name}' {COLUMN_SETS[check]}" for name in failed["failure_case"])
        elif not _said_before(str(column), str(check), cases):
            named = f"column '{column}' fails {check}" if column else f"'{check}' does not hold"
            yield named + _where(failed, data)


def _check_name(check: Any) -> str:
    return str(getattr(check, "error", None) or getattr(check, "name", None) or check)


def _said_before(column: str, check: str, cases: pd.DataFrame) -> bool:
    first = REPEATS.get(check.partition("(")[0])
    same_column = cases.loc[cases["column"] == column, "check"]
    return first is not None and bool(same_column.str.startswith(f"{first}(").any())


def _where(failed: pd.DataFrame, table: Any) -> str:
    labels = failed["index"].dropna() if "index" in failed.columns else pd.Series(dtype=object)
    if labels.empty or not isinstance(table, pd.DataFrame):
        return ""
    rows = [int(at) + 1 for at in np.flatnonzero(table.index.isin(labels.tolist()))]
    shown = ", ".join(map(str, rows[:SHOWN_ROWS])) + (", ..." if len(rows) > SHOWN_ROWS else "")
    return f" in {len(rows)} of {len(table)} rows (row {shown})" if rows else ""
