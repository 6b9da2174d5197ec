"""What a life leaves behind: whole files, with the columns that were promised, the same bytes for the same life."""

import csv
from collections import Counter
from datetime import datetime, timedelta

import pytest

from cohortflow.simulation.exports import write_exports
from cohortflow.store import overview

pytestmark = pytest.mark.slow


def rows(lived, name):
    with (lived.out / name).open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_every_file_has_its_columns(lived):
    columns = {path.name: path.read_text(encoding="utf-8").partition("\n")[0] for path in lived.out.glob("*.csv")}

    assert {name: line.replace('"', "") for name, line in columns.items()} == {
        "messages.csv": "message_id,cohort,occasion,about,person_id,role,template,language,due_at,sent_at,state,reason",
        "pairs.csv": "mentee_id,mentor_id,score,status,reasons,runner_up_id,runner_up_loss",
        "unmatched.csv": "person_id,role,reason",
        "quarantine.csv": "file,row,column,reason",
        "events.csv": "chain,seq,at,kind,actor,occasion,about,counts,bundle,hash",
    }


def test_every_mail_is_one_row(lived):
    messages = rows(lived, "messages.csv")

    assert len(messages) == len({row["message_id"] for row in messages})
    assert {row["cohort"] for row in messages} == {"first-steps/2027-summer"}
    assert Counter(row["state"] for row in messages)["accepted"] == len(lived.life.transport)


def test_times_have_the_readers_offset(lived):
    with lived.life.house.database.read() as db:
        sites = overview.sites(db)
    offsets = {"Pune": timedelta(hours=5, minutes=30)}
    told = [row for row in rows(lived, "messages.csv") if sites.get(row["person_id"]) == "Pune" and row["sent_at"]]

    assert told
    assert {datetime.fromisoformat(row["sent_at"]).utcoffset() for row in told} == {offsets["Pune"]}
    owners = [row for row in rows(lived, "messages.csv") if row["person_id"].startswith("role:")]
    assert {datetime.fromisoformat(row["due_at"]).utcoffset() for row in owners} <= {
        timedelta(hours=1),
        timedelta(hours=2),
    }


def test_who_applied_is_paired_or_unmatched(lived):
    with lived.life.house.database.read() as db:
        applied = {row["person_id"] for row in overview.participant_rows(db, lived.life.cohort.id) if row["applied_at"]}
    pairs, unmatched = rows(lived, "pairs.csv"), rows(lived, "unmatched.csv")
    lasted = {row[name] for row in pairs if "completed" in row["status"] for name in ("mentee_id", "mentor_id")}

    assert lasted | {row["person_id"] for row in unmatched} == applied
    assert not lasted & {row["person_id"] for row in unmatched}
    assert all(row["reason"] for row in unmatched)
    assert all(row["reasons"] and not row["runner_up_id"] for row in pairs)


def test_the_pages_are_whole(lived):
    assert lived.life.cohort.program.name in (lived.out / "book.html").read_text(encoding="utf-8")
    assert (lived.out / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert not list(lived.out.glob(".*"))


def test_writing_twice_gives_the_same_bytes(lived, tmp_path):
    write_exports(lived.life, tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in lived.out.iterdir()
    }
