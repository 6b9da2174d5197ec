"""Settle a mail in doubt, as a form: somebody says whether it left; without an id it shows which there are."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from cohortflow.engine import flow, show_table
from cohortflow.store import frames, settling
from flows.acting import By, Why, acting_on, acting_part, known_row
from flows.house import House, current_house
from flows.settling import settle_unknown
from schemas.errors import CohortflowError

MessageId = Annotated[str, Field(pattern=r"^[0-9a-f]{0,64}$")]
MOST_SHOWN = 200


@flow("settle-unknown-mail", run_name="settle {message_id}")
def settle_unknown_mail(
    by: By,
    message_id: MessageId = "",
    verdict: Literal["sent", "resend"] = "sent",
    why: Why = "not said",
    now: datetime | None = None,
) -> str:
    """Say of a mail in doubt that it was sent, or have it sent again. Without an id it only shows which are in doubt.

    Args:
        by: role:approver#1 is the first address under `approvers:` of the mail's program; role:owner its owner.
        message_id: as the table of this run names it; leave it empty to see the table.
        verdict: sent counts it as accepted; resend sends it once more.
        why: for the record.
        now: leave it at None.

    Returns:
        What was done, in one line.
    """
    house = current_house()
    now = now or house.now()
    with house.database.read() as db:
        found = {row["message_id"]: row for row in settling.unknown_mails(db)}
    rows = [{name: str(row[name] or "") for name in ("message_id", "cohort_id", "occasion", "tried_at", "reason")}
            for row in list(found.values())[:MOST_SHOWN]]  # fmt: skip
    show_table("in-doubt", rows, "Mails of which nobody knows whether they left")
    if not message_id:
        return f"{len(found)} mails are in doubt; nothing was settled"
    if message_id not in found:
        raise CohortflowError(f"the mail {message_id} is not in doubt; run this without an id to see which are")
    cohort_id = str(found[message_id]["cohort_id"])
    with acting_on(cohort_id, now):
        part = _part(house, cohort_id, by)
        state = settle_unknown(message_id, verdict, f"{part}: {why}" if why != "not said" else part, now)
    return f"the mail {message_id} is {state} now"


def _part(house: House, cohort_id: str, by: str) -> str:
    with house.database.read() as db:
        return acting_part(frames.load_cohort(db, known_row(db, cohort_id)), by)
