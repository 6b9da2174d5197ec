"""Folders of rosters: one is moved, two name the same people, two programs judge one, an export comes corrected."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from scene_files import COMPANY, PROGRAM, roster_csv
from story import ADA, Enter, Story, with_change

from flows import roster

pytestmark = pytest.mark.slow

OTHER = with_change(with_change(PROGRAM, "name: Small Circle", "name: Other Circle"), "2027-spring:", "2027-other:")


def drop(story: Story, folder: str, content: str, name: str = "") -> Path:
    file = story.home / "inbox" / folder / (name or f"w-{story.now:%Y-%m-%d}.csv")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    return file


def declare_other(story: Story, people: str, name: str = "other-circle") -> None:
    text = with_change(OTHER, "cohorts:\n", f"people: {{ {people} }}\ncohorts:\n")
    (story.home / "program_configs" / f"{name}.yaml").write_text(text, encoding="utf-8")


def source(story: Story, name: str) -> dict[str, object]:
    (row,) = story.rows("sources", source=f"inbox/{name}/*.csv")
    return row


def test_a_folder_that_is_renamed_stops_nothing_and_leavers_are_seen(enter_at: Enter) -> None:
    story = enter_at("checking_in")
    story.write_company(with_change(COMPANY, "inbox/workers", "inbox/hr"))
    story.now += timedelta(days=1)
    drop(story, "hr", roster_csv(left=[ADA]))

    story.tick()

    assert source(story, "hr")["state"] == "ok"
    assert {row["source"] for row in story.rows("people")} == {"inbox/hr/*.csv"}
    assert {match["state"] for match in story.matches() if match["mentee_id"] == ADA} == {"ended"}


def test_a_second_folder_with_the_same_people_changes_nothing_for_them(enter_at: Enter) -> None:
    story = enter_at("recruiting")
    before = {row["person_id"]: row["row_hash"] for row in story.rows("people")}
    declare_other(story, "from: inbox/other/*.csv")
    newcomer = "X1,x1@acme.example,X One,,Sales,Seller,P4,Berlin,2020-01-01,en,Active\n"
    for _ in range(2):
        story.now += timedelta(days=1)
        story.drop_roster()
        drop(story, "other", roster_csv(left=[ADA]) + newcomer)
        story.tick()

    after = {row["person_id"]: row for row in story.rows("people")}
    assert {key: after[key]["row_hash"] for key in before} == before, "the first folder still speaks for them"
    assert after["X1"]["source"] == "inbox/other/*.csv"
    assert (source(story, "other")["state"], source(story, "workers")["state"]) == ("ok", "ok")


@pytest.mark.parametrize("name", ["alpha", "zeta"])
def test_each_program_says_for_itself_how_old_a_roster_may_be(enter_at: Enter, name: str) -> None:
    story = enter_at("recruiting")
    declare_other(story, "hold_if: { older_than: 1 day }", name)
    story.now += timedelta(days=3)

    story.tick()

    held = {row["program_id"]: row["roster_hold"] for row in story.rows("cohorts")}
    assert held["small-circle"] is None
    assert "older than 1 day" in held[name]


@pytest.mark.parametrize("name", ["{}-corrected.csv", "{} (1).csv", "{}.csv"])
def test_a_corrected_export_of_the_same_day_is_read(enter_at: Enter, name: str) -> None:
    story = enter_at("recruiting")
    story.now += timedelta(days=1)
    day = f"workers-{story.now:%Y-%m-%d}"
    half = drop(story, "workers", "Employee ID,Work Email\nB01", f"{day}.csv")
    os.utime(half, (1_800_000_000, 1_800_000_000))
    story.tick()
    assert source(story, "workers")["state"] == "faulty"

    mended = drop(story, "workers", roster_csv(), name.format(day))
    os.utime(mended, (1_800_000_600, 1_800_000_600))
    story.now += timedelta(minutes=10)
    story.tick()

    assert (source(story, "workers")["file"], source(story, "workers")["state"]) == (mended.name, "ok")
    assert story.cohort()["roster_hold"] is None


def test_a_file_that_breaks_the_reader_holds_its_folder_alone(enter_at: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    story = enter_at("recruiting")
    declare_other(story, "from: inbox/other/*.csv")
    story.now += timedelta(days=1)
    drop(story, "other", roster_csv())
    broken = roster.read_roster

    def read(content: bytes, *given: object, file: str) -> object:
        if file.startswith("w-"):
            raise ZeroDivisionError
        return broken(content, *given, file=file)  # type: ignore[arg-type]

    monkeypatch.setattr(roster, "read_roster", read)
    story.drop_roster()
    story.tick()

    held = {row["program_id"]: row["roster_hold"] for row in story.rows("cohorts")}
    assert held["small-circle"] is None
    assert "could not be taken in" in held["other-circle"]
