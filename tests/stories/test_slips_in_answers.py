"""Answers that come with a slip or late: none of them passes for what it is not."""

import pytest
from scene_files import application
from story import CEM, Enter

pytestmark = pytest.mark.slow


def test_an_answer_to_nothing_is_refused(enter_at: Enter) -> None:
    story = enter_at("recruiting")

    (refused,) = story.reply(CEM, "apply", "recruit.opens", application(CEM))

    assert refused.reason == "'recruit.opens' does not ask for the form 'apply'; write recruit"
    assert story.rows("answers") == []
    story.live_past("recruit.reminder#1")
    assert CEM in story.readers_of("reminder"), "who has not applied is still reminded"
