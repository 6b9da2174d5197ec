"""`cohortflow quarantine`: which rows and cells of the files that came could not be used, and how to mend them."""

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from cohortflow.cli.running import at_home
from cohortflow.cli.words import as_typed, count, say
from cohortflow.store import people
from tasks.csv_files import ROW
from tasks.exports import to_csv

COLUMNS = ("file", "row", "column", "reason")
MOST_SHOWN = 50


def show(out: Path | None, every: bool, as_json: bool) -> None:
    """Print what stands in quarantine, or write it for a spreadsheet; the rows are numbered as one shows them."""
    with at_home() as house, house.database.read() as db:
        cells = people.quarantined(db, newest_only=not every)
    if as_json:
        sys.stdout.write(json.dumps(cells, indent=2, ensure_ascii=False) + "\n")
        return
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(to_csv(cells, COLUMNS), encoding="utf-8", newline="")
        say(f"{as_typed(out)}: {count(len(cells), 'cell')}")
        return
    _print(cells)


def _print(cells: list[dict[str, Any]]) -> None:
    if not cells:
        say("Nothing is in quarantine: every row of the newest files was taken in.")
    for file, of_it in groupby(cells[:MOST_SHOWN], lambda cell: str(cell["file"])):
        say(f"{file}:")
        for cell in of_it:
            where = f"row {cell['row']}" if cell["column"] == ROW else f"row {cell['row']}, {cell['column']}"
            say(f"  {where}: {cell['reason']}")
    if len(cells) > MOST_SHOWN:
        say(f"and {len(cells) - MOST_SHOWN:,} more; `--out quarantine.csv` writes all of them for a spreadsheet")
