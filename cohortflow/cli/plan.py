"""`cohortflow plan`: the dates and mails of a cohort, as a table to read or as JSON; it writes nothing."""

import json
import sys
from collections.abc import Iterable
from datetime import date, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cohortflow.cli.plan_difference import EXIT, difference_lines
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.plan import Row, plan_notes, plan_rows
from schemas.edits import Difference

PIPED_WIDTH = 120  # without a terminal there is no width to ask for


def print_plan(cohort: Cohort, notes: Iterable[object], as_json: bool, difference: Difference | None = None) -> int:
    """Print the plan; `notes` are faults or sentences to show below it, `difference` what the database knows.

    Returns:
        The exit code: 0, or 2 where an approver must confirm the difference, or 1 where it is refused.
    """
    code = EXIT[difference.verdict] if difference else 0
    if as_json:
        sys.stdout.write(json.dumps(plan_rows(cohort), indent=2, ensure_ascii=False) + "\n")
        return code
    show_plan(_console(), cohort, notes, difference_lines(difference) if difference else ())
    return code


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def show_plan(console: Console, cohort: Cohort, notes: Iterable[object], changes: Iterable[str] = ()) -> None:
    """The readable plan: a title, what it changes, a row per occasion, and the notes below."""
    console.print(Text(_title(cohort), style="bold"))
    for line in changes:
        console.print(Text(line), soft_wrap=True)  # a place such as file:9:18 is not torn apart
    console.print(_table(plan_rows(cohort)))
    for note in (*map(str, notes), *plan_notes(cohort)):
        console.print(Text(note))


def _title(cohort: Cohort) -> str:
    zone = cohort.program.calendar.time_zone
    return (
        f"{cohort.program.name}, {cohort.name} ({cohort.id}): {cohort.starts} to {cohort.ends}, {cohort.seats} seats; "
        f"times of {zone}, every reader gets a mail at the same hour of their own day"
    )


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("date", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("time", no_wrap=True)
    table.add_column("occasion", no_wrap=True)
    table.add_column("sends -> to", overflow="fold")
    table.add_column("moved", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, _cells(row)))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    """Text, not markup: a key with brackets in it is shown as it is."""
    day = weekday = clock = ""
    if row["due_on"] and row["due"]:
        day, due = row["due_on"], datetime.fromisoformat(row["due"])
        weekday = DAYS[date.fromisoformat(day).weekday()]
        clock = f"{due:%H:%M}" if due.date().isoformat() == day else "24:00"  # open to the end of the day
    return day, weekday, clock, row["occasion"], _mail(row), _remark(row)


# Not strftime's %a, which the machine's locale would translate.
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _mail(row: Row) -> str:
    """What is sent to whom; a text that the key names already is not named twice, to leave room for the rest."""
    if not row["sends"]:
        return ""
    named = f".{row['sends']}#" in row["occasion"]
    return f"-> {row['to']}" if named else f"{row['sends']} -> {row['to']}"


def _remark(row: Row) -> str:
    because = row["when"] or row["moved_because"] or ""
    told = row["moved_from"] is None or row["moved_from"] in because
    return because if told else f"from {row['moved_from']}: {because}"
