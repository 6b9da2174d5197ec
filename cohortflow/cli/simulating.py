"""`company`, `simulate` and `demo`: made-up rosters, and a cohort's whole life in seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cohortflow.cli.finding import nearest, program_file
from cohortflow.cli.plan import PIPED_WIDTH
from cohortflow.cli.words import as_typed, say
from cohortflow.programs.documents import read_config
from cohortflow.programs.parsing import parse_program
from schemas.errors import CohortflowError
from schemas.settings import CHECKOUT, Settings

DEMO_PROGRAM, DEMO_COHORT = CHECKOUT / "program_configs" / "emerging-leaders.yaml", "2027-spring"


def write_rosters(people: int, seed: int, out: Path, on: date | None) -> None:
    """Write a year of rosters, and one untidy export to try the quarantine with."""
    from cohortflow.simulation.company import write_company

    if on is not None and not 2000 <= on.year <= 2099:
        raise CohortflowError(f"--on: {on} is not in this century; leave it out for today")
    files = write_company(people, seed, out, on or datetime.now(UTC).date())
    for file in files:
        say(as_typed(file))
    say(f"Put one into the inbox of a program, then run `cohortflow tick`. The file in {as_typed(out / 'untidy')} ")
    say("is wrong on purpose; the text beside it says where.")


def demo(out: Path, seed: int, engine: str) -> None:
    """The shipped cohort on the synthetic company; its flow runs stay where Prefect's own pages can show them."""
    runs = Settings().var / "demo-prefect"
    simulate(str(DEMO_PROGRAM), DEMO_COHORT, out, people=None, company=600, seed=seed, engine=engine, runs=runs)


def simulate(
    named: str,
    key: str,
    out: Path,
    *,
    people: Path | None,
    company: int,
    seed: int,
    engine: str,
    runs: Path | None = None,
) -> None:
    """Live through a cohort, write what it leaves behind into `out`, and sum it up.

    Args:
        runs: where Prefect keeps its runs; nowhere for long, if left out.
    """
    began = time.monotonic()
    file = program_file(named, Settings())
    key = _known_key(file, key)
    if people is not None and not people.is_file():
        raise CohortflowError(f"{people}: there is no such file; name the CSV of a roster")
    out.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False, stderr=True)
    with _progress(console) as progress, _engine(engine, runs) as wait:
        # Late: these bring pandas, the solver and the mail; the bar is there before them, and Prefect starts meanwhile.
        from cohortflow.cli.summary import sum_up
        from cohortflow.simulation.driver import simulated
        from cohortflow.simulation.exports import write_exports

        wait()
        with simulated(
            file, key, people=company, roster_file=people, seed=seed, engine=engine, progress=progress
        ) as life:
            files = write_exports(life, out)
            lines, problems = sum_up(life), life.problems
    _print_summary(lines, files, f"{engine} engine, {time.monotonic() - began:.0f} seconds", f"{file.stem}/{key}")
    if problems:
        raise CohortflowError("\n".join(dict.fromkeys(problems)))


def _known_key(file: Path, key: str) -> str:
    """The cohort's key; its whole id is understood as well."""
    program = parse_program(read_config(file), file.stem, file.parent.as_posix())
    key = key.removeprefix(f"{file.stem}/")
    if key not in program.cohorts:
        raise CohortflowError(f"{file.stem} has no cohort {key!r}; {nearest(key, list(program.cohorts))}")
    return key


@contextmanager
def _engine(engine: str, runs: Path | None) -> Iterator[Callable[[], None]]:
    """The engine, starting; the function that is given returns when it is up."""
    if engine == "plain":
        yield lambda: None
        return
    with ExitStack() as stack:
        from cohortflow.simulation.prefect_runtime import prefect_running

        home = runs or Path(stack.enter_context(TemporaryDirectory(prefix="cohortflow-prefect-")))
        yield stack.enter_context(prefect_running(home))


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[datetime, float], None]]:
    """A bar with the day that is being lived; without a terminal there is none."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=1.0)

        def move(now: datetime, share: float) -> None:
            bar.update(task, completed=share, description=f"living through {now:%Y-%m-%d}")

        yield move


def _print_summary(lines: list[tuple[str, str]], files: list[Path], how: str, cohort_id: str) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    console.print(Text(f"{cohort_id} has been lived through ({how}).", style="bold"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, told in lines:
        table.add_row(Text(label), Text(told))
    console.print(table)
    console.print()
    width = max(len(file.as_posix()) for file in files)
    for file in files:
        console.print(Text(f"{file.as_posix():<{width}}  {OPENS[file.name]}"), soft_wrap=True)
    console.print()
    console.print(Text(f"Next: cohortflow plan {cohort_id}"), soft_wrap=True)


OPENS = {
    "book.html": "every mail as its reader got it: open this first",
    "report.html": "the closing report",
    "messages.csv": "one row per mail",
    "pairs.csv": "who was matched with whom, and why",
    "unmatched.csv": "who applied and has no partner, and why",
    "quarantine.csv": "cells of the roster that were not taken in",
    "events.csv": "the history, line by line",
}
