"""What a person may do to a cohort: hold, resume, skip, rematch, export; who did it, when and why stands in its history."""

import csv
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from scene_files import PROGRAM
from scenes import Scene, cohort_awaiting_approval, cohort_checking_in, cohort_declared, cohort_recruiting
from store_rows import change

from cohortflow.engine import plainly
from cohortflow.store import overview, settling
from flows.exporting import export_cohort
from flows.foreseeing import what_would_go_out
from flows.holding import hold_cohort, resume_cohort
from flows.house import living_in
from flows.rematching import rematch
from flows.skipping import skip_occasion
from flows.verdicts import settle_unknown_mail
from schemas.errors import CohortflowError

OWNER = "role:owner"


def act(scene: Scene, action: Any, *given: Any, **named: Any) -> str:
    """Run one action now, as its deployment does."""
    with plainly(), living_in(scene.house):
        return str(action(scene.cohort_id, *given, now=scene.now, **named))


def history(scene: Scene) -> list[dict[str, Any]]:
    """The cohort's history."""
    with scene.house.database.read() as db:
        return [each for each in overview.event_rows(db) if each["chain"] == scene.cohort_id]


def everything(scene: Scene) -> Any:
    """All that stands in the store of the cohort."""
    with scene.house.database.read() as db:
        return overview.of_cohort(db, scene.cohort_id)


def test_a_hold_says_who_and_why(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)

    act(scene, hold_cohort, OWNER, "wrong text")

    last = history(scene)[-1]
    assert (last["kind"], last["actor"], last["counts"]) == ("cohort.held", OWNER, {"reason": "by hand: wrong text"})
    assert last["at"] == scene.now


