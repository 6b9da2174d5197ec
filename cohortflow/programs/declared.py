"""What declares an occasion: the words that are its own, and the words its day is counted from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from cohortflow.programs.anchors import OF_THE_COHORT, SAME_MOMENT
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.mail_dates import NumberedMail, numbered
from cohortflow.programs.trees import Path
from schemas.phrases import When

# Milestones, and the mails that the lifecycle itself brings, by the one place that says when they are.
DECLARED_AT: dict[str, Path] = {
    "recruit.opens": ("stages", "recruit", "opens"),
    "recruit.closes": ("stages", "recruit", "closes"),
    "match.runs": ("stages", "match", "runs"),
    "match.approval": ("stages", "match", "approve"),
    "match.approval_request#1": ("stages", "match", "approve"),
    "match.approval_reminder#1": ("stages", "match", "approve"),
    "match.approval_overdue#1": ("stages", "match", "approve"),
    "match.approval_proceeds": ("stages", "match", "approve"),
    "match.accept_reminder#1": ("stages", "match", "accept"),
    "match.accept_closes": ("stages", "match", "accept"),
    "orient.opens": ("stages", "orient", "opens"),
    "orient.closes": ("stages", "orient", "closes"),
    "evaluate.opens": ("stages", "evaluate", "opens"),
    "evaluate.closes": ("stages", "evaluate", "closes"),
    "close.runs": ("stages", "close", "runs"),
    "goals.ask#1": ("goals", "ask"),
    "goals.reminder#1": ("goals", "set_by"),
    "trial.closes": ("trial", "until"),
}
# What these say by themselves; the rest of their block is about the days of others, which may still move after them.
SAID_AT: dict[str, Path] = {
    "match.approval_request#1": ("stages", "match", "approve", "by"),
    "match.approval_reminder#1": ("stages", "match", "approve", "by"),
    "match.approval_overdue#1": ("stages", "match", "approve", "if_silent"),
    "match.accept_reminder#1": ("stages", "match", "accept", "if_silent"),
}
MOST_STEPS = 12  # no chain of moments is longer; one that goes round in a circle is refused elsewhere
_ROUND: Path = ("stages", "check_in")


@dataclass(frozen=True)
class Declaration:
    """What is written of one occasion.

    Attributes:
        path: where; as a cohort's line has it.
        words: what it says by itself. Two declarations that say the same are the same, wherever they stand.
        counted_from: further places that decide its day, nearest first.
    """

    path: Path
    words: tuple[object, ...]
    counted_from: tuple[Path, ...] = ()


def declaration_of(cohort: Cohort, key: str) -> Declaration:
    """What declares the occasion of that key."""
    head, _, rest = key.partition(".")
    if head.startswith("check_in#"):
        return _of_a_round(cohort, head, rest)
    if key in DECLARED_AT:
        path = DECLARED_AT[key]
        value, said = _at(cohort, path), _at(cohort, SAID_AT.get(key, path))
        return Declaration(path, (_plain(said),), tuple(_chain(cohort, value, head)))
    if head == "measure":
        path = ("measure", "report", "when", int(rest.rpartition("#")[2]) - 1)
        value = _at(cohort, path)
        return Declaration(path, (_plain(value),), tuple(_chain(cohort, value, head)))
    return _of_a_mail(cohort, head, rest) or Declaration(("stages", head), ())


def _of_a_round(cohort: Cohort, head: str, rest: str) -> Declaration:
    """A check-in is what `first` and `every` make it; its mails have words of their own besides."""
    rules, number = cohort.program.stages.check_in, int(head.rpartition("#")[2])
    order = ("first", "every") if number == 1 else ("every", "first")
    rhythm = tuple(_chain(cohort, rules.first, "check_in"))
    places = (*((*_ROUND, name) for name in order), (*_ROUND, "last"), (*_ROUND, "open_for"), *rhythm)
    words = (_plain(rules.first), rules.every)
    mail = _of_a_mail(cohort, "check_in", rest) if "#" in rest else None
    if mail is not None:
        return Declaration(mail.path, (*words, *mail.words), (*mail.counted_from, *places))
    if rest == "closes":
        return Declaration((*_ROUND, "open_for"), (*words, rules.open_for), places)
    return Declaration(places[0], words, places[1:])


def _of_a_mail(cohort: Cohort, stage: str, name: str) -> Declaration | None:
    for path, mail in mails_with_places(cohort, stage):
        if mail.name == name:
            words = (mail.line.send, mail.line.to, str(mail.line.attach or ""), _plain(mail.when))
            event = mail.line.attach.on if mail.line.attach else None
            counted_from = (*_chain(cohort, mail.when, stage), *_chain(cohort, event, stage))
            return Declaration(path, words, counted_from)
    return None


def mails_with_places(cohort: Cohort, stage: str) -> Iterator[tuple[Path, NumberedMail]]:
    """The declared mails of a stage, each with the place of its moment."""
    lines = getattr(cohort.program.stages, stage).emails if hasattr(cohort.program.stages, stage) else ()
    places = [
        ("stages", stage, "emails", place, "when", nth)
        for place, line in enumerate(lines)
        for nth in range(len(line.when))
    ]
    yield from zip(places, numbered(lines), strict=True)


def _at(cohort: Cohort, path: Path) -> Any:
    """The value of a path in the program; None where a program does without."""
    value: Any = cohort.program
    for step in path:
        if value is None:
            return None
        if isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            value = getattr(value, step)
    return value


def _plain(value: Any) -> Any:
    """A moment without its wording: `opens` and `on opens` are the same."""
    return replace(value, text="") if isinstance(value, When) else value


def _chain(cohort: Cohort, value: Any, stage: str, depth: int = 0) -> Iterator[Path]:
    """The places a moment is counted from, one after the other down to the cohort's own dates."""
    if not isinstance(value, When) or value.day is not None or depth > MOST_STEPS:
        return
    if value.anchor in OF_THE_COHORT:
        yield from _of_the_cohort(cohort, value.anchor, depth)
        return
    where = value.stage or stage
    moment = (where, SAME_MOMENT.get((where, value.anchor), value.anchor))
    path = DECLARED_AT.get(".".join(moment))
    if path is not None:
        yield path
        yield from _chain(cohort, _at(cohort, path), where, depth + 1)


def _of_the_cohort(cohort: Cohort, anchor: str, depth: int) -> Iterator[Path]:
    if anchor in ("start", "halfway"):
        yield ("starts",)
    if anchor in ("end", "halfway"):
        yield ("ends",)
    if anchor == "first_meeting":
        path = (*_ROUND, "first_meeting", "ask")
        yield path
        yield from _chain(cohort, _at(cohort, path), "check_in", depth + 1)
