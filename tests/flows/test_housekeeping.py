"""Housekeeping tells of mails in doubt, removes old exports, and leaves the database in order."""

import sqlite3
from datetime import timedelta
from pathlib import Path

from scenes import cohort_recruiting
from store_rows import change

from cohortflow.engine import plainly
from cohortflow.store.tidying import tidy
from flows.house import living_in
from flows.housekeeping import keep_house


def test_it_counts_what_is_in_doubt_for_more_than_a_day(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    change(scene.house.database, "messages", state="unknown")
    sent_at = scene.occasion("recruit.invite#1")["done_at"]

    with plainly(), living_in(scene.house):
        soon, later = keep_house(sent_at + timedelta(hours=20)), keep_house(sent_at + timedelta(days=2))

    assert soon["doubtful mails"] == 0
    assert later["doubtful mails"] == 10


def test_old_exports_go_and_young_ones_stay(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    exports = scene.home / "var" / "exports" / "small-circle-2027-spring"
    old, young = exports / "2020-01-01T000000Z", exports / f"{scene.now:%Y-%m-%dT%H%M%SZ}"
    old.mkdir(parents=True)
    young.mkdir()

    with plainly(), living_in(scene.house):
        assert keep_house(scene.now)["exports removed"] == 1

    assert young.exists() and not old.exists()


def test_an_emptied_file_shrinks_and_stays_sound(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    file = scene.home / "var" / "cohortflow.db"
    with sqlite3.connect(file) as db:
        db.execute("create table ballast (words text)")
        db.executemany("insert into ballast values (?)", [("x" * 1000,)] * 5000)
    with sqlite3.connect(file) as db:
        db.execute("drop table ballast")
    before = file.stat().st_size

    assert tidy(scene.house.database) > 1000

    assert file.stat().st_size < before / 2
    with sqlite3.connect(file) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
