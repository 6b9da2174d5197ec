"""Export a cohort: its tables and its report, as files for the people who run it. They hold ids, scores and reasons."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cohortflow.engine import flow, show_table
from cohortflow.store import frames, overview
from flows.acting import By, CohortId, Why, acting_on, acting_part, known_row
from flows.house import House
from flows.reporting import draw_report
from tasks.exports import to_csv

PAIRS = ("match_id", "mentee_id", "mentor_id", "score", "state", "end_reason", "round", "reasons", "approved_by")
PEOPLE = ("person_id", "role", "state", "capacity", "applied_at", "left_at", "reason")
MAILS = ("message_id", "occasion", "about", "person_id", "role", "template", "due_at", "sent_at", "state", "reason")
OCCASIONS = ("key", "about", "stage", "state", "due_at", "ready_at", "done_at", "reason", "attempts", "last_error")
HISTORY = ("chain", "seq", "at", "kind", "actor", "occasion", "about", "counts", "hash")


@flow("export-cohort", run_name="export · {cohort_id}")
def export_cohort(cohort_id: CohortId, by: By, why: Why = "not said", now: datetime | None = None) -> str:
    """Write pairs.csv, people.csv, mails.csv, occasions.csv, history.csv and report.html of a cohort on the worker.

    They lie under var/exports/ of the home, readable by its owner only; nothing of them comes into Prefect.

    Args:
        cohort_id: such as emerging-leaders/2027-spring.
        by: role:approver#1 is the first address under `approvers:`; role:owner the owner.
        why: for the record.
        now: leave it at None.

    Returns:
        Where they lie.
    """
    with acting_on(cohort_id, now) as (house, at):
        files = export(house, cohort_id, by, why, at)
        rows = [{"file": file.name, "bytes": file.stat().st_size} for file in files]
        show_table("export", rows, f"Files of {cohort_id}")
    return f"{len(files)} files in {files[0].parent.relative_to(house.settings.home.resolve())}"


def export(house: House, cohort_id: str, by: str, why: str, now: datetime) -> list[Path]:
    """Write the files of a cohort, each whole or not at all, and note in its history who asked.

    Raises:
        CohortflowError: there is no such cohort, or somebody else asks.
    """
    with house.database.read() as db:
        cohort = frames.load_cohort(db, known_row(db, cohort_id))
        part = acting_part(cohort, by)
        found = overview.of_cohort(db, cohort_id)
    zone = ZoneInfo(cohort.program.calendar.time_zone)
    wanted = {"pairs": PAIRS, "people": PEOPLE, "mails": MAILS, "occasions": OCCASIONS, "history": HISTORY}
    texts = {
        f"{name}.csv": to_csv((_local(row, zone) for row in found[name]), columns) for name, columns in wanted.items()
    }
    texts["report.html"] = draw_report(house, cohort_id, now)
    folder = house.settings.var.resolve() / "exports" / cohort_id.replace("/", "-") / f"{now:%Y-%m-%dT%H%M%SZ}"
    for made in (folder.parents[1], folder.parent, folder):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = [_write(folder / name, text) for name, text in texts.items()]
    with house.database.write() as db:
        overview.note_export(db, cohort_id, now=now, actor=part, files=len(files), why=why)
    return files


def _local(row: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    shown = {name: value.astimezone(zone) for name, value in row.items() if isinstance(value, datetime)}
    counts = {"counts": [f"{name}={value}" for name, value in sorted(row["counts"].items())]} if "counts" in row else {}
    return row | shown | counts


def _write(file: Path, text: str) -> Path:
    part = file.with_name(f".{file.name}.part")
    with os.fdopen(
        os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
    ) as out:
        out.write(text)
    part.replace(file)
    return file
