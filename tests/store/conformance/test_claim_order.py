"""A claim reads the queue in order, as far as it needs it: it never sorts all that waits, however much that is."""

from typing import Any

import pytest
import sqlalchemy as sa
from store_rows import MONDAY, change, intent, person, put_in_queue

from cohortflow.store import claiming, people
from cohortflow.store.database import Database

pytestmark = pytest.mark.slow
MANY = 6000  # with fewer, PostgreSQL does by chance what is asked


@pytest.fixture
def crowded(running: Database) -> Database:
    """A queue that was filled just now, of which no database has counted anything yet."""
    ids = [f"Q{number:04}" for number in range(MANY)]
    with running.write() as db:
        people.merge(db, "inbox", [person(each, email=f"{each}@acme.example") for each in ids], MONDAY.date())
    put_in_queue(running, *(intent(each) for each in ids))
    change(running, "cohorts", state="running", held_reason=None)  # the blast guard does not expect so many
    return running


def plan_of_a_claim(database: Database) -> str:
    """How the database goes about the statement that claims, asked inside the same transaction."""
    asked: list[tuple[str, Any]] = []

    def listen(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT messages.message_id") and "LIMIT" in statement:
            asked.append((statement, parameters))

    with database.write() as db:
        sa.event.listen(db, "before_cursor_execute", listen)
        batch, _ = claiming.claim_batch(db, MONDAY, owner="one", lease_seconds=60, size=20)
        assert len(batch) == 20
        ((statement, parameters),) = asked
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        return "\n".join(str(row) for row in db.exec_driver_sql(explain + statement, parameters))


def test_a_claim_sorts_nothing(crowded: Database) -> None:
    plan = plan_of_a_claim(crowded)

    assert "ix_messages_queued" in plan
    assert "Sort" not in plan and "ORDER BY" not in plan
