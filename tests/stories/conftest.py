"""Stories begin by entering a scene, and end with every invariant checked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scenes import enter
from story import Enter, PostBox, Story


@pytest.fixture
def enter_at(tmp_path: Path) -> Iterator[Enter]:
    """Open a story at a named moment of the scenes."""
    opened: list[Story] = []

    def enter_story(moment: str, **given: Any) -> Story:
        scene = enter(moment, tmp_path, transport=PostBox(), **given)
        story = Story(scene.house, scene.now)
        story.before = frozenset(row["message_id"] for row in story.mails() if row["state"] == "accepted")
        opened.append(story)
        return story

    yield enter_story
    for story in opened:
        story.end()
