"""Edits of a running cohort's line that are not about single dates: its start, its seats, its people, its zone."""

from collections.abc import Iterator, Mapping

from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.findings import Finding, Stored
from cohortflow.programs.line_changes import Leaf
from cohortflow.programs.trees import Path
from schemas.edits import People

NEW_COHORT = "declare a new cohort instead"
EVERY: Path = ("stages", "check_in", "every")
# What people have been asked with is not exchanged under them.
ASKED_WITH: dict[Path, str] = {
    ("stages", "recruit", "form"): "recruit.opens",
    ("stages", "recruit", "consent"): "recruit.opens",
    ("stages", "orient", "agreement"): "orient.opens",
    ("stages", "orient", "survey"): "orient.opens",
    ("stages", "check_in", "survey"): "check_in#1",
    ("stages", "evaluate", "survey"): "evaluate.opens",
}


def fixed_findings(
    old: Cohort,
    new: Cohort,
    leaves: list[Leaf],
    stored: Mapping[str, Stored],
    mentees_in: int,
    has_mailed: bool,
    people: tuple[People, ...],
) -> Iterator[Finding]:
    """What follows from the changed values themselves, whatever they do to the calendar."""
    over = {key for key, each in stored.items() if each.is_over}
    for leaf in leaves:
        path = leaf.path
        if reason := _reason_to_refuse(path, over, has_mailed):
            yield Finding(path, "refused", reason)
        elif path == ("seats",):
            yield _seats(old, new, mentees_in)
        elif path[0] == "who":
            yield _who(path, people)
        elif path[0] in ("approvers", "owner"):
            yield Finding(path, "needs_confirmation", "others would decide for this cohort, and get its mail")
        elif path[0] == "ends":
            yield Finding(path, "applied", f"the cohort ends on {new.ends}")


def _reason_to_refuse(path: Path, over: set[str], has_mailed: bool) -> str | None:
    if path == ("starts",):
        return f"a cohort that has begun keeps its start; {NEW_COHORT}"
    if path[0] in ("type", "companies"):
        return f"a cohort that has begun keeps its kind; {NEW_COHORT}"
    if path[:1] == ("calendar",) and "zone" in str(path[-1]) and has_mailed:
        return f"the first mail has gone by the old zone; {NEW_COHORT}"
    if path == EVERY and "check_in#1" in over:
        return f"the check-ins have begun and keep their rhythm; {NEW_COHORT}"
    asked_at = next((key for place, key in ASKED_WITH.items() if path[: len(place)] == place), None)
    if asked_at in over:
        return f"people have been asked with it since {asked_at}; {NEW_COHORT}"
    return None


def _seats(old: Cohort, new: Cohort, mentees_in: int) -> Finding:
    path: Path = ("seats",)
    if new.seats >= old.seats:
        return Finding(path, "applied", f"{new.seats - old.seats} more seats")
    if new.seats >= mentees_in:
        return Finding(path, "applied", f"{mentees_in} mentees are in, so nobody loses a seat")
    reason = f"fewer seats than the {mentees_in} mentees who are in: {mentees_in - new.seats} of them are too many"
    return Finding(path, "needs_confirmation", f"{reason}; those who have a match keep it")


def load_findings(new: Cohort, leaves: list[Leaf], mentees_of: tuple[int, ...]) -> Iterator[Finding]:
    """A mentor is to have no more mentees than some have already."""
    path: Path = ("mentees_per_mentor",)
    most = new.program.mentees_per_mentor
    over = sum(number > most for number in mentees_of)
    if over and any(leaf.path == path for leaf in leaves):
        told = f"{over} {'mentor has' if over == 1 else 'mentors have'} more mentees than {most}"
        yield Finding(path, "needs_confirmation", f"{told}; they keep them, and get no other")


def _who(path: Path, people: tuple[People, ...]) -> Finding:
    lost = sum(each.lost or 0 for each in people)
    if people and all(each.lost == 0 for each in people):
        return Finding(path, "applied", "nobody who may join today is shut out; whoever was invited stays invited")
    told = f"{lost} who may join today no longer may" if people else "fewer people may join"
    return Finding(path, "needs_confirmation", f"{told}; whoever was invited stays invited")
