"""HR edits the line of a running cohort: the tick follows, waits or refuses; an approver confirms. On either database."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from grounds import fill, rows_of
from scene_files import PROGRAM
from scenes import enter, utc
from story import ADA, APPROVER, OWNER, PostBox, Story, with_line

from cohortflow.store import edits, occasions
from cohortflow.store.database import open_database
from cohortflow.store.schema import migrate
from flows.edits import Answer, confirm_edit
from schemas.errors import CohortflowError

pytestmark = pytest.mark.slow

DATES = "starts: 2027-03-01, ends: 2027-05-28, seats: 6"
PLAIN = f"{{ {DATES} }}"
THREE_SEATS = "{ starts: 2027-03-01, ends: 2027-05-28, seats: 3 }"
ANOTHER_START = "{ starts: 2027-03-08, ends: 2027-05-28, seats: 6 }"
INTO_THE_PAST = f"{{ {DATES}, stages: {{ recruit: {{ closes: 2027-01-26 }} }} }}"
ONE_REMINDER = (
    f"{{ {DATES}, stages: {{ recruit: {{ emails: [{{ send: invite, to: eligible, when: opens }}, "
    "{ send: reminder, to: no_response, when: 7 days before closes }, "
    "{ send: application_received, to: applicant, when: on response }] } } }"
)
NO_REMINDER = (
    f"{{ {DATES}, stages: {{ recruit: {{ emails: [{{ send: invite, to: eligible, when: opens }}, "
    "{ send: application_received, to: applicant, when: on response }] } } }"
)
THE_27TH = utc(2027, 1, 27, 9)
MINE = ("occasions", "participants", "matches", "answers")
Open = Callable[..., Story]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def enter_at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Open a story at a named moment, on each kind of database in turn; at its end every invariant is checked."""
    opened: list[Story] = []
    # Asked for here, so that it is dropped only when the stories have ended.
    url = request.getfixturevalue("postgres_database") if request.param == "postgresql" else ""

    def enter_story(moment: str) -> Story:
        scene = enter(moment, tmp_path / "house", transport=PostBox())
        story = Story(scene.house, scene.now)
        if url:
            database = open_database(url)
            migrate(database, secret="a scene")
            fill(database, scene.house.database)
            scene.close()
            story.house = replace(scene.house, database=database)
        story.before = frozenset(row["message_id"] for row in story.mails() if row["state"] == "accepted")
        opened.append(story)
        return story

    yield enter_story
    for story in opened:
        story.end()


@pytest.fixture
def recruiting(enter_at: Open) -> Story:
    """Invitations are out; five mentees and three mentors have applied; it is the 27th of January."""
    story = enter_at("recruiting")
    story.everybody_applies(("M01", "M02", "M03", "T01", "T02", "T03", "T04", "T05"))
    story.tick(THE_27TH)
    return story


def save(story: Story, line: str) -> None:
    """HR saves the file with another line, and two ticks find it."""
    story.write_program(with_line(PROGRAM, line))
    story.tick()
    story.tick()


def confirm(story: Story, by: str = "dana.reyes@acme.example", mark: str = "") -> Answer:
    return confirm_edit(story.house, story.cohort_id, by, story.now, mark=mark, folder="program_configs")


def waiting(story: Story) -> dict[str, Any] | None:
    found = story.rows("waiting_edits")
    return found[0] if found else None


def dump(story: Story) -> dict[str, Any]:
    """Everything a participant could notice."""
    return {name: rows for name, rows in rows_of(story.house.database, lambda _: False).items() if name in MINE}


def line_of(story: Story) -> dict[str, Any]:
    return dict(story.cohort()["line"])


@pytest.mark.parametrize("line", [ANOTHER_START, THREE_SEATS, INTO_THE_PAST, NO_REMINDER])
def test_what_is_refused_or_waits_changes_nothing(recruiting: Story, line: str) -> None:
    before, said = dump(recruiting), line_of(recruiting)

    save(recruiting, line)

    assert dump(recruiting) == before
    assert line_of(recruiting) == said


