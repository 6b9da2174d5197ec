"""I-15: an upgrade in the middle of a cohort's life changes nothing of it; a downgrade that would lose is refused."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from grounds import state_of
from invariants import check_invariants
from scenes import Scene, enter, open_scene
from small_town import OPENS, TICK, Town

from cohortflow.store.database import Database
from cohortflow.store.migrating import migration_config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
REVISIONS = sorted(each.revision for each in ScriptDirectory.from_config(migration_config()).walk_revisions())
MOMENTS = {"recruiting": 30, "awaiting_approval": 10, "checking_in": 20}  # and how many days are lived from there
LOSSES = {
    "0002": ("insert into mail_breakers (transport, mark, code, tripped_at, tripped_by) "
             "values ('sendgrid', '-', '401', '2027-01-01 00:00:00', 'delivery')", "go on sending"),
    "0003": ("update instance set sending_hold = 'restored'", "would not wait"),
}  # fmt: skip


def downgrade(database: Database, revision: str) -> None:
    """Bring a database down to an older schema, or raise."""
    config = migration_config()
    with database.write() as db:
        config.attributes["connection"] = db
        command.downgrade(config, revision)


def lived_on(scene: Scene, days: int) -> Scene:
    """A scene some days later."""
    return scene.live_to(scene.now + timedelta(days=days))


@pytest.mark.parametrize("revision", REVISIONS[:-1])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_life_goes_on_across_an_upgrade(tmp_path: Path, moment: str, revision: str) -> None:
    undisturbed = enter(moment, tmp_path / "undisturbed")
    lived_on(undisturbed, MOMENTS[moment])
    old = enter(moment, tmp_path / "upgraded")
    old.house.database.close()
    downgrade(old.house.database, revision)
    old.close()

    upgraded = open_scene(tmp_path / "upgraded", old.now, transport=old.house.transport)
    before = {row["message_id"] for row in upgraded.mails() if row["state"] == "accepted"}
    lived_on(upgraded, MOMENTS[moment])

    assert state_of(upgraded.house.database) == state_of(undisturbed.house.database)
    check_invariants(upgraded.house, before=before)
    assert not before & {letter.message_id for letter, _ in upgraded.sent}
    undisturbed.close()
    upgraded.close()


@pytest.mark.parametrize("revision", LOSSES)
def test_a_downgrade_that_would_lose_is_refused(tmp_path: Path, revision: str) -> None:
    scene = enter("recruiting", tmp_path)
    statement, told = LOSSES[revision]
    with scene.house.database.write() as db:
        db.execute(sa.text(statement))
    before = state_of(scene.house.database)

    with pytest.raises(RuntimeError, match=told):
        downgrade(scene.house.database, revision)

    assert state_of(scene.house.database) == before
    scene.close()


def test_an_old_worker_leaves_a_newer_schema_alone(town: Town) -> None:
    town.let_it_be(OPENS)
    with town.database.write() as db:
        db.execute(sa.text("update alembic_version set version_num = '9999'"))
    before = state_of(town.database)

    worker = town.tick(None, *TICK)

    assert worker.code != 0 and "newer version" in worker.said() and "Traceback" not in worker.said()
    assert state_of(town.database) == before
    assert town.letters() == {}
