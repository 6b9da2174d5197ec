"""The people a program names by address, known everywhere else by their part alone."""

from cohortflow.programs.cohorts import Cohort


def address_of(person_id: str, cohort: Cohort) -> str:
    """The address behind `role:owner`, `role:sponsor` or `role:approver#2`."""
    program = cohort.program
    if person_id == "role:sponsor" and program.sponsor:
        return program.sponsor
    if person_id.startswith("role:approver#"):
        number = int(person_id.rsplit("#", 1)[1])
        if number <= len(program.approvers):
            return program.approvers[number - 1]
    return program.owner


def part_of(address: str, cohort: Cohort) -> str | None:
    """The part an address plays as an approver (or as the owner, where no approver is named); None when it has none.

    A part may be named as well: it is its own.
    """
    wanted = address.strip().lower()
    approvers = cohort.program.approvers
    parts = {f"role:approver#{number}": each for number, each in enumerate(approvers, start=1)}
    parts = parts or {"role:owner": cohort.program.owner}
    return next((part for part, each in parts.items() if wanted in (part, each.lower())), None)
