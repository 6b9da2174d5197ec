"""Every lint of a program, in one pass over its tree and one over each of its cohorts."""

from collections.abc import Iterator

from cohortflow.programs.cohorts import dated_cohort, forms_of
from cohortflow.programs.form_gaps import form_gaps
from cohortflow.programs.lints.capacity import limit_faults
from cohortflow.programs.lints.closed_days import holiday_faults
from cohortflow.programs.lints.matching import matching_faults
from cohortflow.programs.lints.measures import keep_faults, target_faults
from cohortflow.programs.lints.order import order_faults
from cohortflow.programs.lints.people import people_faults
from cohortflow.programs.lints.rhythm import rhythm_faults
from cohortflow.programs.lints.views import Page, Run, fault, place_of
from cohortflow.programs.parsing import Reading
from schemas.errors import CohortflowError, Fault

_OF_A_PAGE = (people_faults, matching_faults, target_faults, limit_faults)
_OF_A_RUN = (order_faults, rhythm_faults, holiday_faults, keep_faults)


def page_faults(page: Page) -> list[Fault]:
    """What a program would regret whatever its dates are."""
    return [found for lint in _OF_A_PAGE for found in lint(page)]


def run_faults(run: Run) -> list[Fault]:
    """What one cohort would regret on its dates."""
    try:
        return [found for lint in _OF_A_RUN for found in lint(run)]
    except CohortflowError as problem:
        message = f"the dates of this cohort cannot be worked out: {_told_once(run, str(problem))}"
        return [fault(place_of(run.line), ("cohorts", run.cohort.key), message, "error")]


def _told_once(run: Run, problem: str) -> str:
    return problem.removeprefix(f"{run.cohort.id}: ")


def lint(reading: Reading, texts: dict[str, str], program_id: str, folder: str) -> tuple[list[Fault], list[Run]]:
    """The lints of a whole program, and its cohorts; of a program with errors only what needs no dates."""
    assert reading.tree is not None
    home, forms = reading.sources.home, forms_of(texts, folder)
    page = Page(reading.tree, forms, home)
    pages = {key: Page(view, forms, home) for key, (view, _) in reading.views.items()}
    faults = [found for each in (page, *pages.values()) for found in page_faults(each)]
    runs = [] if reading.faults else list(_runs(reading, page, pages, program_id))
    faults += form_gaps(texts, folder, reading.program.email.languages) if reading.program else []
    return faults + [found for run in runs for found in run_faults(run)], runs


def _runs(reading: Reading, page: Page, pages: dict[str, Page], program_id: str) -> Iterator[Run]:
    assert reading.program is not None
    for key in reading.program.cohorts:
        program = reading.views[key][1] if key in reading.views else reading.program
        line = page.tree.get("cohorts", key)
        if program is not None and line is not None:
            yield Run(pages.get(key, page), dated_cohort(program, program_id, key, page.forms, {}), line)
