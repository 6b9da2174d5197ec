"""What people, workers and commands do in a random life, one act each."""

import json
from collections.abc import Iterable
from typing import Any

from invariants import Seen
from properties.lives import MINE, Life
from scene_files import COHORT
from scenes import Scene
from story import Story
from typer.testing import CliRunner

from cohortflow.cli.main import app
from cohortflow.store import claiming, cohorts, messages, occasions
from cohortflow.store.adoption import line_mark
from cohortflow.store.record import Overtaken, record
from flows.approval import approve_matches
from flows.edits import confirm_edit
from schemas.changes import Changes


def mine(seen: Seen, tables: Iterable[str] = MINE) -> list[dict[str, Any]]:
    """The rows of the cohort in some tables."""
    return [row for name in tables for row in seen.rows[name] if row["cohort_id"] == COHORT]


def approved(story: Story, by: str) -> int:
    """Approve what is proposed."""
    return int(approve_matches(story.cohort_id, by, story.now))


def confirmed(story: Story, by: str, mark: str) -> str:
    """Say yes to the edit that waits."""
    return confirm_edit(story.house, story.cohort_id, by, story.now, mark=mark, folder="program_configs").outcome


def held_by_hand(story: Story) -> None:
    """The owner stops the cohort."""
    with story.house.database.write() as db:
        cohorts.hold(db, COHORT, "held by hand", now=story.now, actor="role:owner")


def resumed(story: Story) -> None:
    """The owner lets it go on."""
    with story.house.database.write() as db:
        row = cohorts.read_row(db, COHORT)
        assert row is not None
        cohorts.resume(db, row, now=story.now, actor="role:owner")


def looked(story: Story, command: tuple[str, ...]) -> int:
    """Run a command that only shows something."""
    settings = story.house.settings
    where = {
        "COHORTFLOW_HOME": str(settings.home),
        "COHORTFLOW_DATABASE_URL": settings.database_url,
        "COHORTFLOW_TEMPLATE_DIR": str(settings.templates),
    }
    result = CliRunner().invoke(app, list(command), env=where)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.exit_code


def claimed(story: Scene) -> tuple[Any, list[Any]]:
    """A worker takes what is ready and what is to be sent, and then hears nothing for longer than its lease."""
    with story.house.database.write() as db:
        batch, _ = claiming.claim_batch(db, story.now, owner="sleeper", lease_seconds=0, way="memory")
    with story.house.database.write() as db:
        for stage in ("recruit", "match", "orient", "check_in", "evaluate", "close", "program"):
            if claim := occasions.claim_next(db, COHORT, stage, story.now, owner="sleeper", lease_seconds=0):
                return claim, batch
    return None, batch


def write_late(story: Story, claim: Any, batch: list[Any]) -> None:
    """What the sleeper still tries to write."""
    with story.house.database.write() as db:
        marked = messages.mark(db, [(each, "refused", "late") for each in batch], story.now, owner="sleeper")
        assert marked == [], "a mail was marked by a worker that had lost it"
    if claim is None:
        return
    with story.house.database.read() as db:
        taken_over = not occasions.is_held(db, claim)
        row = cohorts.read_row(db, COHORT)
    assert row is not None
    if not taken_over:
        assert row.state == "held" or row.roster_hold, "nobody has taken the occasion over"
        return
    changes = Changes()
    changes.note("never.told", claim.key)
    try:
        with story.house.database.write() as db:
            hand = {"actor": "sleeper", "config_hash": row.config_hash, "claim": claim}
            record(db, COHORT, row.version, changes, now=story.now, **hand)
    except Overtaken:
        return
    raise AssertionError(f"{claim.key} was recorded by a worker that had lost it")


def fate_of(life: Life) -> str:
    """What became of the line that stands in the file."""
    row, waiting = life.cohort(), life.waiting()
    if life.file.line["key"] != row["key"]:
        return "refused" if (row["refused_line"] or "").startswith(f"{line_mark({})} ") else "nothing"
    if life.in_force() == life.file.line:
        return "applied"
    raw = next(text for text, line in life.lines.items() if line == life.file.line)
    mark = line_mark(json.loads(raw))
    if waiting and waiting["mark"] == mark:
        return "waits"
    return "refused" if (row["refused_line"] or "").startswith(f"{mark} ") else "nothing"
