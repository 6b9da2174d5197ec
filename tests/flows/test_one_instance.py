"""A database that was copied, moved or put back sends nothing until a person says that it is the one."""

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from scenes import Scene, enter, open_scene
from throwaway_postgres import Cluster

from cohortflow.store import places
from cohortflow.store.tables import instance
from flows import instance as of_ours
from flows.house import House, open_house
from schemas.errors import CohortflowError


def at_home(scene: Scene) -> Scene:
    """The same scene, opened as an installation opens its house, with a transport to look at."""
    scene.house.watched = of_ours.look_around(scene.house.settings, scene.house.database, scene.now)
    return scene


def reopened(home: Path, now: Any, **given: Any) -> Scene:
    return at_home(open_scene(home, now, **given))


def copy_of(scene: Scene, home: Path) -> Path:
    """The database, as a backup copies it."""
    (home / "var").mkdir(parents=True, exist_ok=True)
    (home / "var" / "cohortflow.db").unlink(missing_ok=True)
    source = sqlite3.connect(scene.home / "var" / "cohortflow.db")
    source.execute("VACUUM INTO ?", (str(home / "var" / "cohortflow.db"),))
    source.close()
    shutil.copytree(scene.home / "inbox", home / "inbox", dirs_exist_ok=True)
    return home


def hold_of(scene: Scene) -> str | None:
    with scene.house.database.read() as db:
        return places.sending_hold(db)


def confirm(scene: Scene, by: str = "operations") -> str | None:
    return of_ours.confirm(scene.house.settings, scene.house.database, scene.now, by)


@pytest.fixture
def here(tmp_path: Path) -> Scene:
    return at_home(enter("declared", tmp_path / "here"))


def test_where_it_was_first_opened_it_sends(here: Scene) -> None:
    here.live_past("recruit.invite#1")

    assert here.sent and hold_of(here) is None
    assert hold_of(reopened(here.home, here.now)) is None


def test_a_copy_elsewhere_queues_and_sends_nothing(here: Scene, tmp_path: Path) -> None:
    copy = reopened(copy_of(here, tmp_path / "copy"), here.now)

    copy.tick(here.occasion("recruit.invite#1")["due_at"] + timedelta(hours=6))

    assert copy.sent == [] and hold_of(copy) == places.MOVED
    assert {mail["state"] for mail in copy.mails()} == {"queued"}
    assert [row["chain"] for row in copy.rows("events", kind="mail.instance_held")] == ["company"]
    here.live_past("recruit.invite#1")
    assert here.sent and hold_of(here) is None, "the one it was copied from goes on"


def test_confirmed_the_copy_sends_and_stays_confirmed(here: Scene, tmp_path: Path) -> None:
    copy = reopened(copy_of(here, tmp_path / "copy"), here.now)

    assert confirm(copy) == places.MOVED
    assert confirm(copy) is None, "a second time there is nothing to confirm"
    copy.live_past("recruit.invite#1")

    assert copy.sent and hold_of(reopened(copy.home, copy.now)) is None
    (line,) = copy.rows("events", kind="mail.instance_confirmed")
    assert line["actor"] == "operations"


def test_a_backup_put_back_at_the_same_place_sends_nothing(here: Scene, tmp_path: Path) -> None:
    backup = copy_of(here, tmp_path / "backup")
    began = here.now
    here.live_past("recruit.invite#1")
    assert here.sent
    here.close()
    for file in (here.home / "var").glob("cohortflow.db*"):
        file.unlink()
    shutil.copy(backup / "var" / "cohortflow.db", here.home / "var" / "cohortflow.db")

    restored = reopened(here.home, began)
    restored.tick(restored.occasion("recruit.invite#1")["due_at"] + timedelta(hours=6))

    assert restored.sent == [] and hold_of(restored) == places.OLDER
    assert confirm(restored) == places.OLDER
    restored.tick()
    assert restored.sent


def test_a_new_database_at_an_old_place_sends(here: Scene) -> None:
    here.live_past("recruit.invite#1")
    here.close()
    for file in (here.home / "var").glob("cohortflow.db*"):
        file.unlink()

    assert hold_of(reopened(here.home, here.now)) is None


@pytest.mark.parametrize("by", ["", "  ", "ops@acme.example"])
def test_who_confirms_is_named_without_an_address(here: Scene, by: str) -> None:
    with pytest.raises(CohortflowError, match="short name or a role"):
        confirm(here, by)


@pytest.mark.postgres
def test_a_copy_of_a_database_on_a_server_sends_nothing(postgres_cluster: Cluster, tmp_path: Path) -> None:
    first = postgres_cluster.create()
    here = reopened(
        tmp_path / "here", enter("declared", tmp_path / "when").now, database_url=postgres_cluster.url(first)
    )
    here.close()
    second = postgres_cluster.create(first)

    again = reopened(tmp_path / "here", here.now, database_url=postgres_cluster.url(first))
    copy = reopened(tmp_path / "here", here.now, database_url=postgres_cluster.url(second))
    another_worker = reopened(tmp_path / "there", here.now, database_url=postgres_cluster.url(first))

    assert [hold_of(each) for each in (again, copy, another_worker)] == [None, places.MOVED, None]
    for each in (again, copy, another_worker):
        each.close()


def test_every_way_to_open_a_house_looks_around(here: Scene, tmp_path: Path) -> None:
    home = copy_of(here, tmp_path / "copy")

    opened: House = open_house(here.house.settings.model_copy(update={"home": home, "database_url": ""}))

    with opened.database.read() as db:
        assert db.execute(sa.select(instance.c.sending_hold)).scalar_one() == places.MOVED
    opened.database.close()