def test_a_refused_edit_is_told_once_with_its_line(recruiting: Story) -> None:
    save(recruiting, ANOTHER_START)
    recruiting.tick(THE_27TH - timedelta(hours=2))
    recruiting.tick(THE_27TH)

    assert waiting(recruiting) is None
    (told,) = recruiting.letters_to(OWNER)
    assert told.template == "program_fault"
    assert "program_configs/small-circle.yaml:9:18: cohorts.2027-spring.starts:" in told.text
    assert recruiting.letters_to(APPROVER) == []


def test_an_edit_that_waits_is_told_once_to_each_approver(recruiting: Story) -> None:
    save(recruiting, THREE_SEATS)
    recruiting.tick(THE_27TH - timedelta(hours=2))
    recruiting.tick(THE_27TH)

    kept = waiting(recruiting)
    assert kept is not None
    assert kept["line"]["seats"] == "3"
    assert recruiting.cohort()["refused_line"] is None
    (told,) = recruiting.letters_to(APPROVER)
    assert told.template == "edit_waiting"
    assert "fewer seats than the 5 mentees who are in" in told.text
    assert f"cohortflow confirm small-circle/2027-spring --edit {kept['mark']}" in told.text
    assert len(recruiting.events("edit.waits")) == 1


def test_an_approver_confirms_and_is_named_in_the_history(recruiting: Story) -> None:
    save(recruiting, THREE_SEATS)

    answer = confirm(recruiting)

    assert answer.outcome == "applied"
    assert line_of(recruiting)["seats"] == "3"
    assert waiting(recruiting) is None
    (told,) = recruiting.events("line.changed")
    assert told["actor"] == APPROVER
    assert told["counts"]["confirmed"] == answer.mark
    save(recruiting, THREE_SEATS)
    assert waiting(recruiting) is None, "the file and the cohort agree"


def test_a_second_confirmation_finds_nothing(recruiting: Story) -> None:
    save(recruiting, THREE_SEATS)

    outcomes = [confirm(recruiting).outcome for _ in range(2)]

    assert outcomes == ["applied", "nothing_waits"]
    assert len(recruiting.events("line.changed")) == 1


def test_only_an_approver_of_the_old_line_may_confirm(recruiting: Story) -> None:
    save(recruiting, f"{{ {DATES}, approvers: [sam.stranger@acme.example] }}")

    for stranger in ("sam.stranger@acme.example", "mentoring@acme.example"):
        with pytest.raises(CohortflowError, match="not one of its approvers"):
            confirm(recruiting, stranger)

    assert waiting(recruiting) is not None


def test_a_file_put_back_takes_the_waiting_edit_with_it(recruiting: Story) -> None:
    save(recruiting, THREE_SEATS)

    save(recruiting, PLAIN)

    assert waiting(recruiting) is None
    assert len(recruiting.events("edit.taken_back")) == 1
    assert confirm(recruiting).outcome == "nothing_waits"


def test_the_same_edit_made_again_is_told_again(recruiting: Story) -> None:
    for line in (THREE_SEATS, PLAIN, THREE_SEATS):
        save(recruiting, line)

    assert len(recruiting.letters_to(APPROVER, "edit_waiting")) == 2


def test_a_yes_to_an_edit_that_was_replaced_does_nothing(recruiting: Story) -> None:
    save(recruiting, THREE_SEATS)
    shown = waiting(recruiting)
    assert shown is not None
    save(recruiting, "{ starts: 2027-03-01, ends: 2027-05-28, seats: 2 }")

    answer = confirm(recruiting, mark=shown["mark"])

    assert answer.outcome == "other_edit"
    assert line_of(recruiting)["seats"] == "6"
    assert confirm(recruiting, mark=answer.mark).outcome == "applied"


