"""`company`, `simulate` and `demo`: made-up rosters, and a cohort's whole life in seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from cohortflow.cli.finding import nearest, program_file
from cohortflow.cli.words import as_typed, count, say, tally
from cohortflow.programs.documents import read_config
from cohortflow.programs.parsing import parse_program
from schemas.errors import CohortflowError
from schemas.settings import CHECKOUT, Settings

DEMO_PROGRAM, DEMO_COHORT = CHECKOUT / "program_configs" / "emerging-leaders.yaml", "2027-spring"


def write_rosters(people: int, seed: int, out: Path, on: date | None) -> None:
    """Write a year of rosters, and one untidy export to try the quarantine with."""
    from cohortflow.simulation.company import write_company

    files = write_company(people, seed, out, on or datetime.now(UTC).date())
    for file in files:
        say(as_typed(file))
    say(f"Put one into the inbox of a program, then run `cohortflow tick`. The file in {as_typed(out / 'untidy')} ")
    say("is wrong on purpose; the text beside it says where.")


def demo(out: Path, seed: int, engine: str) -> None:
    """The shipped cohort on the synthetic company."""
    simulate(str(DEMO_PROGRAM), DEMO_COHORT, out, people=None, company=600, seed=seed, engine=engine)


def simulate(
    named: str, key: str, out: Path, *, people: Path | None, company: int, seed: int, engine: str
) -> None:
    """Live through a cohort, write what it leaves behind into `out`, and sum it up."""
    file = program_file(named, Settings())
    key = _known_key(file, key)
    if people is not None and not people.is_file():
        raise CohortflowError(f"{people}: does not exist; name the roster's CSV file")
    began = time.monotonic()
    console = Console(highlight=False)
    with _progress(console, engine) as progress:
        # Late: these bring pandas, Prefect and the solver, and the bar should be there before them.
        from cohortflow.cli.summary import sum_up
        from cohortflow.simulation.driver import simulated
        from cohortflow.simulation.exports import write_exports
        from cohortflow.simulation.prefect_runtime import prefect_running

        with (
            prefect_running() if engine == "prefect" else nullcontext(),
            simulated(
                file, key, people=company, roster_file=people, seed=seed, engine=engine, progress=progress
            ) as life,
        ):
            files = write_exports(life, out)
            lines = sum_up(life, engine)
    _print_summary(console, lines, files, time.monotonic() - began, engine)


def _known_key(file: Path, key: str) -> str:
    """The cohort's key; its whole id is understood as well."""
    program = parse_program(read_config(file), file.stem, file.parent.as_posix())
    key = key.removeprefix(f"{file.stem}/")
    if key not in program.cohorts:
        raise CohortflowError(f"{file.stem} has no cohort {key!r}; {nearest(key, list(program.cohorts))}")
    return key
