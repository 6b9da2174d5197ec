"""One mail a day to the operator, through the transport that carries all others: while it comes, the post works."""

import logging
from datetime import UTC, datetime, timedelta

from cohortflow.engine import task
from cohortflow.mailroom.canary import canary_letter
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.transports import Stoppable
from cohortflow.store import breakers, canary, instances, places
from cohortflow.store.folders import roster_folders
from flows.house import House, current_house
from flows.roster import accepted_program
from schemas.errors import CohortflowError, DeliveryError

logger = logging.getLogger("cohortflow.flows")

FROM_HOUR = 6  # UTC


@task
def send_canary(now: datetime) -> str:
    """Send today's, if there is an operator and it has not been sent; never twice, so rather not at all.

    Returns:
        What became of it; empty when none was due.
    """
    house, today = current_house(), now.astimezone(UTC).date()
    if not house.settings.operator or now.astimezone(UTC).hour < FROM_HOUR or is_closed(house):
        return ""
    with house.database.read() as db:
        if canary.last_day(db) >= today.isoformat():
            return ""
    letter = _letter(house, now)
    if letter is None:
        return ""
    with house.database.write_alone() as db:
        if not canary.claim(db, today, now):
            return ""
    return hand_over(house, letter, now, "the daily mail")


def is_closed(house: House) -> bool:
    """Whether no mail leaves from here at all: this may be a copy, or the transport was turned away."""
    transport = house.transport
    with house.database.read() as db:
        stopped = isinstance(transport, Stoppable) and breakers.tripped(db, transport.name, transport.mark)
        return bool(stopped or places.sending_hold(db))


def hand_over(house: House, letter: Letter, now: datetime, what: str) -> str:
    """Send a mail to the operator, which was claimed durably before the first byte leaves.

    A crash from here on can lose it, never repeat it.

    Returns:
        What became of it.
    """
    try:
        outcome = house.transport.send(letter, now)
        house.transport.flush()
    except DeliveryError as error:
        logger.warning("%s to the operator was not sent: %s", what, error)
        return "refused"
    if outcome.state != "accepted":
        logger.warning("%s to the operator is %s", what, outcome.state)
    return outcome.state


def _letter(house: House, now: datetime) -> Letter | None:
    """Today's mail; None while there is no program."""
    today, written_by = now.astimezone(UTC).date(), sender(house)
    if written_by is None:
        return None
    with house.database.read() as db:
        counts = canary.counts_of(db, today - timedelta(days=1))
        message_id = instances.opaque_id(instances.read_secret(db), "canary", today.isoformat())
    return canary_letter(message_id, written_by, house.settings.operator, today, counts)


def sender(house: House) -> str | None:
    """Whom mail to the operator comes from: the sender of the first program; None while there is no program."""
    with house.database.read() as db:
        programs = {program_id: name for each in roster_folders(db) for program_id, name in each.programs.items()}
    if not programs:
        return None
    try:
        return accepted_program(house, min(programs), programs[min(programs)]).email.sender
    except CohortflowError:
        return None