def test_consequences_nobody_has_seen_are_shown_first(recruiting: Story) -> None:
    save(recruiting, THREE_SEATS)
    recruiting.everybody_applies(("T06",))

    first, second = confirm(recruiting), confirm(recruiting)

    assert (first.outcome, second.outcome) == ("shown_anew", "applied")
    assert first.difference is not None
    assert "the 6 mentees" in first.difference.of("needs_confirmation")[0].reason


def test_an_edit_overtaken_by_events_is_refused_in_the_end(recruiting: Story) -> None:
    save(recruiting, NO_REMINDER)
    recruiting.live_past("recruit.reminder#1")

    answer = confirm(recruiting)

    assert answer.outcome == "refused"
    assert waiting(recruiting) is None
    assert "recruit.reminder#1 has run already" in recruiting.cohort()["refused_line"]
    recruiting.live_to(recruiting.now + timedelta(hours=8))
    assert recruiting.got(OWNER) == ["program_fault"]


def test_a_confirmed_day_in_the_past_happens_at_once(recruiting: Story) -> None:
    save(recruiting, INTO_THE_PAST)

    answer = confirm(recruiting)
    recruiting.tick()

    assert answer.difference is not None
    assert "it happens at once" in answer.difference.of("needs_confirmation")[0].reason
    assert recruiting.occasion("recruit.closes")["state"] == "done"
    recruiting.live_to(utc(2027, 2, 12))
    assert recruiting.got("T06") == [], "what it would remind of has closed"


def test_a_reminder_taken_out_is_not_sent_and_may_come_back(recruiting: Story) -> None:
    save(recruiting, ONE_REMINDER)
    confirm(recruiting)
    assert recruiting.occasion("recruit.reminder#2")["state"] == "cancelled"

    save(recruiting, PLAIN)
    recruiting.live_past("recruit.closes")

    assert recruiting.occasion("recruit.reminder#2")["state"] == "done"
    assert recruiting.got("T06") == ["reminder", "reminder"]


def test_a_line_taken_out_of_the_file_changes_nothing(recruiting: Story) -> None:
    elsewhere = PROGRAM.replace("2027-spring: { starts: 2027-03-01", "2027-april: { starts: 2027-04-05")
    before = dump(recruiting)

    recruiting.write_program(elsewhere)
    recruiting.tick()

    mine = [row for row in dump(recruiting)["occasions"] if recruiting.cohort_id in row]
    assert mine == [row for row in before["occasions"] if recruiting.cohort_id in row]
    assert "keeps its key" in recruiting.cohort()["refused_line"]
    (told,) = recruiting.letters_to(OWNER, "program_fault")
    assert "cohorts.2027-spring: is not in the file any more" in told.text


def test_an_applied_edit_has_an_event_for_each_change(recruiting: Story) -> None:
    save(recruiting, "{ starts: 2027-03-01, ends: 2027-06-25, seats: 9 }")

    changed = [row["counts"]["path"] for row in recruiting.events("line.value_changed")]
    assert changed == ["cohorts.2027-spring.ends", "cohorts.2027-spring.seats"]
    assert Counter(row["actor"] for row in recruiting.events("line.changed")) == {"configuration": 1}
    assert line_of(recruiting)["seats"] == "9"


@pytest.mark.slow
def test_two_racing_confirmations_apply_it_once(recruiting: Story) -> None:
    save(recruiting, THREE_SEATS)

    with ThreadPoolExecutor(4) as pool:
        outcomes = [each.outcome for each in pool.map(lambda _: confirm(recruiting), range(4))]

    assert Counter(outcomes) == {"applied": 1, "nothing_waits": 3}
    assert len(recruiting.events("line.changed")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("line", [THREE_SEATS, ANOTHER_START, "{ starts: 2027-03-01, ends: 2027-06-25, seats: 6 }"])
def test_racing_ticks_take_an_edit_in_once(recruiting: Story, line: str) -> None:
    recruiting.write_program(with_line(PROGRAM, line))
    others = [Story(replace(recruiting.house, signatures={}), recruiting.now) for _ in range(3)]

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda story: story.tick(), others))
    recruiting.tick()

    kinds = Counter(row["kind"] for row in recruiting.rows("events", chain=recruiting.cohort_id))
    assert kinds["line.refused"] + kinds["edit.waits"] + kinds["line.changed"] == 1
    assert len(recruiting.mails("program_fault") + recruiting.mails("edit_waiting")) <= 1


