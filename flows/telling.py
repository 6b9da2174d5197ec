"""Pass an alarm on by our own mail, to the operator's address: where no other block of Prefect's was chosen."""

import logging
from datetime import datetime
from typing import Annotated

from pydantic import Field

from cohortflow.engine import flow, run_id
from cohortflow.mailroom.alarm import alarm_letter
from cohortflow.mailroom.letters import Letter
from cohortflow.store import canary, instances
from flows.canary import hand_over, is_closed, sender
from flows.house import House, current_house

logger = logging.getLogger("cohortflow.flows")

Words = Annotated[str, Field(max_length=2000)]


@flow("tell-operator", run_name="{alarm}")
def tell_operator(alarm: Words, about: Words = "", now: datetime | None = None) -> str:
    """Send the operator one mail about an alarm; run again, or told of the same twice in a row, it sends none.

    Args:
        alarm: what has happened.
        about: what it has happened to, in the words of Prefect's pages: ids and counts.
        now: leave it at None.

    Returns:
        What became of the mail; empty where there was none to send.
    """
    house = current_house()
    now, about_run = now or house.now(), run_id()
    letter = _letter(house, about_run, alarm, about, now)
    if is_closed(house):
        logger.warning("the alarm is told to nobody: no mail leaves from here; `cohortflow mail status` says why")
        return ""
    if letter is None:
        logger.warning("the alarm is told to nobody: there is no COHORTFLOW_OPERATOR, or no program yet")
        return ""
    with house.database.write_alone() as db:
        if not canary.claim_alarm(db, about_run, alarm, about, now):
            return ""
    return hand_over(house, letter, now, "an alarm")


def _letter(house: House, about_run: str, alarm: str, about: str, now: datetime) -> Letter | None:
    written_by = sender(house)
    if written_by is None or not house.settings.operator:
        return None
    with house.database.read() as db:
        message_id = instances.opaque_id(instances.read_secret(db), "alarm", about_run)
    return alarm_letter(message_id, written_by, house.settings.operator, alarm, about, now)
