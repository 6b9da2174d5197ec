"""Walk over the rows of a table."""

from collections.abc import Iterator
from typing import Any

import pandas as pd


def each_row(table: pd.DataFrame) -> Iterator[Any]:
    """The rows as named tuples; the columns' types are the table model's business, not the type checker's."""
    return iter(table.itertuples())