def test_resuming_first_only_shows_and_shows_the_truth(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    act(scene, hold_cohort, OWNER)
    due = scene.occasion("recruit.reminder#1")["due_at"]
    scene.tick(due)
    assert scene.occasion("recruit.reminder#1")["state"] == "pending"
    before = everything(scene)

    shown = act(scene, resume_cohort, OWNER)
    with plainly(), living_in(scene.house):
        (outcome,) = what_would_go_out(scene.house, scene.cohort_id, scene.now)

    assert "10 mails" in shown
    assert everything(scene) == before
    assert (outcome.occasion, outcome.mails, outcome.comes_to) == ("recruit.reminder#1", 10, "done")
    act(scene, resume_cohort, OWNER, really=True)
    sent = len(scene.sent)
    scene.live_past("recruit.reminder#1")
    assert len(scene.sent) - sent == outcome.mails


def test_what_would_go_out_follows_every_step_to_the_last(tmp_path: Path) -> None:
    unasked = PROGRAM.replace("stages:\n", "stages:\n  match: { approve: not_needed }\n", 1)
    scene = cohort_recruiting(tmp_path, program=unasked)
    scene.everybody_applies()
    scene.live_to(scene.occasion("recruit.closes")["due_at"] - timedelta(hours=1))
    act(scene, hold_cohort, OWNER)
    scene.now = scene.occasion("match.runs")["due_at"] + timedelta(hours=10)
    with plainly(), living_in(scene.house):
        shown = what_would_go_out(scene.house, scene.cohort_id, scene.now)
    before = len(scene.mails())
    assert scene.matches() == []

    act(scene, resume_cohort, OWNER, really=True)
    scene.tick()

    done = {row["key"] for row in scene.rows("occasions") if row["done_at"] == scene.now}
    assert {each.occasion for each in shown} == done >= {"recruit.closes", "match.runs", "match.approval"}
    assert sum(each.mails for each in shown) == len(scene.mails()) - before > len(scene.matches()) > 0


def test_what_has_become_stale_is_shown_as_skipped(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    act(scene, hold_cohort, OWNER)
    scene.tick(scene.occasion("recruit.reminder#1")["due_at"])
    scene.now = scene.occasion("recruit.closes")["due_at"]

    with plainly(), living_in(scene.house):
        shown = {each.occasion: each.comes_to for each in what_would_go_out(scene.house, scene.cohort_id, scene.now)}

    assert shown["recruit.reminder#1"].startswith("skipped: ")


def test_a_mail_is_skipped_by_hand_and_a_step_is_not(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)

    assert act(scene, skip_occasion, "recruit.reminder#1", OWNER, "wrong date").endswith("is skipped")
    assert "was over already" in act(scene, skip_occasion, "recruit.reminder#1", OWNER)

    row = scene.occasion("recruit.reminder#1")
    assert (row["state"], row["reason"]) == ("skipped", "skipped by role:owner: wrong date")
    with pytest.raises(CohortflowError, match="only mails can be skipped"):
        act(scene, skip_occasion, "recruit.closes", OWNER)
    with pytest.raises(CohortflowError, match=r"did you mean .*recruit\.reminder#2"):
        act(scene, skip_occasion, "recruit.remindr#2", OWNER)
    sent = len(scene.sent)
    scene.live_past("recruit.reminder#1")
    assert len(scene.sent) == sent


def test_a_stranger_may_do_nothing(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)

    for action, given in ((hold_cohort, ()), (skip_occasion, ("recruit.reminder#1",)), (rematch, ())):
        with pytest.raises(CohortflowError, match="neither its owner nor an approver"):
            act(scene, action, *given, "role:approver#9")


def test_a_misspelt_cohort_is_answered_with_the_nearest(tmp_path: Path) -> None:
    scene = cohort_declared(tmp_path)
    scene.cohort_id = scene.cohort_id.replace("small", "smal")

    for action in (hold_cohort, resume_cohort, rematch, export_cohort):
        with pytest.raises(CohortflowError, match="did you mean small-circle/"):
            act(scene, action, OWNER)


def test_a_match_is_ended_kindly_and_another_is_looked_for(tmp_path: Path) -> None:
    scene = cohort_checking_in(tmp_path)
    match = scene.matches("active")[0]

    act(scene, rematch, OWNER, match["match_id"], "people are away")

    assert scene.matches("ended")[0]["end_reason"] == "ended by hand"
    noted = next(each for each in history(scene) if each["kind"] == "match.rematch_by_hand")
    assert (noted["actor"], noted["counts"]) == (OWNER, {"reason": "people are away"})
    assert scene.occasion("match.rematch", match["match_id"])["state"] == "pending"
    with pytest.raises(CohortflowError, match="no match"):
        act(scene, rematch, OWNER, match["match_id"])


def test_everybody_who_waits_is_looked_for_each_time_anew(tmp_path: Path) -> None:
    scene = cohort_checking_in(tmp_path)
    first = scene.matches("active")[0]
    act(scene, rematch, OWNER, first["match_id"])
    scene.tick()

    act(scene, rematch, OWNER)
    scene.tick()
    act(scene, rematch, OWNER)

    assert scene.occasion("match.rematch", "search#1")["state"] in ("done", "skipped")
    assert scene.occasion("match.rematch", "search#2")["state"] == "pending"


def test_nobody_is_looked_for_before_the_first_matching(tmp_path: Path) -> None:
    with pytest.raises(CohortflowError, match="nobody has been matched yet"):
        act(cohort_recruiting(tmp_path), rematch, OWNER)


def test_an_export_is_whole_private_and_noted(tmp_path: Path) -> None:
    scene = cohort_awaiting_approval(tmp_path)

    told = act(scene, export_cohort, OWNER, "a trial")

    (folder,) = (scene.home / "var" / "exports").glob("*/*")
    assert told == f"6 files in {folder.relative_to(scene.home)}"
    rows = list(csv.DictReader((folder / "pairs.csv").open(encoding="utf-8")))
    assert len(rows) == len(scene.matches("proposed"))
    for path in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "@acme.example" not in file.read_text(encoding="utf-8")
    assert history(scene)[-1]["kind"] == "cohort.exported"


def test_a_mail_in_doubt_is_shown_then_settled_by_a_named_part(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    change(scene.house.database, "messages", state="unknown")
    with scene.house.database.read() as db:
        message_id = settling.unknown_mails(db)[0]["message_id"]

    with plainly(), living_in(scene.house):
        assert settle_unknown_mail(OWNER, now=scene.now) == "10 mails are in doubt; nothing was settled"
        told = settle_unknown_mail(OWNER, message_id, "sent", "technical trouble", now=scene.now)
        with pytest.raises(CohortflowError, match="not in doubt"):
            settle_unknown_mail(OWNER, message_id, "resend", now=scene.now)

    assert told == f"the mail {message_id} is accepted now"
    last = history(scene)[-1]
    assert (last["kind"], last["actor"]) == ("mail.settled", "role:owner: technical trouble")
