"""Many texts as one value: what is asked by them is found by an index, not by a walk through the table."""

import pytest
import sqlalchemy as sa

from cohortflow.store.columns import among
from cohortflow.store.database import Database
from cohortflow.store.tables import messages, people


# Not PostgreSQL, which plans by the size of a table, and walks through one of nothing.
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("column", [messages.c.message_id, people.c.person_id], ids=str)
def test_sqlite_finds_many_by_an_index(database: Database, column: sa.Column[str]) -> None:
    asked = str(sa.select(column.table).where(among(column)).compile(database.engine))
    with database.read() as db:
        plan = [str(row[-1]) for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", ("[]",))]

    assert plan[0].startswith(f"SEARCH {column.table.name} USING INDEX"), plan


def test_those_asked_for_are_found_and_nobody_else(running: Database) -> None:
    asked = sa.select(people.c.person_id).where(among(people.c.person_id))
    with running.read() as db:
        found = set(db.execute(asked, {"ids": ["T01", "nobody"]}).scalars())
        none = db.execute(asked, {"ids": []}).scalars().all()
        others = set(
            db.execute(sa.select(people.c.person_id).where(~among(people.c.person_id)), {"ids": ["T01"]}).scalars()
        )

    assert found == {"T01"} and none == []
    assert others and "T01" not in others
