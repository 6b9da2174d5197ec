"""Answers that come with a slip or late: none of them passes for what it is not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from scene_files import application
from story import CEM, MAYA, Enter

from schemas.replies import Reply

pytestmark = pytest.mark.slow


def test_an_answer_to_nothing_is_refused(enter_at: Enter) -> None:
    story = enter_at("recruiting")

    (refused,) = story.reply(CEM, "apply", "recruit.opens", application(CEM))

    assert refused.reason == "'recruit.opens' does not ask for the form 'apply'; write recruit"
    assert story.rows("answers") == []
    story.live_past("recruit.reminder#1")
    assert CEM in story.readers_of("reminder"), "who has not applied is still reminded"


def test_an_older_answer_never_replaces_a_newer_one(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    newest = Reply(MAYA, "apply", "recruit", application(MAYA), story.now)
    older = replace(newest, at=story.now - timedelta(hours=1), given={**application(MAYA), "capacity": 1})

    for reply in (newest, older, older):
        assert not story.take([reply])

    said = [(row["body"]["capacity"], row["is_current"]) for row in story.rows("answers", person_id=MAYA)]
    assert sorted(said) == [(1, False), (2, True)]
    assert story.person(MAYA)["capacity"] == 2
    assert not story.take([replace(newest, at=story.now, given={**application(MAYA), "capacity": 1})])
    current = [row for row in story.rows("answers", person_id=MAYA) if row["is_current"]]
    assert [row["revision"] for row in current] == [3], "what comes later is current again, and alone"
