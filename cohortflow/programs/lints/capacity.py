"""Seats that can never be filled: limits that contradict each other, and too few mentors for them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from cohortflow.programs.lints.headcount import Roster, newest_roster, people_who_may, places_for
from cohortflow.programs.lints.views import Page, Run
from schemas.errors import Fault

_FORM = ("stages", "recruit", "form")


def limit_faults(page: Page) -> Iterator[Fault]:
    """What the files alone show: limits per mentor that no mentor can keep."""
    each, low = _number(page, "mentees_per_mentor"), _number(page, "min_mentees_per_mentor")
    everywhere = _number(page, "mentees_per_mentor_everywhere")
    if each and everywhere and each > everywhere:
        message = (
            f"allows {each} mentees, and mentees_per_mentor_everywhere allows {everywhere} over all programs; write "
            f"mentees_per_mentor: {everywhere}, or raise the other"
        )
        yield page.tell(("mentees_per_mentor",), message)
    if low and everywhere and low > everywhere:
        message = (
            f"asks for {low} mentees, and mentees_per_mentor_everywhere allows {everywhere}: no mentor can have so "
            f"many; write min_mentees_per_mentor: {everywhere}, or less"
        )
        yield page.tell(("min_mentees_per_mentor",), message, "error")
    yield from _form_faults(page, each, low)


def _form_faults(page: Page, each: int, low: int) -> Iterator[Fault]:
    """The application may ask a mentor how many; then its ends must leave room for what the program says."""
    form = page.forms.get(page.text(*_FORM))
    asked = form.questions.get("capacity") if form else None
    if asked is None or asked.high is None:
        return
    file = f"forms/{page.text(*_FORM)}.yaml"
    if low > asked.high:
        message = f"asks for {low} mentees, and {file} lets nobody offer more than {asked.high}; write to: {low} there"
        yield page.tell(("min_mentees_per_mentor",), message, "error")
    elif each > asked.high:
        message = f"allows {each} mentees, and {file} lets nobody offer more than {asked.high}; write to: {each} there"
        yield page.tell(("mentees_per_mentor",), message)


def _number(page: Page, key: str) -> int:
    text = page.text(key)
    return int(text) if text.isdecimal() and len(text) < 7 else 0


# --- with a roster --------------------------------------------------------------------------------------------------


def seat_faults(runs: Sequence[Run], home: Path) -> Iterator[Fault]:
    """Cohorts with more seats than the newest roster has places for, alone and with all that run when they start."""
    counted = [(run, roster) for run in runs if (roster := newest_roster(home, run.cohort.program.people))]
    for run, roster in counted:
        yield from _alone(run, roster)
    for run, roster in counted:
        others = [each for each, other in counted if other is roster and each is not run and _runs_with(each, run)]
        if others:
            yield from _together(run, others, roster)


def _mentors(run: Run, roster: Roster) -> frozenset[str]:
    program = run.cohort.program
    return people_who_may(roster, program.who.mentors, program.people, run.cohort.starts)


def _alone(run: Run, roster: Roster) -> Iterator[Fault]:
    program = run.cohort.program
    each, count = program.mentees_per_mentor, len(_mentors(run, roster))
    mentees = len(people_who_may(roster, program.who.mentees, program.people, run.cohort.starts))
    for role, number in (("mentor", count), ("mentee", mentees)):
        if not number:
            message = f"let nobody of {roster.name} be a {role}; compare them with its columns and values"
            yield run.tell(("who", f"{role}s"), message)
    if count and count * each < run.cohort.seats:
        message = (
            f"{run.cohort.seats} seats cannot be filled: {roster.name} has {_mentors_in_words(count)} by who.mentors, "
            f"{count} x {each} = {count * each} places; write seats: {count * each}, raise mentees_per_mentor, "
            "or let more people be mentors"
        )
        yield run.tell(("cohorts", run.cohort.key, "seats"), message)


def _mentors_in_words(count: int) -> str:
    return "1 person who may be a mentor" if count == 1 else f"{count} people who may be mentors"


def _together(run: Run, others: Sequence[Run], roster: Roster) -> Iterator[Fault]:
    """Everyone's places over all programs that run at the same time, against all their seats."""
    everywhere = run.cohort.program.mentees_per_mentor_everywhere
    runs = [run, *others]
    seats = sum(each.cohort.seats for each in runs)
    limits = [each.cohort.program.mentees_per_mentor for each in runs]
    mentors = [_mentors(each, roster) for each in runs]
    places = places_for(mentors, limits, everywhere)
    if places >= seats or any(
        len(those) * limit < each.cohort.seats for those, limit, each in zip(mentors, limits, runs, strict=True)
    ):
        return
    named = ", ".join(sorted(f"{each.cohort.id}: {each.cohort.seats}" for each in runs))
    limit_words = f", at most {everywhere} mentees each" if everywhere else ""
    count = len(frozenset().union(*mentors))
    message = (
        f"these seats and those of the cohorts that run at the same time sum to {seats} ({named}), and {roster.name} "
        f"has {places} places for them ({_mentors_in_words(count)}{limit_words}); write fewer seats, or start one later"
    )
    yield run.tell(("cohorts", run.cohort.key, "seats"), message)


def _runs_with(other: Run, run: Run) -> bool:
    """Whether another one runs on the day on which this one starts: those that follow each other share their places."""
    return other.cohort.starts <= run.cohort.starts <= other.cohort.ends
