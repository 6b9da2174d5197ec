"""What follows something people do: an approval, an answer, a match made late; on a day nobody knows beforehand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cohortflow.programs.anchors import CohortDates
from cohortflow.programs.calendars import first_allowed, local_day
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.mail_dates import NumberedMail, numbered, placed, until_event
from cohortflow.programs.spans import add_span, deadline, reminder_day
from schemas.altering import altered
from schemas.occasions import NOT_NARROWED, OWN_ZONE, Occasion
from schemas.phrases import STAGES
from schemas.stages import MailLine

NEW_PAIR = ("matched", "participants", "mentors", "mentees")  # audiences in which a new match finds itself
OF_ONE_MATCH = (*NEW_PAIR, "managers of matched")


@dataclass(frozen=True)
class WaitingMail:
    """A declared mail whose day depends on people: it waits for a response, an approval or an acceptance."""

    stage: str
    mail: NumberedMail

    @property
    def key(self) -> str:
        """The key its occasion will have."""
        return f"{self.stage}.{self.mail.name}"


def waiting_mails(cohort: Cohort, anchor: str, stages: tuple[str, ...] = STAGES) -> Iterator[WaitingMail]:
    """The mails that wait for a "response", an "approval" or an "acceptance", in lifecycle order."""
    for stage in stages:
        for mail in numbered(getattr(cohort.program.stages, stage).emails):
            if mail.when.anchor == anchor:
                yield WaitingMail(stage, mail)


def mails_on_response(cohort: Cohort, stage: str = "recruit") -> tuple[MailLine, ...]:
    """The mails that answer a submission at once; those "n days after response" are in `after_response`."""
    waiting = waiting_mails(cohort, "response", (stage,))
    return tuple(each.mail.line for each in waiting if each.mail.when.sign == 0)


def after_response(cohort: Cohort, answered_at: datetime, about: str, stage: str = "recruit") -> tuple[Occasion, ...]:
    """The mails declared "n days after response", for the one answer that `about` names."""
    dates = CohortDates(cohort)
    waiting = waiting_mails(cohort, "response", (stage,))
    return tuple(_due_after(dates, each, answered_at, about) for each in waiting if each.mail.when.sign)


def after_acceptance(cohort: Cohort, accepted_at: datetime, about: str) -> tuple[Occasion, ...]:
    """The mails that follow both people's yes to the one match that `about` names."""
    dates = CohortDates(cohort)
    return tuple(_due_after(dates, each, accepted_at, about) for each in waiting_mails(cohort, "acceptance"))


def after_approval(cohort: Cohort, approved_at: datetime, about: str = NOT_NARROWED) -> tuple[Occasion, ...]:
    """What an approval sets off: the announcements, and the time in which the two may say yes.

    With `about`, only one match was approved: it waits for nothing more, and nobody outside it is told.
    """
    dates = CohortDates(cohort)
    waiting = [
        each for each in waiting_mails(cohort, "approval") if about == NOT_NARROWED or each.mail.line.to in OF_ONE_MATCH
    ]
    announced = [_due_after(dates, each, approved_at, about) for each in waiting]
    return tuple(sorted([*announced, *_accepting(dates, approved_at, about)], key=lambda occasion: occasion.due_on))


def approval_of_rematch(cohort: Cohort, asked_at: datetime, about: str) -> tuple[Occasion, ...]:
    """What follows when nobody decides on a match proposed in place of an ended one, which `about` names."""
    dates, approve = CohortDates(cohort), cohort.program.stages.match.approve
    if approve is None:
        return ()
    last_day, over_at = deadline(asked_at, approve.within, dates.calendar)
    remind_on = reminder_day(local_day(asked_at, dates.calendar.zone), last_day, dates.calendar)
    reminder = Occasion(
        "match.approval_reminder#1", "match", "send", remind_on, over_at, "mail", about,
        ends_at=over_at, send="approval_reminder", to=approve.by,
    )  # fmt: skip
    if approve.if_silent == "proceed":
        after = Occasion("match.approval_proceeds", "match", "proceed", last_day, over_at, about=about)
    else:
        next_day = last_day + timedelta(days=1)
        overdue = Occasion(
            "match.approval_overdue#1", "match", "send", next_day, over_at, "mail", about,
            send="approval_overdue", to="owner",
        )  # fmt: skip
        after = placed(dates, overdue)
    return placed(dates, reminder, backward=True), after


