"""A connection that went stale while nobody used it is replaced without a word."""

import pytest
import sqlalchemy as sa

from cohortflow.store.database import open_database


@pytest.mark.postgres
def test_a_connection_that_was_cut_is_made_anew(postgres_database: str) -> None:
    database, other = open_database(postgres_database), open_database(postgres_database)
    with database.read() as db:
        pid = db.execute(sa.text("select pg_backend_pid()")).scalar_one()
    with other.write() as db:
        db.execute(sa.text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with database.read() as db:
        assert db.execute(sa.text("select pg_backend_pid()")).scalar_one() != pid

    database.close()
    other.close()
