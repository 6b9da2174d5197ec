"""Edits of a running cohort's line as they fall on its occasions: what has run, what would go, move or come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.declared import declaration_of
from cohortflow.programs.event_edits import is_the_same_but_its_event
from cohortflow.programs.findings import Finding, Stored
from cohortflow.programs.occasions import dated_occasions
from cohortflow.programs.waiting import WaitingMail, after_approval, waiting_mails
from schemas.occasions import Occasion
from schemas.phrases import Span

HALF_A_DAY = timedelta(hours=12)
# Audiences that hold all of another one; any other exchange leaves somebody out.
WIDER: dict[str, tuple[str, ...]] = {
    "mentors": ("participants", "matched"),
    "mentees": ("participants", "matched"),
    "participants": ("matched",),
    "matched": ("participants",),
    "no_response": ("eligible", "participants", "matched"),
    "applicant": ("applicants", "eligible"),
    "applicants": ("applicant", "eligible"),
    "completed": ("participants",),
}


@dataclass(frozen=True)
class Eyes:
    """What each judgement looks at: both versions, how things stand, and when it is."""

    old: Cohort
    new: Cohort
    before: Mapping[str, Occasion]
    after: Mapping[str, Occasion]
    stored: Mapping[str, Stored]
    now: datetime
    is_held: bool

    def is_under_way(self, key: str) -> bool:
        """Whether it is being done now, or will be by the next tick."""
        found = self.stored.get(key)
        return found is not None and found.is_under_way(self.now, self.is_held)

    def is_over(self, key: str) -> bool:
        """Whether it has run, was skipped, or has lost its purpose."""
        found = self.stored.get(key)
        return found is not None and found.is_over


def occasion_findings(
    old: Cohort, new: Cohort, stored: Mapping[str, Stored], now: datetime, *, is_held: bool
) -> Iterator[Finding]:
    """What an edit does to each occasion that has a day, and to the mails that wait for people."""
    before, after = occasions_by_key(old, stored), occasions_by_key(new, stored)
    eyes = Eyes(old, new, before, after, stored, now, is_held)
    for key in before:
        yield from _of_known(eyes, key)
    for key in after:
        if key not in before:
            yield from _of_new(eyes, key)
    yield from _of_waiting_mails(eyes)
    yield from _of_late_mails(eyes)


def occasions_by_key(cohort: Cohort, stored: Mapping[str, Stored]) -> dict[str, Occasion]:
    """The occasions of a cohort that have a day; those of saying yes have one since the approval."""
    found = {each.key: each for each in dated_occasions(cohort)}
    approval = stored.get("match.approval")
    if approval is not None and approval.state == "done" and approval.done_at is not None:
        since = after_approval(cohort, approval.done_at)
        found |= {each.key: each for each in since if each.key.startswith("match.accept_")}
    return found


def _of_known(eyes: Eyes, key: str) -> Iterator[Finding]:
    """An occasion of the cohort as it runs."""
    old, here = declaration_of(eyes.old, key), eyes.after.get(key)
    path = declaration_of(eyes.new, key).path if here else old.path
    if eyes.is_over(key):
        # What it invited to may still move: that is told in `event_edits`.
        if here is None or not is_the_same_but_its_event(old, declaration_of(eyes.new, key)):
            yield Finding(path, "refused", _has_run(eyes, key), key)
    elif key not in eyes.stored:
        return
    elif eyes.is_under_way(key):
        if here is None or declaration_of(eyes.new, key).words != old.words:
            yield Finding(path, "refused", f"{key} is due and is being done; leave it as it is", key)
    elif here is None:
        yield Finding(path, "needs_confirmation", _taken_out(eyes.before[key]), key)
    else:
        yield from _of_pending(eyes, path, eyes.before[key], here)


def _has_run(eyes: Eyes, key: str) -> str:
    """Why what has run stays as it is: it was changed, taken out, or something was put before it."""
    words = declaration_of(eyes.old, key).words
    elsewhere = (other for other in eyes.after if other != key and declaration_of(eyes.new, other).words == words)
    other = next((each for each in elsewhere if each.split("#")[0] == key.split("#")[0]), None)
    if other:
        return f"{key} has run already, and now something else stands in its place; add what is new after it"
    if key not in eyes.after:
        return f"{key} has run already and cannot be taken out; put it back"
    return f"{key} has run already and keeps what it said; put it back"


def _taken_out(item: Occasion) -> str:
    if item.send:
        return f"{item.key} on {item.due_on} is taken out: {item.send} to {item.to} is not sent"
    return f"{item.key} on {item.due_on} is taken out: it does not happen"


def _of_pending(eyes: Eyes, path: tuple[str | int, ...], was: Occasion, item: Occasion) -> Iterator[Finding]:
    """An occasion still to come, which may move, be for others, or become another thing."""
    if item.kind != was.kind:
        reason = f"{item.key}: {'nobody is asked any more' if was.kind == 'decision' else 'somebody must decide first'}"
        yield Finding(path, "needs_confirmation", reason, item.key)
    if item.to != was.to and item.to not in WIDER.get(was.to or "", ()):
        reason = f"{item.key} goes to {item.to} instead of {was.to}; whoever is not among them gets nothing"
        yield Finding((*path[:4], "to"), "needs_confirmation", reason, item.key)
    if item.due_at == was.due_at:
        return
    if item.due_at <= eyes.now:
        reason = f"{item.key}: {item.due_on} has passed; {consequence(eyes, item)}"
        yield Finding(path, "needs_confirmation", reason, item.key)
    else:
        yield Finding(path, "applied", f"{item.key} moves from {was.due_on} to {item.due_on}", item.key)


def _of_new(eyes: Eyes, key: str) -> Iterator[Finding]:
    """An occasion that the cohort did not have."""
    item, path = eyes.after[key], declaration_of(eyes.new, key).path
    if eyes.is_over(key):
        yield Finding(path, "refused", f"{key} has run already in another shape; give what is new another name", key)
    elif item.due_at <= eyes.now:
        reason = f"{key}: {item.due_on} has passed; {consequence(eyes, item)}"
        yield Finding(path, "needs_confirmation", reason, key)
    else:
        yield Finding(path, "applied", f"{key} is new, on {item.due_on}", key)


def consequence(eyes: Eyes, item: Occasion) -> str:
    """What becomes of an occasion whose day is over when it is declared."""
    gate = eyes.stored.get(item.waits_for) if item.waits_for else None
    if item.waits_for and not (gate is not None and gate.state in ("done", "skipped")):
        return f"it happens as soon as {item.waits_for} is done"
    if item.kind == "decision":
        return "the time to decide is over at once"
    if item.kind != "mail":
        return "it happens at once"
    ready_at = max(filter(None, (item.due_at, gate.done_at if gate else None)))
    if item.ends_at is not None and eyes.now >= item.ends_at:
        return "it is skipped, because what it asks for has closed"
    too_late = eyes.new.program.email.too_late_after
    if eyes.now > ready_at + _length(too_late):
        return f"it is skipped, because it would be more than {too_late} late"
    if item.to == "no_response" and ready_at > item.due_at + HALF_A_DAY:
        return "it is skipped, because it reminds of what was asked later than that"
    return "it is sent at once"


def _length(span: Span) -> timedelta:
    return timedelta(days=span.count * {"days": 1, "working days": 1, "weeks": 7, "months": 30}[span.unit])


# --- mails that wait for people -----------------------------------------------------------------------------------


def _of_waiting_mails(eyes: Eyes) -> Iterator[Finding]:
    before, after = _waiting(eyes.old), _waiting(eyes.new)
    for key, mail in before.items():
        path, here = declaration_of(eyes.old, key).path, after.get(key)
        same = here is not None and declaration_of(eyes.new, key).words == declaration_of(eyes.old, key).words
        if same:
            continue
        if key in eyes.stored:
            yield Finding(path, "refused", f"{key} has been set off already; put it back", key)
        elif here is None and key not in eyes.after:
            reason = f"{key} is taken out: {mail.mail.line.send} to {mail.mail.line.to} is not sent"
            yield Finding(path, "needs_confirmation", reason, key)
        elif here is not None and here.mail.line.to not in (
            mail.mail.line.to,
            *WIDER.get(mail.mail.line.to, ()),
        ):
            reason = f"{key} goes to {here.mail.line.to} instead of {mail.mail.line.to}"
            yield Finding(path, "needs_confirmation", reason, key)


def _of_late_mails(eyes: Eyes) -> Iterator[Finding]:
    """A mail that is new, and waits for what has happened in this cohort already."""
    before, after = _waiting(eyes.old), _waiting(eyes.new)
    approval = eyes.stored.get("match.approval")
    if approval is None or approval.state != "done":
        return
    for key, mail in after.items():
        if key not in before and key not in eyes.before:
            anchor, path = mail.mail.when.anchor, declaration_of(eyes.new, key).path
            if anchor == "approval":
                told = f"the matches are approved already, so {key} goes only to pairs that are made from now on"
                yield Finding(path, "applied", told, key)


def _waiting(cohort: Cohort) -> dict[str, WaitingMail]:
    anchors = ("response", "approval", "acceptance")
    return {each.key: each for anchor in anchors for each in waiting_mails(cohort, anchor)}
