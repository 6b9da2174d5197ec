"""How often one person hears from a cohort: reminders in time, surveys apart, no week too full."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise

from cohortflow.programs.lints.views import Run, listed, mail_path
from cohortflow.programs.trees import Path
from schemas.errors import Fault
from schemas.occasions import Occasion

APART_DAYS = 7
_BEFORE_THE_MATCH = frozenset({"eligible", "applicants", "applicant"})
_IN_A_MATCH = frozenset({"matched", "participants", "completed"})
# Who gets the mails to no_response of which stages, when that person never answers: the most a person can get.
_PERSONS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "a mentee": (_BEFORE_THE_MATCH | _IN_A_MATCH | {"mentees"}, frozenset()),
    "a mentor": (_BEFORE_THE_MATCH | _IN_A_MATCH | {"mentors"}, frozenset()),
    "somebody without a match": (_BEFORE_THE_MATCH | {"unmatched"}, frozenset({"recruit"})),
    "a manager": (frozenset({"managers of matched"}), frozenset({"-"})),
}


def rhythm_faults(run: Run) -> Iterator[Fault]:
    """What comes too late, too often or too close together."""
    yield from _late_reminders(run)
    yield from _close_surveys(run)
    yield from _full_weeks(run)


# --- reminders ----------------------------------------------------------------------------------------------------


def _late_reminders(run: Run) -> Iterator[Fault]:
    """A reminder of what can no longer be done, unless its words say that it comes at closing."""
    told: set[Path] = set()
    for mail in run.occasions:
        closes_on = _closes_on(run, mail)
        if mail.action != "remind" or closes_on is None or mail.due_on < closes_on:
            continue
        path = mail_path(run, mail.key)
        words = run.page.text(*path).lower()
        if path in told or not words or words == "closes" or "after closes" in words or words.endswith("on closes"):
            continue
        told.add(path)
        message = (
            f"this reminder goes on {run.said(path, mail.due_on)} in {run.named}, "
            f"{'on' if mail.due_on == closes_on else 'after'} the day on which answers close, {closes_on}; "
            "write when: 2 days before closes, or when: closes if it is meant for that day"
        )
        yield run.tell(path, message)


def _closes_on(run: Run, mail: Occasion) -> date | None:
    if mail.stage == "check_in":
        return next((each.closes_on for each in run.dates.check_ins if each.n == mail.n), None)
    return run.dates.anchor(mail.stage, "closes") if mail.stage in ("recruit", "orient", "evaluate") else None


# --- surveys ------------------------------------------------------------------------------------------------------


def _close_surveys(run: Run) -> Iterator[Fault]:
    """Two surveys to the same people in one week: the second is answered by few."""
    asked = sorted(_surveys(run))
    told: set[Path] = set()
    for (first, before, _), (second, after, path) in pairwise(asked):
        gap = (second - first).days
        if gap >= APART_DAYS or path in told:
            continue
        told.add(path)
        message = (
            f"{after} opens on {second} in {run.named}, {gap} days after {before} ({first}), and the same people are "
            f"asked; leave at least {APART_DAYS} days between two surveys"
        )
        yield run.tell(path, message)


def _surveys(run: Run) -> Iterator[tuple[date, str, Path]]:
    """Each survey that is asked: its day, its name, and where that day is declared."""
    stages = run.cohort.program.stages
    if stages.orient.survey:
        yield run.dates.anchor("orient", "opens"), "the survey before the start", ("stages", "orient", "opens")
    for each in run.dates.check_ins:
        path = ("stages", "check_in", "first" if each.n == 1 else "every")
        yield each.opens_on, f"check-in {each.n}", path
    yield run.dates.anchor("evaluate", "opens"), "the final survey", ("stages", "evaluate", "opens")


# --- the load of one person -----------------------------------------------------------------------------------------


def _full_weeks(run: Run) -> Iterator[Fault]:
    """More mails to one person than `at_most`, counted for somebody who gets every mail and answers none."""
    limit = run.cohort.program.email.at_most
    told: set[tuple[date, ...]] = set()
    for person, (audiences, reminded) in _PERSONS.items():
        mails = [mail for mail in run.occasions if mail.kind == "mail" and _is_for(mail, audiences, reminded)]
        full = _fullest(mails, limit.days)
        days = tuple(mail.due_on for mail in full)
        if len(full) <= limit.count or days in told:
            continue
        told.add(days)
        shown = listed([f"{mail.key} on {mail.due_on}" for mail in full])
        message = (
            f"{person} of {run.named} who answers nothing would get {len(full)} mails between {days[0]} and "
            f"{days[-1]}, and email.at_most allows {limit.count} in {_period(limit.days)}: {shown}; "
            "move or remove one of them"
        )
        yield run.tell(mail_path(run, full[-1].key), message)


def _is_for(mail: Occasion, audiences: frozenset[str], reminded: frozenset[str]) -> bool:
    """Whether a mail reaches such a person; `reminded` limits the stages whose reminders do."""
    if mail.to == "no_response":
        return not reminded or mail.stage in reminded
    return mail.to in audiences


def _fullest(mails: Iterable[Occasion], days: int) -> list[Occasion]:
    """The most mails that fall into so many days in a row; of several such weeks the first."""
    in_order = sorted(mails, key=lambda mail: (mail.due_on, mail.key))
    after = [mail.due_on - timedelta(days=days) for mail in in_order]
    first = most = 0
    fullest: list[Occasion] = []
    for last, before in enumerate(after):
        while in_order[first].due_on <= before:
            first += 1
        if last - first + 1 > most:
            most, fullest = last - first + 1, in_order[first : last + 1]
    return fullest


def _period(days: int) -> str:
    return {1: "a day", 7: "a week", 30: "a month"}.get(days, f"{days} days")
