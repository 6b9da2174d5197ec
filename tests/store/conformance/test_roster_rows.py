"""The roster in the store: newer wins over older, and absence is first a question."""

from datetime import date, timedelta

from store_rows import MONDAY, person, rows

from cohortflow.store import people
from cohortflow.store.database import Database
from cohortflow.store.tables import programs

FIRST = date(2027, 1, 4)


def merge(database: Database, *rows: dict[str, object], on: date = FIRST) -> tuple[int, int]:
    with database.write() as db:
        return people.merge(db, "inbox", rows, on)


def absent(database: Database, *present: str, days: int) -> list[str]:
    with database.write() as db:
        return people.note_absent(db, "inbox", set(present), FIRST + timedelta(days=days), "left")


def named(database: Database) -> dict[str, str]:
    return {row["person_id"]: row["name"] for row in rows(database, "people")}


def test_only_what_changed_is_written(database: Database) -> None:
    assert merge(database, person("A"), person("B")) == (2, 0)
    assert merge(database, person("A"), person("B", name="Bo"), person("C"), on=FIRST + timedelta(days=1)) == (2, 1)


def test_an_older_file_never_overwrites_a_newer_one(database: Database) -> None:
    merge(database, person("A", name="New"))

    assert merge(database, person("A", name="Old"), person("B"), on=FIRST - timedelta(days=1)) == (1, 1)

    assert named(database) == {"A": "New", "B": "Person B"}


def test_a_file_of_the_same_day_is_newer(database: Database) -> None:
    merge(database, person("A", name="Morning"))
    merge(database, person("A", name="Noon"))

    assert named(database) == {"A": "Noon"}


def test_absence_once_is_a_question_and_twice_is_leaving(database: Database) -> None:
    merge(database, person("A"), person("B"))

    assert absent(database, "A", days=1) == []
    assert [row["status"] for row in rows(database, "people")] == ["active", "active"]
    assert absent(database, "A", days=2) == ["B"]
    assert [row["status"] for row in rows(database, "people")] == ["active", "left"]
    assert absent(database, "A", days=3) == []


def test_who_comes_back_in_between_has_not_left(database: Database) -> None:
    merge(database, person("A"), person("B"))
    absent(database, "A", days=1)
    absent(database, "A", "B", days=2)

    assert absent(database, "A", days=3) == []


def test_who_comes_back_after_leaving_is_written_anew(database: Database) -> None:
    merge(database, person("A"), person("B"))
    absent(database, "A", days=1)
    absent(database, "A", days=2)

    assert merge(database, person("A"), person("B"), on=FIRST + timedelta(days=3)) == (1, 1)

    assert {row["status"] for row in rows(database, "people")} == {"active"}


def reads(database: Database, *folders: str) -> None:
    """Programs that read these folders, and no others."""
    with database.write() as db:
        db.execute(programs.delete())
        for number, folder in enumerate(folders):
            db.execute(programs.insert().values(program_id=f"p{number}", source=folder, faults=[], seen_at=MONDAY))


def test_people_of_other_folders_are_not_missed(database: Database) -> None:
    reads(database, "inbox", "another")
    with database.write() as db:
        people.merge(db, "another", [person("X")], FIRST)
    merge(database, person("A"))

    assert absent(database, "A", days=1) == absent(database, "A", days=2) == []


def test_a_folder_that_is_moved_takes_its_people_along(database: Database) -> None:
    reads(database, "inbox")
    with database.write() as db:
        people.merge(db, "outbox", [person("A"), person("B"), person("C")], FIRST)

    assert merge(database, person("A"), person("B", name="Bo"), on=FIRST + timedelta(days=1)) == (2, 0)

    found = {row["person_id"]: (row["source"], row["name"]) for row in rows(database, "people")}
    assert found["A"][0] == found["B"][0] == "inbox" and found["B"][1] == "Bo"
    assert absent(database, "A", "B", days=1) == [] and absent(database, "A", "B", days=2) == ["C"]


def test_whoever_stands_in_two_folders_belongs_to_the_first_until_it_is_silent(database: Database) -> None:
    reads(database, "inbox", "another")
    merge(database, person("A"), person("B"))
    with database.write() as db:
        people.note_source(db, "inbox", MONDAY, file_on=FIRST)

    def another(days: int, name: str) -> tuple[int, int]:
        with database.write() as db:
            return people.merge(db, "another", [person("A", name=name)], FIRST + timedelta(days=days))

    assert another(1, "Alpha") == (0, 1)
    assert absent(database, "B", days=2) == []
    assert another(2, "Alpha") == (1, 0), "the first one lacks them now"
    assert absent(database, "B", days=3) == [], "who has moved to the other folder has not left"
    assert another(20, "Al") == (1, 0)
    assert {row["source"] for row in rows(database, "people") if row["person_id"] == "A"} == {"another"}


def test_the_roster_is_read_as_a_table_by_person(database: Database) -> None:
    merge(database, *(person(f"P{n:04}", more={"site_code": n}) for n in range(1200)))

    with database.read() as db:
        some, everybody = people.roster(db, [f"P{n:04}" for n in range(600)] + ["P0000", "nobody"]), people.roster(db)

    assert len(some) == 600 and len(everybody) == 1200 and everybody["person_id"].is_monotonic_increasing
    assert everybody["site_code"].tolist() == list(range(1200))
    assert str(everybody["joined_on"].dtype).startswith("datetime64")


def test_addresses_are_found_without_regard_to_case(database: Database) -> None:
    merge(database, person("A"))

    with database.read() as db:
        assert people.id_by_email(db, ["A@ACME.EXAMPLE", "x@acme.example"]) == {"a@acme.example": "A"}


def test_a_source_is_remembered(database: Database) -> None:
    with database.write() as db:
        people.note_source(db, "inbox", MONDAY, state="ok", file="one.csv")
        people.note_source(db, "inbox", MONDAY, state="held", reason="too old")
        found = people.read_source(db, "inbox")

    assert found is not None and (found["state"], found["file"], found["reason"]) == ("held", "one.csv", "too old")
