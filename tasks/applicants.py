"""Those to be matched, as one table: roster columns and answers side by side, and the seats each mentor still has."""

import csv
import io
from collections.abc import Mapping

import pandas as pd

from cohortflow.engine import task
from cohortflow.programs.calendars import zone_of
from cohortflow.programs.cohorts import Cohort
from schemas.rows import each_row


@task
def applicants_of(
    participants: pd.DataFrame,
    people: pd.DataFrame,
    answers: pd.DataFrame,
    live: pd.DataFrame,
    elsewhere: Mapping[str, int],
    cohort: Cohort,
    only_free: bool = False,
) -> pd.DataFrame:
    """One row per person to be matched: role, capacity (mentors: seats left), zone, roster columns, application.

    Args:
        live: matches that take up a seat in this cohort.
        elsewhere: seats each mentor has taken up in other cohorts.
        only_free: leave out mentees who have a mentor and mentors without room (for a rematch).
    """
    active = people[people["status"] == "active"]
    table = participants[["person_id", "role", "capacity"]].merge(active, on="person_id")
    applied = answers[(answers["occasion"] == "recruit") & (answers["form"] == cohort.program.stages.recruit.form)]
    bodies = applied.set_index("person_id")["body"]
    given = pd.DataFrame([bodies.get(person, {}) for person in table["person_id"]], index=table.index)
    table = table.join(given.drop(columns=[name for name in given if name in table.columns]))
    table["zone"] = [zone_of(cohort, site) for site in table["site"]]
    taken = live["mentor_id"].value_counts()
    table["capacity"] = [
        _seats_left(row, cohort, int(taken.get(row.person_id, 0)), elsewhere.get(row.person_id, 0))
        for row in each_row(table)
    ]
    table["capacity"] = table["capacity"].astype("Int64")
    if only_free:
        busy = table["person_id"].isin(live["mentee_id"]) & (table["role"] == "mentee")
        full = (table["role"] == "mentor") & (table["capacity"] == 0)
        table = table[~busy & ~full]
    return table.reset_index(drop=True)


def _seats_left(row: object, cohort: Cohort, here: int, elsewhere: int) -> int | None:
    """What is left of the smallest of: what the mentor offered, what the program allows, what the company allows."""
    if row.role != "mentor":  # type: ignore[attr-defined]
        return None
    program = cohort.program
    limits = [int(row.capacity) - here, program.mentees_per_mentor - here]  # type: ignore[attr-defined]
    if program.mentees_per_mentor_everywhere is not None:
        limits.append(program.mentees_per_mentor_everywhere - here - elsewhere)
    return max(0, min(limits))


def exclusions_of(cohort: Cohort) -> dict[str, frozenset[tuple[str, str]]]:
    """The pairs in each file that an `in_file` rule names: the first two cells of each row after the header."""
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for rule in cohort.program.matching.never:
        if rule.kind == "in_file" and rule.argument in cohort.files:
            rows = list(csv.reader(io.StringIO(cohort.files[rule.argument])))[1:]
            found[rule.argument] = frozenset((row[0].strip(), row[1].strip()) for row in rows if len(row) >= 2)
    return found