def late_match(cohort: Cohort, at: datetime) -> tuple[Occasion, ...]:
    """What a match made late gets at once: its announcement and its orientation, without reminders.

    Keys are as in the cohort: the caller stores them under the match. An invitation to what has begun is left out,
    and nothing of it is of use after the cohort's last day.
    """
    dates = CohortDates(cohort)
    announced = [each for each in waiting_mails(cohort, "approval") if each.mail.line.to == "matched"]
    oriented = [
        WaitingMail("orient", mail) for mail in numbered(cohort.program.stages.orient.emails)
        if mail.line.to in NEW_PAIR and not mail.is_waiting
    ]  # fmt: skip
    ends_at = dates.closes_at(cohort.ends)
    mails = [altered(_at_once(dates, each, at), waits_for=None, ends_at=ends_at) for each in (*announced, *oriented)]
    useful = (until_event(dates, mail) for mail in _first_of_each(mails))
    return tuple(mail for mail in useful if mail.ends_at is None or mail.due_at < mail.ends_at)


def _first_of_each(mails: list[Occasion]) -> list[Occasion]:
    """A mail declared for several days would come several times at once."""
    return list({(mail.stage, mail.send): mail for mail in reversed(mails)}.values())[::-1]


def _accepting(dates: CohortDates, approved_at: datetime, about: str) -> Iterator[Occasion]:
    accept = dates.stages.match.accept
    if accept is None:
        return
    last_day, over_at = deadline(approved_at, accept.within, dates.calendar)
    after = _still_waits_for(about)
    if accept.if_silent != "proceed":
        remind_on = reminder_day(local_day(approved_at, dates.calendar.zone), last_day, dates.calendar)
        reminder = Occasion(
            "match.accept_reminder#1", "match", "remind", remind_on, over_at, "mail", about,
            ends_at=over_at, waits_for=after, send="accept_reminder", to="no_response",
        )  # fmt: skip
        yield placed(dates, reminder, backward=True)
    yield Occasion("match.accept_closes", "match", "accept_closes", last_day, over_at, about=about, waits_for=after)


def _still_waits_for(about: str) -> str | None:
    return "match.approval" if about == NOT_NARROWED else None


def _due_after(dates: CohortDates, waiting: WaitingMail, at: datetime, about: str) -> Occasion:
    """The mail with its instants, now that the moment it waited for is known."""
    when = waiting.mail.when
    if when.offset is None or when.offset.count == 0:
        mail = _at_once(dates, waiting, at)
    else:
        day = add_span(local_day(at, dates.calendar.zone), when.offset, when.sign, dates.calendar)
        mail = placed(dates, altered(_unplaced(waiting, at), due_on=day))
    return until_event(dates, altered(mail, about=about, waits_for=_still_waits_for(about)))


def _unplaced(waiting: WaitingMail, at: datetime) -> Occasion:
    mail = waiting.mail
    return Occasion(
        waiting.key, waiting.stage, mail.action, at.date(), at, "mail",
        send=mail.line.send, to=mail.line.to, attach=mail.line.attach,
    )  # fmt: skip


def _at_once(dates: CohortDates, waiting: WaitingMail, at: datetime) -> Occasion:
    """Due now, for each site at the first instant at which its readers may be written to."""
    instants = {site: first_allowed(calendar, at) for site, calendar in dates.calendars.items()}
    meant, own = local_day(at, dates.calendar.zone), local_day(instants[OWN_ZONE], dates.calendar.zone)
    return altered(
        _unplaced(waiting, at),
        due_on=own,
        due_at=min(instants.values()),
        due_by_site=instants,
        moved_from=meant if own != meant else None,
        moved_because=(dates.calendar.why_no_mail(meant) or "after hours") if own != meant else None,
    )
