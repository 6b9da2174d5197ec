"""What is promised to be measured: whether anything measures it, and whether the data lives long enough."""

import re
from collections.abc import Iterator
from datetime import date

from cohortflow.programs.lints.views import Page, Run
from cohortflow.programs.spans import add_span
from schemas.errors import Fault
from schemas.occasions import PROGRAM

OUTCOMES = ("stayed", "promoted", "internal_move")
_ASKED = {"satisfaction": "satisfaction", "nps": "recommend"}


def target_faults(page: Page) -> Iterator[Fault]:
    """Targets that nothing in the program would ever give a figure for."""
    targets = page.get("measure", "targets")
    for key, _ in targets.children() if targets else ():
        if reason := _unmeasured(page, str(key)):
            yield page.tell(("measure", "targets", key), f"is a target nothing measures: {reason}")


def _unmeasured(page: Page, target: str) -> str | None:
    if target in _ASKED:
        return _unasked(page, target, _ASKED[target])
    if target == "pulse_reply" and not _asks_each_round(page):
        return "no mail of stages.check_in goes at each check-in; write one with when: opens, or remove the target"
    if re.fullmatch(r"first_meeting_in_\d+_days", target) and not _asks_whether_met(page):
        return (
            "nobody is asked whether they met; declare first_meeting: { ask: 10 days after start } under "
            "stages.check_in, ask met: in its form, or remove the target"
        )
    return None


def _unasked(page: Page, target: str, question: str) -> str | None:
    name = page.text("stages", "evaluate", "survey")
    form = page.forms.get(name)
    if form and question not in form.questions:
        return f"forms/{name}.yaml has no question {question}:; add it, or remove the target"
    if not _sends(page, "evaluate"):
        return f"no mail under stages.evaluate asks for {target}; write one to participants, or remove the target"
    return None


def _sends(page: Page, stage: str) -> bool:
    """Whether the stage writes to anybody who takes part."""
    emails = page.get("stages", stage, "emails")
    places = [place for place, _ in emails.children()] if emails else []
    audiences = {page.text("stages", stage, "emails", place, "to") for place in places}
    return bool(audiences & {"matched", "participants", "mentors", "mentees", "no_response"})


def _asks_each_round(page: Page) -> bool:
    """Whether a mail goes when a check-in opens or closes: that is when its form is asked."""
    emails = page.get("stages", "check_in", "emails")
    whens = [mail.get("when") for _, mail in emails.children()] if emails else []
    written = [when.plain() for when in whens if when]
    words = [word for when in written for word in (when if isinstance(when, list) else [when])]
    return any(re.search(r"^(on )?(opens|closes)$|(before|after) (opens|closes)$", str(word)) for word in words)


def _asks_whether_met(page: Page) -> bool:
    asked = ["first_meeting"] if page.get("stages", "check_in", "first_meeting") else []
    asked += [page.text("stages", "check_in", "survey")] if _asks_each_round(page) else []
    forms = [page.forms[name] for name in asked if name in page.forms]
    # A form with a fault of its own is told elsewhere.
    return len(forms) < len(asked) or any("met" in form.questions for form in forms)


def keep_faults(run: Run) -> Iterator[Fault]:
    """Data that is gone before the last figure is taken from it."""
    keep = run.cohort.program.privacy.keep
    kept_until = run.dates.day(keep, PROGRAM)
    day, what, words = max(_figures(run), default=(kept_until, "", ""))
    if day > kept_until:
        message = (
            f"keeps answers of {run.named} until {kept_until}, and {what} is measured on {day} ({words}), "
            f"{_days(day, kept_until)} later; write keep: {words}, or longer"
        )
        yield run.tell(("privacy", "keep"), message)


def _days(later: date, earlier: date) -> str:
    count = (later - earlier).days
    return "1 day" if count == 1 else f"{count} days"


def _figures(run: Run) -> Iterator[tuple[date, str, str]]:
    """Every day on which something is measured after the end: the day, what it is, and the words for it."""
    measure = run.cohort.program.measure
    for name in OUTCOMES if measure.outcomes else ():
        for span in getattr(measure.outcomes, name):
            yield add_span(run.cohort.ends, span, 1, run.dates.calendar), f"{name} {span}", f"{span} after end"
    for when in measure.report.when:
        yield run.dates.day(when, PROGRAM), "the report", when.text
