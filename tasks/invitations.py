"""What stands in people's calendars is kept true: a moved event is moved there, one that is off is taken out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from cohortflow.engine import task
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.event_edits import Event, as_attached, calendar_mails, changed_occasion, events_of
from cohortflow.programs.waiting import NEW_PAIR
from schemas.changes import PAIRED_MATCH, Changes, Intent
from schemas.invitations import Carried
from schemas.occasions import PROGRAM, Occasion
from tasks.intents import Sending, Wording, mails_to_queue

MOVED, CALLED_OFF = "invitation_moved", "invitation_cancelled"
OFF = "what it invites to is called off"
UNTOLD = "nobody has an invitation to it"


@dataclass(frozen=True)
class Desk:
    """What every letter about an invitation needs."""

    cohort: Cohort
    people: pd.DataFrame
    wording: Wording
    now: datetime


@task
def news_of_event(desk: Desk, update: str, carried: Iterable[Carried], matches: pd.DataFrame) -> Changes:
    """What a change of one event means for each who was invited to it."""
    occasion, changes = changed_occasion(update), Changes()
    event = events_of(desk.cohort).get(occasion)
    still = _still_invited(desk.cohort, matches)
    for last in _latest(each for each in carried if each.occasion == occasion):
        if event is None or not still(last):
            _call_off(desk, changes, last, update)
        elif _differs(last, event, desk.cohort) and event[0] > desk.now:
            _move(desk, changes, last, update, event)
    return _told(changes, update)


@task
def news_of_ended_match(desk: Desk, match_id: str, carried: Iterable[Carried], matches: pd.DataFrame) -> Changes:
    """What the two people of an ended match were invited to and are no longer."""
    changes, still = Changes(), _still_invited(desk.cohort, matches)
    sides = matches[matches["match_id"] == match_id]
    two = {*sides["mentee_id"], *sides["mentor_id"]}
    for last in _latest(each for each in carried if each.person_id in two):
        if not still(last):
            _call_off(desk, changes, last, f"{last.occasion}.cancel#{last.sequence + 1}")
    return _told(changes, "match.called_off", match_id)


def _latest(carried: Iterable[Carried]) -> list[Carried]:
    """The newest mail of each invitation, which is what its calendar shows."""
    found: dict[str, Carried] = {}
    for each in sorted(carried, key=lambda each: each.sequence):
        found[each.invitation] = each
    return list(found.values())


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


def _move(desk: Desk, changes: Changes, last: Carried, update: str, event: Event) -> None:
    if last.still_waits:
        changes.mails[last.message_id] = {"attach": {"kind": "calendar"} | as_attached(event, desk.cohort)}
        return
    attach = as_attached(event, desk.cohort, **_next(last), method="REQUEST")
    changes.intents += _letter(desk, last, update, MOVED, attach, until=event[0])


def _call_off(desk: Desk, changes: Changes, last: Carried, occasion: str) -> None:
    if last.method == "CANCEL" or last.begins_at <= desk.now:
        return
    if last.still_waits:
        changes.mails[last.message_id] = {"state": "cancelled", "reason": OFF}
        return
    attach = as_attached((last.begins_at, last.ends_at), desk.cohort, **_next(last), method="CANCEL")
    attach |= {"where": last.where}
    changes.intents += _letter(desk, last, occasion, CALLED_OFF, attach, until=last.begins_at)


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
    return mails_to_queue.fn(sending, reader, desk.people, desk.cohort, None, None, desk.wording, desk.now)


def _told(changes: Changes, occasion: str, about: str = "-") -> Changes:
    if changes.intents or changes.mails:
        changes.note("invitation.changed", occasion, about, told=len(changes.intents), waiting=len(changes.mails))
    else:
        changes.skipped_because = UNTOLD
    return changes
