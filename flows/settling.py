"""Mails whose fate is unknown: settled by evidence, else as their text says, else by a person."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from cohortflow.engine import task
from cohortflow.store import messages, settling
from cohortflow.store.cohorts import read_row
from cohortflow.store.settling import BY_RULE, Verdict
from flows.house import House, current_house
from schemas.errors import CohortflowError, DataError

GRACE = timedelta(hours=24)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:#-]{0,63}")


def settle_unknown(message_id: str, verdict: Verdict, by: str, now: datetime | None = None) -> str:
    """An operator's word about an unknown mail: it was sent, or it is to be sent again. Returns its state now.

    Raises:
        DataError: the mail is not unknown, or who says so is not a plain name.
    """
    if verdict not in ("sent", "resend"):
        raise DataError(f"the verdict is {verdict!r}; say sent or resend")
    house, actor = current_house(), plain_name(by)
    now = now or house.now()
    with house.database.write() as db:
        return settling.give_verdict(db, message_id, verdict, now, actor=actor)


def settle_all(cohort_id: str, verdict: Verdict, by: str, state: str = "unknown", now: datetime | None = None) -> int:
    """The same word about every mail of a cohort that is unknown, or refused; returns how many there were.

    Raises:
        DataError: there is no such cohort, or who says so is not a plain name.
    """
    house, actor, count = current_house(), plain_name(by), 0
    now = now or house.now()
    with house.database.read() as db:
        if read_row(db, cohort_id) is None:
            raise DataError(f"there is no cohort {cohort_id!r}; `cohortflow status` lists those there are")
        ids = settling.ids_in(db, cohort_id, state)
    for message_id in ids:
        with suppress(DataError), house.database.write() as db:  # evidence may be faster
            settling.give_verdict(db, message_id, verdict, now, actor=actor)
            count += 1
    return count


def plain_name(by: str) -> str:
    """Who did something, as the history may keep it.

    Raises:
        DataError: it is an address, or no name at all.
    """
    if not _NAME.fullmatch(by):
        raise DataError("say who you are by a plain name or role, such as dana or role:operator; no address")
    return by


@task
def settle_what_is_known(now: datetime) -> int:
    """Settle what can be settled without a person; returns how many mails."""
    house = current_house()
    with house.database.read() as db:
        if not messages.any_in_doubt(db):
            return 0
    return settle_what_the_transport_knows(house, now) + settle_by_rule(house, now)


def settle_what_the_transport_knows(house: House, now: datetime) -> int:
    """Mails whose sender vanished: the transport that was given them settles them, if it can; others stay unknown."""
    with house.database.write() as db:
        doubtful = messages.lapse(db, now)
        ways = messages.ways_of(db, doubtful)
    settled = 0
    for message in doubtful:
        if ways.get(message.message_id) != house.transport.way:
            continue  # this one was never given it, and would say that it is not there
        accepted = house.transport.was_accepted(message.message_id)
        if accepted is None:
            continue
        with house.database.write() as db:
            settled += messages.settle(db, message, accepted=accepted, now=now, actor="transport")
    return settled


def settle_by_rule(house: House, now: datetime) -> int:
    """Send again, once, what stayed unknown for a day and says `on_unknown: resend` in its text; hold the rest."""
    with house.database.read() as db:
        overdue = settling.given_up_by_rule(db, now - GRACE)
    resent = 0
    for row in overdue:
        if not _may_go_again(house, row):
            continue
        try:
            with house.database.write() as db:
                settling.give_verdict(db, row["message_id"], "resend", now, actor=BY_RULE)
        except DataError:
            continue  # evidence was faster
        resent += 1
    return resent


def _may_go_again(house: House, row: Mapping[str, Any]) -> bool:
    program_id = str(row["cohort_id"]).partition("/")[0]
    try:
        texts = house.stationery(row["texts_hash"]).of(program_id)
        return texts.on_unknown(row["stage"], row["template"]) == "resend"
    except CohortflowError:
        return False
