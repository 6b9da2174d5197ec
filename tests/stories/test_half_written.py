"""A program's file is looked at while somebody is still saving it: no alarm, and nothing is lost."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from scene_files import PROGRAM
from story import OWNER, Enter, Story

pytestmark = pytest.mark.slow

EVERY = 50
CUTS = sorted({*range(EVERY, len(PROGRAM), EVERY), *(m.start() + 1 for m in re.finditer("\n", PROGRAM[:-1]))})


def life_of(story: Story) -> dict[str, list[dict[str, Any]]]:
    """The cohort, what it has before it, who is in it and what it sent, but not which text of the file it follows."""
    followed = ("config_hash", "occasion_id", "version")
    rows = {table: story.rows(table) for table in ("cohorts", "occasions", "participants", "messages")}
    return {
        table: [{name: value for name, value in row.items() if name not in followed} for row in found]
        for table, found in rows.items()
    }


def kinds_told(story: Story) -> Counter[str]:
    """How often the history tells each kind of thing."""
    return Counter(str(event["kind"]) for event in story.rows("events"))


@pytest.mark.parametrize("moment", ["declared", "recruiting"])
def test_a_file_completed_by_the_next_tick_raises_no_alarm(enter_at: Enter, moment: str) -> None:
    story = enter_at(moment)
    story.tick()
    before, told = life_of(story), kinds_told(story)

    for cut in CUTS:
        story.write_program(PROGRAM[:cut])
        story.tick(story.now + timedelta(seconds=10))
        story.write_program(PROGRAM)
        story.tick(story.now + timedelta(seconds=10))

        assert life_of(story) == before, f"cut after {cut} characters: {PROGRAM[:cut].splitlines()[-1]!r}"

    assert story.got(OWNER) == []
    assert kinds_told(story) == told
    (known,) = story.rows("programs", program_id="small-circle")
    assert known["faults"] == []


def test_a_block_that_is_taken_out_on_purpose_is_gone_a_tick_later(enter_at: Enter) -> None:
    story = enter_at("declared")
    shorter = PROGRAM[: PROGRAM.index("measure:")]

    story.write_program(shorter)
    story.tick(story.now + timedelta(minutes=10))
    (waiting,) = story.rows("programs", program_id="small-circle")
    story.tick(story.now + timedelta(minutes=10))
    (followed,) = story.rows("programs", program_id="small-circle")

    assert waiting["seen_hash"].startswith("unfinished-")
    assert followed["accepted_hash"] == followed["seen_hash"] != waiting["accepted_hash"]
    assert story.got(OWNER) == []
