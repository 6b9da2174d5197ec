"""Deliver mail: claim, write, send, mark. Separate from deciding, and as many workers as help."""

import logging
from datetime import datetime

from cohortflow.engine import flow, show_table, task
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.transports import Outcome
from cohortflow.mailroom.writing import Desk, open_desk, write_letter
from cohortflow.store import claiming, messages
from cohortflow.store.messages import Message
from flows.house import House, current_house
from flows.reporting import report_attachment
from schemas.errors import CohortflowError, DeliveryError, ProgramError

logger = logging.getLogger("cohortflow.flows")

BATCH = 200


@flow("deliver-mail")
def deliver_mail(now: datetime | None = None) -> dict[str, int]:
    """Send every mail that may go now; returns how many ended in which state."""
    house = current_house()
    now = now or house.now()
    settle_what_the_transport_knows(house, now)
    totals: dict[str, int] = {}
    claimed = BATCH
    while claimed == BATCH:  # fewer than a batch: nothing is left that may go
        counted = send_batch(now)
        claimed = sum(counted.values())
        for state, count in counted.items():
            totals[state] = totals.get(state, 0) + count
    show_table("delivery", [{"state": state, "mails": count} for state, count in totals.items()], "Mails of this run")
    return totals


@task
def send_batch(now: datetime) -> dict[str, int]:
    """Claim a batch, send it and mark it; empty when nothing is left to send."""
    house = current_house()
    with house.database.write() as db:
        batch, stopped = claiming.claim_batch(
            db, now, owner=house.worker, lease_seconds=house.settings.lease_seconds, size=BATCH
        )
    # The claim is durable before the first byte leaves: a crash from here on can lose track of a mail, never repeat it.
    outcomes = [(message, *post(house, message, letter, now)) for message, letter in written(house, batch, now)]
    house.transport.flush()
    if outcomes:
        with house.database.write() as db:
            messages.mark(db, outcomes, now, owner=house.worker)
    counted = dict(stopped)
    for _, state, _ in outcomes:
        counted[state] = counted.get(state, 0) + 1
    return counted


def written(house: House, batch: list[Message], now: datetime) -> list[tuple[Message, Letter | Outcome]]:
    """The letters of a batch, or what keeps one from being written."""
    if not batch:
        return []
    with house.database.read() as db:
        desk = open_desk(
            db,
            batch,
            house.stationery,
            house.settings.portal_url,
            lambda cohort: report_attachment(house, cohort, now),
            now,
        )
        return [(message, _written(desk, message)) for message in batch]


def _written(desk: Desk, message: Message) -> Letter | Outcome:
    try:
        return write_letter(desk, message)
    except (DeliveryError, ProgramError) as error:
        return Outcome("refused", str(error)[:200])
    except CohortflowError as error:
        return Outcome("retry", str(error)[:200])


def post(house: House, message: Message, letter: Letter | Outcome, now: datetime) -> tuple[str, str]:
    """Hand one letter to the transport: its outcome and a code."""
    if isinstance(letter, Outcome):
        return letter.state, letter.code
    try:
        outcome = house.transport.send(letter, now)
    except DeliveryError as error:
        logger.warning("mail %s: %s", message.message_id, "refused" if error.permanent else "not sent yet")
        return ("refused" if error.permanent else "retry"), str(error)[:200]
    return outcome.state, outcome.code


def settle_what_the_transport_knows(house: House, now: datetime) -> int:
    """Mails whose sender vanished: a transport that can tell what it holds settles them; others stay unknown."""
    with house.database.read() as db:
        if not messages.any_in_doubt(db):
            return 0
    with house.database.write() as db:
        doubtful = messages.lapse(db, now)
    settled = 0
    for message in doubtful:
        accepted = house.transport.was_accepted(message.message_id)
        if accepted is None:
            continue
        with house.database.write() as db:
            settled += messages.settle(db, message, accepted=accepted, now=now, actor="transport")
    return settled
