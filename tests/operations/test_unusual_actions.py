"""The actions that are seldom needed, as an operator starts them: runs of their deployments on a real server.

They come after the tour, and change for good what it has looked at.
"""

from typing import Any

import pytest
from first_circle import DOMAIN
from prefect.exceptions import PrefectHTTPStatusError
from prefect_installation import wait_for
from raised_cohort import (
    APPROVER,
    OWNER,
    act,
    begin,
    ended,
    mails,
    matches,
    occasion_rows,
    set_clock,
    shown_now,
    standing,
    store,
)
from raised_installation import Raised
from scene_files import COHORT

from cohortflow.store import overview
from cohortflow.store.tables import waiting_edits

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def matched(system: Raised) -> Raised:
    """The system with its matches approved, though nobody has toured it."""
    if not matches(system, "approved", "accepted", "active"):
        act(system, "approve-matches", cohort_id=COHORT, by=APPROVER)
        set_clock(system, shown_now(system).replace(hour=9, minute=0))  # its readers are at work
    return system


@pytest.fixture(scope="module")
def acted(matched: Raised) -> dict[str, Any]:
    """Several actions started at once, each at its end; by name."""
    system, mail = matched, last_pending_mail(matched)
    match = matches(system, "approved", "accepted", "active")[0]
    about = {"cohort_id": COHORT, "by": OWNER}
    runs = {
        "skip": begin(system, "skip-occasion", **about, occasion=mail, why="wrong text"),
        "rematch": begin(system, "rematch", **about, match_id=match["match_id"], why="people are away"),
        "export": begin(system, "export-cohort", **about),
        "misspelt": begin(system, "hold-cohort", cohort_id="small-circel/2027-spring", by=OWNER),
    }
    return {name: ended(system, run) for name, run in runs.items()} | {"mail": mail, "match": match}


def last_pending_mail(system: Raised) -> str:
    """The mail that is farthest away."""
    waiting = [each for each in occasion_rows(system).values() if each["kind"] == "mail" and each["state"] == "pending"]
    return str(max(waiting, key=lambda each: each["place"])["key"])


def completed(run: Any) -> Any:
    """A run that must have gone well."""
    assert run.state.is_completed(), run.state.message
    return run


def test_a_mail_is_skipped_and_its_history_says_why(matched: Raised, acted: dict[str, Any]) -> None:
    completed(acted["skip"])

    row = occasion_rows(matched)[acted["mail"]]
    assert (row["state"], row["reason"]) == ("skipped", f"skipped by {OWNER}: wrong text")


def test_a_match_is_ended_and_its_two_people_are_told(matched: Raised, acted: dict[str, Any]) -> None:
    completed(acted["rematch"])
    (match,) = [each for each in matches(matched, "ended") if each["match_id"] == acted["match"]["match_id"]]

    def told() -> bool:
        found = mails(matched, about=match["match_id"], template="match_ended")
        return len(found) == 2 and all(each["state"] == "accepted" for each in found)

    assert match["end_reason"] == "ended by hand"
    wait_for("both are told", told, seconds=240, told=matched.told)
    assert {each["person_id"] for each in mails(matched, about=match["match_id"], template="match_ended")} == {
        match["mentor_id"],
        match["mentee_id"],
    }


def test_an_export_lies_on_the_worker_and_nothing_is_sent_by_it(matched: Raised, acted: dict[str, Any]) -> None:
    completed(acted["export"])

    assert len(list((matched.home / "var" / "exports").glob("small-circle-2027-spring/*/pairs.csv"))) == 1
    with store(matched) as database, database.read() as db:
        assert [each["actor"] for each in overview.event_rows(db) if each["kind"] == "cohort.exported"] == [OWNER]


def test_a_misspelt_cohort_is_answered_with_the_nearest(acted: dict[str, Any]) -> None:
    failed = acted["misspelt"]

    assert failed.state.is_failed()
    assert f"did you mean {COHORT}?" in failed.state.message


def test_runs_of_actions_are_found_by_the_tags_of_their_cohort(matched: Raised, acted: dict[str, Any]) -> None:
    for name in ("skip", "rematch", "export"):
        found = matched.client.read_flow_run(acted[name].id)
        assert set(found.tags) >= {"action", "small-circle", COHORT}, found.name
        assert COHORT in found.name


def test_what_a_form_does_not_take_is_refused(system: Raised) -> None:
    for given in (
        {"cohort_id": COHORT, "by": f"owner@{DOMAIN}"},
        {"cohort_id": COHORT, "by": OWNER, "why": "Ada said so"},
    ):
        with pytest.raises(PrefectHTTPStatusError):
            begin(system, "hold-cohort", **given)


def test_an_edit_that_waits_is_confirmed_by_its_mark(matched: Raised) -> None:
    system, file = matched, matched.home / "program_configs" / "small-circle.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("seats: 6", "seats: 3"), encoding="utf-8")
    mark = wait_for("the edit waits", lambda: mark_of_the_edit(system), seconds=240, told=system.told)

    other = ended(system, begin(system, "confirm-edit", cohort_id=COHORT, by=APPROVER, mark="0" * len(mark)))
    assert other.state.is_failed() and "another edit waits by now" in other.state.message
    act(system, "confirm-edit", cohort_id=COHORT, by=APPROVER, mark=mark)

    assert mark_of_the_edit(system) == ""
    with store(system) as database, database.read() as db:
        changed = [each for each in overview.event_rows(db) if each["kind"] == "line.changed"]
    assert [each["actor"] for each in changed] == [APPROVER]


def mark_of_the_edit(system: Raised) -> str:
    """The mark of the edit that waits for an approver; empty when none does."""
    with store(system) as database, database.read() as db:
        row = db.execute(waiting_edits.select()).mappings().first()
    return str(row["mark"]) if row else ""


def test_the_cohorts_table_has_followed(matched: Raised, acted: dict[str, Any]) -> None:
    told = standing(matched)

    assert told["cohort"]["stands"] == "running"
    assert "1 ended" in told["matches"]["stands"]
    stage = occasion_rows(matched)[acted["mail"]]["stage"]
    skipped = [each for each in occasion_rows(matched).values() if (each["stage"], each["state"]) == (stage, "skipped")]
    assert f"{len(skipped)} skipped" in told[f"stage {stage}"]["stands"]
