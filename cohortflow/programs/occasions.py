"""Everything that falls due for a cohort, from its configuration and the calendar alone."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from cohortflow.programs.anchors import CheckIn, CohortDates
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.mail_dates import gates, numbered, placed, until_event, waits_for
from cohortflow.programs.spans import add_working_days, reminder_day
from cohortflow.programs.waiting import after_acceptance, after_approval, after_response, late_match, mails_on_response
from schemas.altering import altered
from schemas.occasions import PROGRAM, Occasion
from schemas.phrases import STAGES

__all__ = [
    "after_acceptance",
    "after_approval",
    "after_response",
    "dated_occasions",
    "event_of",
    "late_match",
    "mails_on_response",
]


def dated_occasions(cohort: Cohort, dates: CohortDates | None = None) -> tuple[Occasion, ...]:
    """What has a day of its own, by that day; of one day, what opens comes before what is sent and what closes.

    `dates` are the cohort's anchors, for who has worked them out already.
    """
    dates = dates or CohortDates(cohort)
    in_lifecycle_order = [
        *_recruit(dates),
        *_match(dates),
        *_orient(dates),
        *_goals_and_trial(dates),
        *_check_ins(dates),
        *_evaluate(dates),
        *_close(dates),
        *_reports(dates),
    ]
    return tuple(sorted(in_lifecycle_order, key=lambda occasion: occasion.due_on))


# --- the parts of every stage -----------------------------------------------------------------------------------


def _opening(dates: CohortDates, key: str, action: str, day: date, after: str | None) -> Occasion:
    """A milestone at the first instant of its day, so that it is done before anyone's morning mail."""
    stage = key.partition(".")[0].partition("#")[0]
    return Occasion(key, stage, action, due_on=day, due_at=dates.opens_at(day), waits_for=after)


def _closing(dates: CohortDates, key: str, action: str, day: date, after: str | None) -> Occasion:
    """A milestone at the end of its day."""
    return altered(_opening(dates, key, action, day, after), due_at=dates.closes_at(day))


def _stage_mails(dates: CohortDates, stage: str) -> Iterator[Occasion]:
    """The dated mails of a stage; each loses its use when the stage closes."""
    closes_on = {"check_in": dates.cohort.ends, "match": None, "close": None}
    last_day = closes_on[stage] if stage in closes_on else dates.anchor(stage, "closes")
    for mail in numbered(getattr(dates.stages, stage).emails):
        if mail.is_waiting or _is_of_each_check_in(stage, mail.when.stage, mail.when.anchor):
            continue
        key, day = f"{stage}.{mail.name}", dates.day(mail.when, stage)
        ends_at = dates.closes_at(last_day) if last_day else None
        written = Occasion(
            key, stage, mail.action, day, dates.opens_at(day), "mail",
            ends_at=ends_at, send=mail.line.send, to=mail.line.to, attach=mail.line.attach,
        )  # fmt: skip
        written = altered(written, waits_for=waits_for(dates, written))
        yield until_event(dates, placed(dates, written, backward=mail.when.sign < 0))


def _is_of_each_check_in(stage: str, named: str | None, anchor: str) -> bool:
    return stage == "check_in" and named is None and anchor in ("opens", "closes")


def _own_mail(dates: CohortDates, key: str, send: str, to: str, day: date) -> Occasion:
    """A mail that the lifecycle itself brings, beside those a program declares."""
    stage = key.partition(".")[0]
    stage = stage if stage in STAGES else PROGRAM
    action = "remind" if to == "no_response" else "send"
    return Occasion(key, stage, action, day, dates.opens_at(day), "mail", send=send, to=to)


# --- the six stages ---------------------------------------------------------------------------------------------


def _recruit(dates: CohortDates) -> Iterator[Occasion]:
    yield _opening(dates, "recruit.opens", "open", dates.anchor("recruit", "opens"), None)
    yield from _stage_mails(dates, "recruit")
    yield _closing(dates, "recruit.closes", "close", dates.anchor("recruit", "closes"), "recruit.opens")


def _match(dates: CohortDates) -> Iterator[Occasion]:
    runs_on = dates.anchor("match", "runs")
    yield _opening(dates, "match.runs", "propose", runs_on, "recruit.closes")
    yield from _approval(dates, runs_on)
    yield from _stage_mails(dates, "match")


def _approval(dates: CohortDates, runs_on: date) -> Iterator[Occasion]:
    """The request, a reminder, and what happens when nobody answers; or a yes that nobody has to say."""
    approve, last_day = dates.stages.match.approve, dates.approval_deadline()
    if approve is None:
        yield _opening(dates, "match.approval", "decide", runs_on, "match.runs")
        return
    request = _own_mail(dates, "match.approval_request#1", "approval_request", approve.by, runs_on)
    yield placed(dates, altered(request, waits_for="match.runs"))
    remind_on = reminder_day(runs_on, last_day, dates.calendar)
    reminder = _own_mail(dates, "match.approval_reminder#1", "approval_reminder", approve.by, remind_on)
    reminder = altered(reminder, waits_for="match.runs", ends_at=dates.closes_at(last_day))
    yield placed(dates, reminder, backward=True)
    yield altered(_closing(dates, "match.approval", "decide", last_day, "match.runs"), kind="decision")
    if approve.if_silent == "proceed":
        yield _closing(dates, "match.approval_proceeds", "proceed", last_day, "match.runs")
    else:
        # The limit ends with its last day; the owner reads of it on the next day on which mail goes.
        next_day = last_day + timedelta(days=1)
        overdue = _own_mail(dates, "match.approval_overdue#1", "approval_overdue", "owner", next_day)
        yield placed(dates, altered(overdue, waits_for="match.runs"))


