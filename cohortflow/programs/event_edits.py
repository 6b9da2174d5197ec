"""What mails invite to, and edits of a running cohort's line that move it or call it off."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cohortflow.programs.anchors import CohortDates
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.declared import Declaration, declaration_of
from cohortflow.programs.findings import Finding, Stored
from cohortflow.programs.occasions import dated_occasions, event_of
from cohortflow.programs.waiting import WaitingMail, waiting_mails
from schemas.occasions import PROGRAM, Occasion
from schemas.phrases import STAGES

Event = tuple[datetime, datetime]
UPDATE = ".update#"
_ANCHORS = ("response", "approval", "acceptance")


def calendar_mails(cohort: Cohort) -> dict[str, Occasion]:
    """The declared mails that carry an invitation for the calendar, by key."""
    dated = {each.key: each for each in dated_occasions(cohort)}
    waiting = {each.key: _some_day(cohort, each) for anchor in _ANCHORS for each in waiting_mails(cohort, anchor)}
    return {key: each for key, each in {**waiting, **dated}.items() if each.attach and each.attach.kind == "calendar"}


def _some_day(cohort: Cohort, waiting: WaitingMail) -> Occasion:
    """A mail whose own day nobody knows yet; the day of what it invites to is known all the same."""
    day = datetime(cohort.starts.year, cohort.starts.month, cohort.starts.day, tzinfo=UTC)
    line = waiting.mail.line
    return Occasion(waiting.key, waiting.stage, "send", cohort.starts, day, "mail", to=line.to, attach=line.attach)


def events_of(cohort: Cohort) -> dict[str, Event]:
    """When what the mails of a cohort invite to begins and ends, by the mail's key."""
    found = {key: event_of(cohort, mail) for key, mail in calendar_mails(cohort).items()}
    return {key: event for key, event in found.items() if event is not None}


def is_any_ahead(cohort: Cohort, now: datetime) -> bool:
    """Whether anything that a mail of the cohort invites to is still to come."""
    dates: CohortDates | None = None
    for stage in STAGES:
        for line in getattr(cohort.program.stages, stage).emails:
            if line.attach is None or line.attach.kind != "calendar":
                continue
            dates = dates or CohortDates(cohort)
            for check_in in dates.check_ins if stage == "check_in" else (None,):
                begins_at = dates.event_begins(line.attach, stage, check_in)
                if begins_at is not None and begins_at > now:
                    return True
    return False


def as_attached(event: Event, cohort: Cohort, **more: object) -> dict[str, object]:
    """An event as it is stored with a mail."""
    where = {"where": str(cohort.program.meet)} if cohort.program.meet else {}
    return {"begins_at": event[0].isoformat(), "ends_at": event[1].isoformat(), **where, **more}


# --- telling ------------------------------------------------------------------------------------------------------


def telling(occasion: str, number: int, now: datetime) -> Occasion:
    """The occasion at which whoever was invited by a mail hears of the n-th change of what it invited to."""
    return Occasion(f"{occasion}{UPDATE}{number}", PROGRAM, "tell_invited", now.date(), now)


def changed_occasion(update: str) -> str:
    """The key of the mail that invited, from the key of a change."""
    return update.rpartition(UPDATE)[0]


def calling_off(cohort: Cohort, match_id: str, now: datetime) -> list[Occasion]:
    """The occasion at which the people of an ended match hear that what they were invited to is off, if anything is."""
    if not is_any_ahead(cohort, now):
        return []
    return [Occasion("match.called_off", PROGRAM, "call_off", now.date(), now, about=match_id)]


# --- judging ------------------------------------------------------------------------------------------------------


def is_the_same_but_its_event(before: Declaration, after: Declaration) -> bool:
    """Whether two declarations of a mail that carried an invitation differ in nothing but what it invites to."""
    if before.words == after.words:
        return True
    return any(map(_is_calendar, before.words)) and _apart_from_event(before) == _apart_from_event(after)


def _apart_from_event(declaration: Declaration) -> tuple[object, ...]:
    return tuple(word for word in declaration.words if word != "" and not _is_calendar(word))


def _is_calendar(word: object) -> bool:
    return isinstance(word, str) and word.startswith("calendar ")


def events_to_tell(old: Cohort, new: Cohort, stored: Mapping[str, Stored], now: datetime) -> list[str]:
    """The mails that have gone with an invitation to something still to come, which the edit moves or calls off."""
    before, after = events_of(old), events_of(new)
    is_elsewhere = (old.program.meet or "") != (new.program.meet or "")
    return [
        key
        for key, event in before.items()
        if _has_gone(stored.get(key)) and event[0] > now and (after.get(key) != event or is_elsewhere)
    ]


def _has_gone(found: Stored | None) -> bool:
    return found is not None and found.is_over


def event_findings(old: Cohort, new: Cohort, stored: Mapping[str, Stored], now: datetime) -> Iterator[Finding]:
    """What becomes of invitations that stand in calendars already."""
    before, after = events_of(old), events_of(new)
    for key in events_to_tell(old, new, stored, now):
        path = (*declaration_of(new, key).path[:4], "attach")
        if key not in after:
            reason = f"{key}: what it invited to is called off, and whoever was invited is told"
            yield Finding(path, "needs_confirmation", reason, key)
        elif after[key] == before[key]:
            yield Finding(("meet",), "applied", f"{key}: whoever was invited gets the new place", key)
        elif after[key][0] <= now:
            reason = f"{key}: what it invited to would have begun already, {_when(new, after[key])}, and nobody is told"
            yield Finding(path, "needs_confirmation", reason, key)
        else:
            moved = f"moves from {_when(old, before[key])} to {_when(new, after[key])}"
            yield Finding(path, "applied", f"{key}: what it invited to {moved}; whoever was invited is told", key)
    for key in before:
        past = _has_gone(stored.get(key)) and before[key][0] <= now
        if past and declaration_of(old, key).words != declaration_of(new, key).words:
            path = (*declaration_of(new, key).path[:4], "attach")
            yield Finding(path, "refused", f"{key}: what it invited to has been; put it back", key)


def _when(cohort: Cohort, event: Event) -> str:
    zone = cohort.program.calendar.time_zone
    return f"{event[0].astimezone(ZoneInfo(zone)):%Y-%m-%d at %H:%M}"
