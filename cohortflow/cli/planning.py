"""`cohortflow plan`: find the program, look for faults, and show the plan or the whole file."""

import sys
from pathlib import Path

from cohortflow.cli.check import template_names
from cohortflow.cli.difference import as_it_runs, difference_of
from cohortflow.cli.errors import tell
from cohortflow.cli.finding import Target, find, nearest
from cohortflow.cli.plan import print_plan
from cohortflow.cli.words import as_page, as_typed, printable
from cohortflow.programs.cohorts import read_cohort
from cohortflow.programs.documents import read_config
from cohortflow.programs.parsing import check_config, parse_program, resolved_text
from schemas.errors import CohortflowError
from schemas.settings import Settings


def show(named: str, defaults: bool, as_json: bool, html: Path | None = None) -> int:
    """Print the plan of a cohort, or with `defaults` the program with all it leaves out.

    Returns:
        1 when it has faults or the database refuses the change; 2 when an approver must confirm it; else 0.
    """
    settings = Settings()
    target = find(named, settings)
    texts = read_config(target.file)
    folder = target.file.parent.as_posix()
    faults = check_config(texts, target.program_id, folder, template_names(settings.templates))
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        for fault in errors:
            tell(str(fault))
        tell(f"Mend the file, then run `cohortflow check {target.file.as_posix()}`.")
        return 1
    if defaults:
        sys.stdout.write(printable(resolved_text(texts, target.program_id, folder)))
        return 0
    keys = list(parse_program(texts, target.program_id, folder).cohorts)
    if not target.key:
        raise CohortflowError(_which(target, keys))
    if target.key not in keys:
        raise CohortflowError(f"{target.program_id} has no cohort {target.key!r}; {nearest(target.key, keys)}")
    cohort = read_cohort(texts, target.program_id, target.key, folder=folder)
    difference = difference_of(cohort, texts, settings, folder=folder)
    cohort = as_it_runs(cohort, texts, settings, folder)
    if html is not None:
        from cohortflow.cli.plan_page import write_plan  # late: only this needs the page's machinery

        html = as_page(html, "plan")
        write_plan(cohort, html, faults, difference)
        tell(f"Calendar page: {as_typed(html)}")
    return print_plan(cohort, faults, as_json, difference)


def _which(target: Target, keys: list[str]) -> str:
    named = " or ".join(f"`cohortflow plan {target.program_id}/{key}`" for key in keys)
    return f"{target.program_id}: name a cohort, for example {named}; or add --defaults for the whole program"
