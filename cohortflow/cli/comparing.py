"""`cohortflow plan --difference`: what a change of files does to one cohort, to a program's, or to all there are."""

import json
import sys

from rich.console import Console
from rich.text import Text

from cohortflow.cli.difference import difference_of, without_file, without_line
from cohortflow.cli.finding import Target, find, nearest
from cohortflow.cli.plan_difference import EXIT, difference_lines
from cohortflow.programs.cohorts import read_cohort
from cohortflow.programs.documents import program_files, read_config
from cohortflow.programs.parsing import parse_program
from schemas.edits import Difference
from schemas.errors import CohortflowError
from schemas.settings import Settings

NO_DATABASE = "there is no database to compare with"
WIDE = 10_000  # a place such as file:9:18 is not torn apart


def compare(named: str, as_json: bool) -> int:
    """Print the differences: of a cohort, of all cohorts of a program, or of all programs when nothing is named.

    As JSON one cohort is an object, several are a list; a cohort without a database to compare with is null.

    Returns:
        1 when something is refused; else 2 when an approver must confirm something; else 0.

    Raises:
        ProgramError: a file has faults.
    """
    settings = Settings()
    targets = [find(named, settings)] if named else [Target(file, "") for file in program_files(settings.programs)]
    found = {name: each for target in targets for name, each in _differences(target, settings).items()}
    if not named and targets:
        found |= without_file([target.program_id for target in targets], settings, targets[0].file.parent.as_posix())
    if as_json:
        told = [each.as_json() if each else None for each in found.values()]
        is_one = bool(named and targets[0].key)
        sys.stdout.write(json.dumps(told[0] if is_one else told, indent=2, ensure_ascii=False) + "\n")
    else:
        _print(found)
    codes = {EXIT[each.verdict] for each in found.values() if each}
    return next((code for code in (1, 2) if code in codes), 0)


def _differences(target: Target, settings: Settings) -> dict[str, Difference | None]:
    texts, folder = read_config(target.file), target.file.parent.as_posix()
    keys = list(parse_program(texts, target.program_id, folder).cohorts)
    if target.key and target.key not in keys:
        gone = without_line(target.program_id, keys, texts, settings, folder)
        if target.cohort_id in gone:
            return {target.cohort_id: gone[target.cohort_id]}
        raise CohortflowError(f"{target.program_id} has no cohort {target.key!r}; {nearest(target.key, keys)}")
    found: dict[str, Difference | None] = {}
    for key in [target.key] if target.key else keys:
        cohort = read_cohort(texts, target.program_id, key, folder=folder)
        found[cohort.id] = difference_of(cohort, texts, settings, folder=folder)
    return found if target.key else {**found, **without_line(target.program_id, keys, texts, settings, folder)}


def _print(found: dict[str, Difference | None]) -> None:
    console = Console(highlight=False, width=WIDE)
    for name, difference in found.items():
        if len(found) > 1:
            console.print(Text(name, style="bold"))
        for line in difference_lines(difference, whole=True) if difference else [NO_DATABASE]:
            console.print(Text(line), soft_wrap=True)
