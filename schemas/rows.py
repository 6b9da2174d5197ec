"""Walk over the rows of a table."""

from collections import namedtuple
from collections.abc import Iterator
from functools import cache
from typing import Any

import pandas as pd


def each_row(table: pd.DataFrame) -> Iterator[Any]:
    """The rows as named tuples; the columns' types are the table model's business, not the type checker's."""
    # What pandas' own itertuples does, but it makes a new class for every table it walks over.
    cells = (table[column].tolist() for column in table.columns)
    return map(_row_of(tuple(table.columns))._make, zip(table.index, *cells, strict=True))


@cache
def _row_of(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", ("Index", *columns))
