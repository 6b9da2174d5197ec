"""What stands in people's calendars is kept true: a moved event is moved there, one that is off is taken out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from cohortflow.engine import task
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.event_edits import Event, as_attached, calendar_mails, changed_occasion, events_of
from cohortflow.programs.waiting import NEW_PAIR
from schemas.altering import altered
from schemas.changes import PAIRED_MATCH, Changes, Intent
from schemas.invitations import CALLED_OFF, MOVED, Carried
from schemas.occasions import PROGRAM, Occasion
from tasks.intents import Sending, Wording, mails_to_queue

OFF = "what it invites to is called off"
SUPERSEDED = "what it tells has changed again"
UNTOLD = "nobody has an invitation to it"


@dataclass(frozen=True)
class Desk:
    """What every letter about an invitation needs."""

    cohort: Cohort
    people: pd.DataFrame
    wording: Wording
    now: datetime


@dataclass(frozen=True)
class Entry:
    """One entry of somebody's calendar.

    Attributes:
        shown: the newest mail about it that may have come.
        newest: the newest mail about it at all.
        corrections: those that have not left yet; their reader sleeps, or is on leave.
    """

    shown: Carried
    newest: Carried
    corrections: tuple[Carried, ...]


@task
def news_of_event(desk: Desk, update: str, carried: Iterable[Carried], matches: pd.DataFrame) -> Changes:
    """What a change of one event means for each who was invited to it."""
    occasion, changes = changed_occasion(update), Changes()
    event = events_of(desk.cohort).get(occasion)
    still = _still_invited(desk.cohort, matches)
    for entry in _entries(each for each in carried if each.occasion == occasion):
        if event is None or not still(entry.newest):
            _call_off(desk, changes, entry, update)
        elif _differs(entry.newest, event, desk.cohort):
            _move(desk, changes, entry, update, event)
    return _told(changes, update)


@task
def news_of_ended_match(desk: Desk, match_id: str, carried: Iterable[Carried], matches: pd.DataFrame) -> Changes:
    """What the two people of an ended match were invited to and are no longer."""
    changes, still = Changes(), _still_invited(desk.cohort, matches)
    sides = matches[matches["match_id"] == match_id]
    two = {*sides["mentee_id"], *sides["mentor_id"]}
    for entry in _entries(each for each in carried if each.person_id in two):
        last = entry.newest
        if not still(last):
            _call_off(desk, changes, entry, f"{last.occasion}.cancel#{last.sequence + 1}")
    return _told(changes, "match.called_off", match_id)


def _entries(carried: Iterable[Carried]) -> list[Entry]:
    """What stands in calendars, and what is still to come to them."""
    found: dict[str, list[Carried]] = {}
    for each in sorted(carried, key=lambda each: each.sequence):
        found.setdefault(each.invitation, []).append(each)
    return [_entry(mails) for mails in found.values()]


def _entry(mails: list[Carried]) -> Entry:
    came = [each for each in mails if each.may_have_come] or mails[:1]
    return Entry(came[-1], mails[-1], tuple(each for each in mails if each.state == "queued" and each.sequence))


def _still_invited(cohort: Cohort, matches: pd.DataFrame) -> Callable[[Carried], bool]:
    """Whether somebody is still among those whom the mail was for."""
    live = set(matches.loc[matches["state"].isin(PAIRED_MATCH), "match_id"])
    pairs = matches[matches["match_id"].isin(live)]
    members = {*pairs["mentee_id"], *pairs["mentor_id"]}
    mails: Mapping[str, Occasion] = calendar_mails(cohort)

    def still(each: Carried) -> bool:
        if each.about != "-" and each.about not in live:
            return False
        mail = mails.get(each.occasion)
        return mail is None or mail.to not in NEW_PAIR or each.person_id in members

    return still


def _differs(last: Carried, event: Event, cohort: Cohort) -> bool:
    shown = (last.begins_at, last.ends_at, last.where, last.method)
    return shown != (*event, str(cohort.program.meet or ""), "REQUEST")


def _move(desk: Desk, changes: Changes, entry: Entry, update: str, event: Event) -> None:
    last = entry.newest
    if last.still_waits:
        if event[0] > desk.now:
            changes.mails[last.message_id] = {"attach": {"kind": "calendar"} | as_attached(event, desk.cohort)}
        return
    _supersede(changes, entry)
    if event[0] > desk.now and _differs(entry.shown, event, desk.cohort):
        attach = as_attached(event, desk.cohort, **_next(last), method="REQUEST")
        changes.intents += _letter(desk, last, update, MOVED, attach, until=event[0])


def _call_off(desk: Desk, changes: Changes, entry: Entry, occasion: str) -> None:
    last, shown = entry.newest, entry.shown
    if last.method == "CANCEL":
        return
    if last.still_waits:
        if last.begins_at > desk.now:
            changes.mails[last.message_id] = {"state": "cancelled", "reason": OFF}
        return
    _supersede(changes, entry)
    if shown.method != "CANCEL" and shown.begins_at > desk.now:
        attach = as_attached((shown.begins_at, shown.ends_at), desk.cohort, **_next(last), method="CANCEL")
        attach |= {"where": shown.where}
        changes.intents += _letter(desk, last, occasion, CALLED_OFF, attach, until=shown.begins_at)


def _supersede(changes: Changes, entry: Entry) -> None:
    """What has not left yet would tell what is true no more, and perhaps after what is."""
    for each in entry.corrections:
        changes.mails[each.message_id] = {"state": "cancelled", "reason": SUPERSEDED}


def _next(last: Carried) -> dict[str, object]:
    return {"invitation": last.invitation, "occasion": last.occasion, "sequence": last.sequence + 1}


def _letter(
    desk: Desk, last: Carried, occasion: str, template: str, attach: dict[str, object], until: datetime
) -> list[Intent]:
    rows = [[last.person_id, last.role, last.match_ids, ("-",)]]
    reader = pd.DataFrame(rows, columns=["person_id", "role", "match_ids", "abouts"])
    sending = Sending(
        occasion, PROGRAM, template, "participants", last.about, desk.now, {}, until,
        attach={"kind": "calendar", **attach},
    )  # fmt: skip
    mails = mails_to_queue.fn(sending, reader, desk.people, desk.cohort, None, None, desk.wording, desk.now)
    return [altered(each, expires_at=until) for each in mails]  # a wrong entry is to be put right while it is ahead


def _told(changes: Changes, occasion: str, about: str = "-") -> Changes:
    if changes.intents or changes.mails:
        changes.note("invitation.changed", occasion, about, told=len(changes.intents), waiting=len(changes.mails))
    else:
        changes.skipped_because = UNTOLD
    return changes
