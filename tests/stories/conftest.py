"""Stories begin by entering a scene, and end with every invariant checked."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from scenes import THE_DAY_BEFORE, enter, open_scene
from story import Enter, PostBox, Story


@pytest.fixture
def enter_at(tmp_path: Path) -> Iterator[Enter]:
    """Open a story at a named moment of the scenes, or before anything is there ("nothing")."""
    opened: list[Story] = []

    def enter_story(moment: str, **given: Any) -> Story:
        home = tmp_path / f"house-{len(opened)}"
        begin = open_scene if moment == "nothing" else partial(enter, moment)
        when = {"now": THE_DAY_BEFORE} if moment == "nothing" else {}
        scene = begin(home, transport=PostBox(), **when, **given)
        story = Story(scene.house, scene.now)
        story.before = frozenset(row["message_id"] for row in story.mails() if row["state"] == "accepted")
        opened.append(story)
        return story

    yield enter_story
    for story in opened:
        story.end()
