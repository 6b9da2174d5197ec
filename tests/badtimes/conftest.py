"""A small town on either database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_town import Town, founded


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Two programs of sixty people whose first day is tomorrow, on SQLite and on PostgreSQL."""
    with founded(tmp_path, database_url) as found:
        yield found


@pytest.fixture
def shared_town(tmp_path: Path, postgres_database: str) -> Iterator[Town]:
    """The same where several workers share one PostgreSQL."""
    with founded(tmp_path, postgres_database) as found:
        yield found
