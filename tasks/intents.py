"""Which mails an occasion sets off: the readers of an audience turned into mails to queue."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd

from cohortflow.engine import task
from cohortflow.programs.calendars import first_allowed, reader_calendar
from cohortflow.programs.cohorts import Cohort
from schemas.altering import altered
from schemas.changes import Ask, Intent
from schemas.phrases import Span
from schemas.rows import each_row

EACH_MATCH = "match"


@dataclass(frozen=True)
class Sending:
    """One occasion's mail: which text, when it fell due at each site, and until when it is of use."""

    occasion: str
    stage: str
    template: str
    to: str
    about: str
    due_at: datetime
    due_by_site: dict[str, datetime]
    ends_at: datetime | None
    n: int = 0
    attach: dict[str, object] | None = None


@dataclass(frozen=True)
class Wording:
    """What must be known of a text to queue it: the language it will be in and its class.

    Both are asked by the program, which may have wording of its own, and by the folder and the name of the mail.
    """

    language_of: Callable[[str, str, str, str], str]
    mail_class: Callable[[str, str, str], str]


class Moments(NamedTuple):
    """When a mail was due for the readers of a site, when it may go, and when it is too late."""

    due_at: datetime
    not_before: datetime
    expires_at: datetime


def ask_of(cohort: Cohort, stage: str, template: str, n: int, about: str) -> Ask | None:
    """What a mail of a stage asks for. `abouts` of ("match",) stands for each match of the reader."""
    stages = cohort.program.stages
    each, whole = (EACH_MATCH,), (about,)
    if template in ("goals", "goals_reminder"):
        return Ask("goals.ask", ("goals",), each)
    if template == "first_meeting":
        return Ask("check_in.first_meeting", ("first_meeting",), each)
    if stage == "recruit":
        return Ask("recruit", (stages.recruit.form,))
    if stage == "match":
        return Ask("match.accept", ("accept",), each)
    if stage == "orient":
        forms = tuple(form for form in (stages.orient.agreement, stages.orient.survey) if form)
        return Ask("orient", forms, whole) if forms else None
    if stage == "check_in" and n:
        return Ask(f"check_in#{n}", (stages.check_in.survey,), each)
    if stage == "evaluate":
        return Ask("evaluate", (stages.evaluate.survey,))
    return None


@task
def mails_to_queue(
    sending: Sending,
    readers: pd.DataFrame,
    people: pd.DataFrame,
    cohort: Cohort,
    ask: Ask | None,
    deadline_on: date | None,
    wording: Wording,
    now: datetime,
) -> list[Intent]:
    """One mail per reader, in the reader's language, at the first instant the reader may be written to.

    Args:
        readers: as `audience` gives them, or one row per outsider (owner, approvers, sponsor).
    """
    persons = dict(zip(people["person_id"], zip(people["site"], people["languages"], strict=True), strict=True))
    shared = Intent(
        occasion=sending.occasion,
        stage=sending.stage,
        template=sending.template,
        person_id="",
        role="",
        language="",
        mail_class=wording.mail_class(cohort.program_id, sending.stage, sending.template),
        due_at=sending.due_at,
        not_before=now,
        about=sending.about,
        unless_answered=sending.to == "no_response",
        deadline_on=deadline_on,
        attach=sending.attach,
        n=sending.n,
    )
    moments: dict[str, Moments] = {}
    intents = []
    for row in each_row(readers):
        site, languages = persons.get(row.person_id, ("", ""))
        site = site if site in cohort.program.calendar.sites else ""
        if site not in moments:
            moments[site] = moments_of(sending, cohort, site, now)
        wanted = language_for(str(languages), cohort)
        language = wording.language_of(cohort.program_id, sending.stage, sending.template, wanted)
        intents.append(_addressed(shared, row, language, moments[site], ask))
    return intents


def _addressed(shared: Intent, row: Any, language: str, moments: Moments, ask: Ask | None) -> Intent:
    return altered(
        shared,
        person_id=row.person_id,
        role=row.role,
        language=language,
        due_at=moments.due_at,
        not_before=moments.not_before,
        expires_at=moments.expires_at,
        match_ids=tuple(row.match_ids),
        ask=altered(ask, abouts=tuple(row.abouts)) if ask else None,
        urgent=row.role in ("owner", "approver", "sponsor"),
    )


def moments_of(sending: Sending, cohort: Cohort, site: str, now: datetime) -> Moments:
    """When a mail may go to the readers of a site, and from when on it is too late."""
    calendar = reader_calendar(cohort, site or None)
    due = sending.due_by_site.get(site, sending.due_at)
    not_before = first_allowed(calendar, max(due, now))
    stale = not_before + as_timedelta(cohort.program.email.too_late_after)
    return Moments(due, not_before, min(stale, sending.ends_at) if sending.ends_at else stale)


def as_timedelta(span: Span) -> timedelta:
    """A span as a plain length, for limits that need no calendar (a working day counts as one day, a month as 30)."""
    return timedelta(days=span.count * {"days": 1, "working days": 1, "weeks": 7, "months": 30}[span.unit])


def language_for(spoken: str, cohort: Cohort) -> str:
    """The first language of the reader that the program writes in, else the program's first."""
    offered = cohort.program.email.languages
    return next((each for each in spoken.split(";") if each in offered), offered[0])


def outsiders(to: str, cohort: Cohort) -> pd.DataFrame:
    """The people a program names by address: one row each, named by their part and never by the address."""
    program = cohort.program
    if to == "approvers":
        ids = [(f"role:approver#{n}", "approver") for n, _ in enumerate(program.approvers, start=1)]
        ids = ids or [("role:owner", "owner")]
    elif to == "sponsor":
        ids = [("role:sponsor", "sponsor")] if program.sponsor else []
    else:
        ids = [("role:owner", "owner")]
    rows = [[person_id, role, (), ("-",)] for person_id, role in ids]
    return pd.DataFrame(rows, columns=["person_id", "role", "match_ids", "abouts"])


def told_at_once(
    cohort: Cohort,
    template: str,
    to: str,
    occasion: str,
    now: datetime,
    wording: Wording,
    about: str = "-",
    attach: dict[str, object] | None = None,
) -> list[Intent]:
    """A mail to owner, approvers or sponsor that something just called for."""
    sending = Sending(occasion, "program", template, to, about, now.astimezone(UTC), {}, None, attach=attach)
    nobody = pd.DataFrame({"person_id": [], "site": [], "languages": []})
    return mails_to_queue.fn(sending, outsiders(to, cohort), nobody, cohort, None, None, wording, now)
