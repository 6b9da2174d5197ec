"""Two cohorts that match at the same moment: a place a mentor has left is given away once."""

from threading import Barrier, Thread

import pytest
from scene_files import COHORT
from store_rows import MONDAY, person, rows

from cohortflow.programs.cohorts import cohort_line
from cohortflow.store import bundles, cohorts, people
from cohortflow.store.database import Database
from cohortflow.store.decisions import record_decision
from cohortflow.store.frames import read_standing
from cohortflow.store.record import Overtaken
from schemas.changes import Changes, NewMatch

OTHER = "small-circle/2027-other"


@pytest.fixture
def two(running: Database, texts: dict[str, str]) -> Database:
    """The same database with a second cohort of the same company under way."""
    with running.write() as db:
        config_hash = bundles.keep_bundle(db, "config", texts, MONDAY)
        cohorts.insert(db, OTHER, config_hash, cohort_line(texts, *COHORT.split("/")), MONDAY)
        cohorts.change(db, OTHER, state="running", begun_at=MONDAY)
        people.merge(db, "inbox", [person("T03"), person("T04")], MONDAY.date())
    return running


def matched(mentee_id: str, **elsewhere: int) -> Changes:
    """A new match with the one mentor, by what that one had in other cohorts."""
    return Changes(new_matches=[NewMatch(mentee_id, "M01", 80, ())], elsewhere=elsewhere)


def test_a_match_by_an_old_count_is_decided_anew(two: Database) -> None:
    mine, other = read_standing(two, COHORT), read_standing(two, OTHER)
    record_decision(other, matched("T03"), now=MONDAY, actor="test")

    with pytest.raises(Overtaken):
        record_decision(mine, matched("T01"), now=MONDAY, actor="test")

    record_decision(mine, matched("T01", M01=1), now=MONDAY, actor="test")
    assert len(rows(two, "matches")) == 2


@pytest.mark.parametrize("turn", range(5))
def test_at_the_same_moment_one_of_two_decides_anew(two: Database, turn: int) -> None:
    ready, ended = Barrier(2), []

    def decide(cohort_id: str, mentee_id: str) -> None:
        standing = read_standing(two, cohort_id)
        ready.wait(30)
        try:
            record_decision(standing, matched(mentee_id), now=MONDAY, actor="test")
            ended.append("written")
        except Overtaken:
            ended.append("overtaken")

    both = [Thread(target=decide, args=each) for each in ((COHORT, "T01"), (OTHER, "T03"))]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)

    assert sorted(ended) == ["overtaken", "written"]
    assert len(rows(two, "matches")) == 1
