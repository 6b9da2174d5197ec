"""`cohortflow status`: how the cohorts stand, what comes next, and what is in the way. Numbers, never a person."""

import json
import sys
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.engine import Connection

from cohortflow.cli.mail_status import print_holds
from cohortflow.cli.plan import PIPED_WIDTH
from cohortflow.cli.plan_difference import confirmation
from cohortflow.cli.running import at_home
from cohortflow.cli.words import count, tally
from cohortflow.store import cohorts, edits, frames, instances, occasions, overview, places, tallies
from cohortflow.store.cohorts import CohortRow
from flows.acting import known_row


def show(cohort_id: str, as_json: bool) -> int:
    """Print the status of everything, or of one cohort with its occasions."""
    with at_home() as house, house.database.read() as db:
        rows = [known_row(db, cohort_id)] if cohort_id else cohorts.read_rows(db)
        upcoming = overview.next_occasions(db)
        last = instances.last_tick(db)
        found: dict[str, Any] = {
            "last_tick_at": last.isoformat(timespec="seconds") if last else None,
            "sending_held_because": places.sending_hold(db),
            "mails_sent_twice": overview.repeated_mails(db),
            "cohorts": [_cohort(db, row, upcoming) for row in rows],
            "program_faults": overview.faulty_programs(db),
            "rosters": [_roster(row) for row in tallies.source_rows(db)],
        }
        if cohort_id:
            zone = ZoneInfo(frames.load_cohort(db, rows[0]).program.calendar.time_zone)
            found["occasions"] = [_occasion(row, zone) for row in occasions.rows_of(db, cohort_id)]
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        _print(Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH), found)
    return 0


def _cohort(db: Connection, row: CohortRow, upcoming: dict[str, tuple[str, datetime]]) -> dict[str, Any]:
    key, at = upcoming.get(row.cohort_id, ("", None))
    zone = ZoneInfo(frames.load_cohort(db, row).program.calendar.time_zone)
    return {
        "cohort": row.cohort_id,
        "state": row.state,
        "held_because": row.held_reason,
        "roster_hold": row.roster_hold,
        "refused_line": row.refused_line.partition(" ")[2] if row.refused_line else None,
        "waiting_edit": _waiting_edit(db, row.cohort_id),
        "next": key or None,
        "next_at": at.astimezone(zone).isoformat(timespec="minutes") if at else None,
        "participants": tallies.participant_states(db, row.cohort_id),
        "matches": tallies.match_states(db, row.cohort_id),
        "mails": tallies.message_states(db, row.cohort_id),
        "occasions": tallies.occasion_states(db, row.cohort_id),
    }


def _waiting_edit(db: Connection, cohort_id: str) -> dict[str, Any] | None:
    """The edit that waits for an approver, and how to say yes to exactly that one."""
    waiting = edits.read_waiting(db, cohort_id)
    if waiting is None:
        return None
    return {
        "mark": waiting.mark,
        "since": waiting.seen_at.isoformat(timespec="minutes"),
        "consequences": waiting.consequences,
        "confirm": confirmation(cohort_id, waiting.mark),
    }


def _roster(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("source", "file", "rows", "quarantined", "state", "reason")}
    return told | {"file_on": row["file_on"].isoformat() if row["file_on"] else None}


def _occasion(row: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    times = {name: row[name].astimezone(zone).isoformat(timespec="minutes") if row[name] else None for name in TIMES}
    return {name: row[name] for name in ("key", "about", "stage", "state", "reason", "last_error")} | times


TIMES = ("due_at", "ready_at", "done_at", "retry_at")


# --- to read ------------------------------------------------------------------------------------------------------


def _print(console: Console, found: dict[str, Any]) -> None:
    print_holds(console, found)
    if not found["cohorts"]:
        console.print("No cohort yet. Declare one in program_configs/, then run `cohortflow tick`.")
    for each in found["cohorts"]:
        _print_cohort(console, each)
    if "occasions" in found:
        console.print(_occasion_table(found["occasions"]))
    for name, faults in found["program_faults"].items():
        console.print(Text(f"{name}: {count(len(faults), 'fault')}; it stays on what was accepted", style="bold"))
        for fault in faults:
            console.print(Text(f"  {fault}"))
    for roster in found["rosters"]:
        console.print(Text(_roster_line(roster)))
        if roster["quarantined"]:
            console.print(Text(f"  {count(roster['quarantined'], 'cell')} in quarantine: see `cohortflow quarantine`"))
    console.print(Text(f"last tick: {found['last_tick_at'] or 'none yet; run `cohortflow tick`'}"))


def _print_cohort(console: Console, each: dict[str, Any]) -> None:
    console.print(Text.assemble((each["cohort"], "bold"), f"  {each['state']}"))
    if each["next"]:
        console.print(Text(f"  next          {each['next']} at {each['next_at']}"))
    for label, key in (("held", "held_because"), ("roster", "roster_hold"), ("line refused", "refused_line")):
        if each[key]:
            console.print(Text(f"  {label:<13} {each[key]}"))
    if each["waiting_edit"]:
        _print_waiting(console, each["waiting_edit"])
    for key in ("participants", "matches", "mails"):
        console.print(Text(f"  {key:<13} {tally(each[key])}"))


def _print_waiting(console: Console, edit: dict[str, Any]) -> None:
    console.print(Text(f"  edit waits    since {edit['since']}; the cohort goes on by its old line. A yes would mean:"))
    for consequence in edit["consequences"]:
        console.print(Text(f"                  {consequence}"))
    console.print(Text(f"                an approver says yes with: {edit['confirm']}"))


def _roster_line(roster: dict[str, Any]) -> str:
    told = f"roster {roster['source']}: {roster['file'] or 'no file yet'}"
    if roster["file_on"]:
        told += f" of {roster['file_on']}, {count(roster['rows'], 'person', 'people')}"
    reason = (roster["reason"] or "").removeprefix(f"{roster['source']}: ")
    return told + (f"; {roster['state']}: {reason}" if reason else "")


def _occasion_table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="bold")
    for name in ("occasion", "about", "state", "at"):
        table.add_column(name, no_wrap=True)
    table.add_column("remark", overflow="fold")
    for row in rows:
        at = row["done_at"] or row["retry_at"] or row["ready_at"] or row["due_at"] or ""
        about = "" if row["about"] == "-" else row["about"]
        table.add_row(*map(Text, (row["key"], about, row["state"], at, row["reason"] or row["last_error"] or "")))
    return table
