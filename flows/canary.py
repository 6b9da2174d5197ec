"""One mail a day to the operator, through the transport that carries all others: while it comes, the post works."""

import logging
from datetime import UTC, datetime, timedelta

from cohortflow.engine import task
from cohortflow.mailroom.canary import canary_letter
from cohortflow.mailroom.letters import Letter
from cohortflow.store import canary, instances
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
    if not house.settings.operator or now.astimezone(UTC).hour < FROM_HOUR:
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
    # Claimed durably before the first byte leaves: a crash from here on can lose it, never repeat it.
    try:
        outcome = house.transport.send(letter, now)
        house.transport.flush()
    except DeliveryError as error:
        logger.warning("the daily mail to the operator was not sent: %s", error)
        return "refused"
    if outcome.state != "accepted":
        logger.warning("the daily mail to the operator is %s", outcome.state)
    return outcome.state


def _letter(house: House, now: datetime) -> Letter | None:
    """Today's mail, from the sender of the first program; None while there is no program."""
    today = now.astimezone(UTC).date()
    with house.database.read() as db:
        programs = {program_id: name for each in roster_folders(db) for program_id, name in each.programs.items()}
        counts = canary.counts_of(db, today - timedelta(days=1))
        message_id = instances.opaque_id(instances.read_secret(db), "canary", today.isoformat())
    if not programs:
        return None
    try:
        sender = accepted_program(house, min(programs), programs[min(programs)]).email.sender
    except CohortflowError:
        return None
    return canary_letter(message_id, sender, house.settings.operator, today, counts)