def test_what_a_worker_has_in_hand_is_not_moved_under_it(recruiting: Story) -> None:
    story, database = recruiting, recruiting.house.database
    due_at = story.occasion("recruit.reminder#1")["due_at"]
    with database.write() as db:
        claim = occasions.claim_next(db, story.cohort_id, "recruit", due_at, owner="another", lease_seconds=600)
    assert claim is not None

    save(story, f"{{ {DATES}, stages: {{ recruit: {{ closes: 2027-02-15 }} }} }}")

    assert story.occasion("recruit.closes")["due_on"].isoformat() == "2027-02-15"
    assert story.occasion("recruit.reminder#1")["due_at"] == due_at
    with database.read() as db:
        assert occasions.is_held(db, claim)


@pytest.mark.slow
def test_a_confirmed_edit_is_followed_to_the_end(enter_at: Open) -> None:
    story = enter_at("checking_in")
    story.everybody_answers("pulse", "check_in#1", {"met": "yes", "meetings": 2, "useful": 4}, by_match=True)
    save(story, "{ starts: 2027-03-01, ends: 2027-05-14, seats: 6 }")
    assert confirm(story).outcome == "applied"

    story.live_to(utc(2027, 6, 20))

    assert story.occasion("check_in#2")["state"] == "cancelled"
    assert story.occasion("close.runs")["state"] == "done", "what waited for the check-in waits for it no more"
    assert "thank_you" in story.got(ADA)


def test_nothing_waits_without_a_reason_to_wait(recruiting: Story) -> None:
    save(recruiting, PLAIN)

    with recruiting.house.database.read() as db:
        assert edits.read_waiting(db, recruiting.cohort_id) is None
    assert recruiting.events("edit.waits") == []


def matching(words: str) -> str:
    """The line with something of its own about the matching."""
    return f"{{ {DATES}, stages: {{ match: {{ {words} }} }} }}"


def test_a_later_day_to_say_yes_is_followed_while_it_runs(enter_at: Open) -> None:
    story = enter_at("announced")
    before = story.occasion("match.accept_closes")["due_on"]

    save(story, matching("accept: { within: 10 working days, if_silent: remind_then_ask_owner }"))

    assert story.occasion("match.accept_closes")["due_on"] == before + timedelta(days=7)
    story.live_to(story.now + timedelta(days=7))
    assert "accept_reminder" not in story.got(ADA)
    story.live_past("match.accept_reminder#1")
    assert "accept_reminder" in story.got(ADA)


def test_to_ask_nobody_any_more_waits_for_an_approver(enter_at: Open) -> None:
    story = enter_at("announced")
    save(story, matching("accept: not_needed"))

    held = waiting(story)
    assert held is not None
    assert any("match.accept_closes" in each and "is taken out" in each for each in held["consequences"])
    confirm(story, mark=held["mark"])
    story.tick()
    assert story.occasion("match.accept_closes")["state"] == "cancelled"


def test_a_later_day_to_approve_is_followed_while_nobody_has(enter_at: Open) -> None:
    story = enter_at("awaiting_approval")
    before = story.occasion("match.approval")["due_on"]

    save(story, matching("approve: { by: approvers, within: 5 working days, if_silent: remind_then_hold }"))

    assert story.occasion("match.approval")["due_on"] == before + timedelta(days=2)
    assert waiting(story) is None and story.cohort()["refused_line"] is None


def test_who_was_asked_to_approve_stays_the_one_who_is(enter_at: Open) -> None:
    story = enter_at("awaiting_approval")

    save(story, matching("approve: { by: owner, within: 3 working days, if_silent: remind_then_hold }"))

    assert "match.approval_request#1 has run already" in str(story.cohort()["refused_line"])