def _orient(dates: CohortDates) -> Iterator[Occasion]:
    yield _opening(dates, "orient.opens", "open", dates.anchor("orient", "opens"), "match.approval")
    yield from _stage_mails(dates, "orient")
    yield _closing(dates, "orient.closes", "start", dates.anchor("orient", "closes"), "orient.opens")


def _check_ins(dates: CohortDates) -> Iterator[Occasion]:
    yield from _stage_mails(dates, "check_in")
    before = "orient.closes"
    for check_in in dates.check_ins:
        opening = _opening(dates, check_in.key, "open", check_in.opens_on, before)
        closing = _closing(dates, f"{check_in.key}.closes", "close", check_in.closes_on, check_in.key)
        for occasion in (opening, *_check_in_mails(dates, check_in), closing):
            yield altered(occasion, n=check_in.n)
        before = check_in.key


def _check_in_mails(dates: CohortDates, check_in: CheckIn) -> Iterator[Occasion]:
    for mail in numbered(dates.stages.check_in.emails):
        if mail.is_waiting or not _is_of_each_check_in("check_in", mail.when.stage, mail.when.anchor):
            continue
        day = dates.day(mail.when, "check_in", check_in)
        written = Occasion(
            f"{check_in.key}.{mail.name}", "check_in", mail.action, day, dates.opens_at(day), "mail",
            ends_at=dates.closes_at(check_in.closes_on), send=mail.line.send, to=mail.line.to, attach=mail.line.attach,
        )  # fmt: skip
        written = altered(written, waits_for=waits_for(dates, written, check_in))
        yield until_event(dates, placed(dates, written, backward=mail.when.sign < 0), check_in)


def _evaluate(dates: CohortDates) -> Iterator[Occasion]:
    opens_on, before = dates.anchor("evaluate", "opens"), gates(dates, "evaluate")[0]
    yield _opening(dates, "evaluate.opens", "open", opens_on, before)
    yield from _stage_mails(dates, "evaluate")
    yield _closing(dates, "evaluate.closes", "close", dates.anchor("evaluate", "closes"), "evaluate.opens")


def _close(dates: CohortDates) -> Iterator[Occasion]:
    yield _opening(dates, "close.runs", "finish", dates.anchor("close", "runs"), "evaluate.closes")
    yield from _stage_mails(dates, "close")


# --- what belongs to no stage -----------------------------------------------------------------------------------


def _goals_and_trial(dates: CohortDates) -> Iterator[Occasion]:
    goals, trial = dates.cohort.program.goals, dates.cohort.program.trial
    if goals:
        ask_on, last_day = dates.day(goals.ask, PROGRAM), dates.day(goals.set_by, PROGRAM)
        ends_at = dates.closes_at(last_day)
        ask = _own_mail(dates, "goals.ask#1", "goals", "matched", ask_on)
        yield placed(dates, altered(ask, waits_for="orient.closes", ends_at=ends_at), backward=goals.ask.sign < 0)
        remind_on = add_working_days(last_day, -3, dates.calendar)
        remind_on = remind_on if remind_on > ask_on else last_day
        reminder = _own_mail(dates, "goals.reminder#1", "goals_reminder", "no_response", remind_on)
        yield placed(dates, altered(reminder, waits_for="goals.ask#1", ends_at=ends_at), backward=True)
    if trial:
        closing = _closing(dates, "trial.closes", "trial_closes", dates.day(trial.until, PROGRAM), "orient.closes")
        yield altered(closing, stage=PROGRAM)


def _reports(dates: CohortDates) -> Iterator[Occasion]:
    for number, when in enumerate(dates.cohort.program.measure.report.when, start=1):
        day = dates.day(when, PROGRAM)
        after = "orient.closes" if day < dates.cohort.ends else "close.runs"
        yield altered(_opening(dates, f"measure.report#{number}", "report", day, after), stage=PROGRAM)


# --- invitations --------------------------------------------------------------------------------------------------


def event_of(cohort: Cohort, occasion: Occasion) -> tuple[datetime, datetime] | None:
    """When the event of an attached invitation begins and ends; None for a mail that carries none."""
    if occasion.attach is None or occasion.attach.hours is None:
        return None
    dates = CohortDates(cohort)
    check_in = next((each for each in dates.check_ins if each.n == occasion.n), None)
    begins_at = dates.event_begins(occasion.attach, occasion.stage, check_in)
    return (begins_at, begins_at + timedelta(hours=occasion.attach.hours)) if begins_at else None
