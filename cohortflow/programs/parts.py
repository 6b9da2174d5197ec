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
    """The part an address plays as an approver (or as the owner, where no approver is named); None when it has none."""
    wanted = address.strip().lower()
    for number, approver in enumerate(cohort.program.approvers, start=1):
        if approver.lower() == wanted:
            return f"role:approver#{number}"
    if not cohort.program.approvers and cohort.program.owner.lower() == wanted:
        return "role:owner"
    return None
