"""What was read once is not read again, unless somebody changed it: in this process or in another."""

from collections.abc import Iterator

import pytest
from scene_files import COHORT
from store_rows import MONDAY, person

from cohortflow.store import events, frames, people
from cohortflow.store.database import Database, open_database
from cohortflow.store.decisions import record_decision
from cohortflow.store.record import Overtaken
from schemas.changes import Changes, Note


@pytest.fixture
def elsewhere(running: Database) -> Iterator[Database]:
    """The same database, as another process has it open."""
    opened = open_database(running.engine.url.render_as_string(hide_password=False))
    yield opened
    opened.close()


def states(database: Database) -> dict[str, str]:
    table = frames.read_standing(database, COHORT).participants
    return dict(zip(table["person_id"], table["state"], strict=True))


def decide(database: Database, **states: str) -> None:
    changes = Changes(
        participants={
            person: {"role": "mentee", "may_be": "mentee", "state": state} for person, state in states.items()
        }
    )
    record_decision(frames.read_standing(database, COHORT), changes, now=MONDAY, actor="a test")


def test_what_another_process_decided_is_seen(running: Database, elsewhere: Database) -> None:
    decide(running, p1="invited")
    assert states(running) == states(elsewhere) == {"p1": "invited"}
    decide(elsewhere, p1="applied", p2="invited")
    assert states(running) == {"p1": "applied", "p2": "invited"}


def test_a_decision_that_was_overtaken_leaves_no_trace(running: Database, elsewhere: Database) -> None:
    decide(running, p1="invited")
    late = frames.read_standing(running, COHORT)
    assert late.participants["state"].tolist() == ["invited"]
    decide(elsewhere, p1="applied")
    with pytest.raises(Overtaken):
        record_decision(late, Changes(participants={"p1": {"state": "declined"}}), now=MONDAY, actor="a test")
    assert states(running) == {"p1": "applied"}


def test_a_table_that_did_not_change_is_the_same_after_a_decision(running: Database) -> None:
    decide(running, p1="invited")
    before = frames.read_standing(running, COHORT).participants
    record_decision(frames.read_standing(running, COHORT), Changes(notes=[Note("a.note")]), now=MONDAY, actor="a test")
    after = frames.read_standing(running, COHORT)
    assert after.participants.equals(before)
    assert after.row.version == frames.read_standing(running, COHORT).row.version


def test_what_is_done_to_a_table_stays_with_whoever_did_it(running: Database) -> None:
    decide(running, p1="invited")
    mine = frames.read_standing(running, COHORT).participants
    mine["state"] = "gone"
    mine.loc[0, "role"] = "nobody"
    kept = frames.read_standing(running, COHORT).participants
    assert kept["state"].tolist() == ["invited"] and kept["role"].tolist() == ["mentee"]


def test_a_roster_that_another_process_took_in_is_seen(running: Database, elsewhere: Database) -> None:
    with running.read() as db:
        before = people.roster(db)["person_id"].tolist()
    with elsewhere.write_alone() as db:
        people.merge(db, "inbox", [person("T03")], MONDAY.date())
        events.append(db, "company", [Note("roster.taken")], at=MONDAY, actor="a test")
    with running.read() as db:
        assert people.roster(db)["person_id"].tolist() == sorted([*before, "T03"])
        assert people.roster(db, ["T03", "nobody"])["person_id"].tolist() == ["T03"]
