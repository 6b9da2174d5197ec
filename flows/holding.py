"""Hold a cohort, and let it go on: first shown what would go out, then done."""

from datetime import datetime

from sqlalchemy.engine import Connection

from cohortflow.engine import flow, show_table, tell
from cohortflow.store import adoption, cohorts, events, frames, occasions, tallies
from cohortflow.store.cohorts import CohortRow
from flows.acting import By, CohortId, Why, acting_on, acting_part, known_row, why_held
from flows.foreseeing import what_would_go_out
from flows.house import House
from schemas.changes import Note
from schemas.errors import CohortflowError


@flow("hold-cohort", run_name="hold · {cohort_id}")
def hold_cohort(cohort_id: CohortId, by: By, why: Why = "not said", now: datetime | None = None) -> str:
    """Stop a cohort until somebody resumes it. Nothing falls due and no mail goes; answers are still taken.

    Args:
        cohort_id: such as emerging-leaders/2027-spring.
        by: role:approver#1 is the first address under `approvers:`; role:owner the owner.
        why: for the record.
        now: leave it at None.

    Returns:
        What was done, in one line.
    """
    with acting_on(cohort_id, now) as (house, at):
        hold(house, cohort_id, by, f"by hand: {why}", at)
        tell("occasion.held", cohort_id)
    return f"{cohort_id} is held"


def hold(house: House, cohort_id: str, by: str, reason: str, now: datetime) -> None:
    """Stop a cohort.

    Args:
        by: the address of its owner or an approver, or a part such as role:approver#1.
        reason: why, as its status shows it.

    Raises:
        CohortflowError: it is held or closed already, or somebody else asks.
    """
    with house.database.write() as db:
        row = known_row(db, cohort_id)
        part = acting_part(frames.load_cohort(db, row), by)
        if row.state == "held":
            raise CohortflowError(f"{cohort_id} is held already: {why_held(row)}")
        if row.state == "closed":
            raise CohortflowError(f"{cohort_id} is closed; there is nothing to hold")
        cohorts.hold(db, cohort_id, reason, now=now, actor=part)


@flow("resume-cohort", run_name="resume · {cohort_id}")
def resume_cohort(
    cohort_id: CohortId,
    by: By,
    really: bool = False,
    compress: bool = False,
    why: Why = "not said",
    now: datetime | None = None,
) -> str:
    """Let a held cohort go on. First run it as it is: it only shows what would go out. Then once more with `really`.

    Args:
        cohort_id: such as emerging-leaders/2027-spring.
        by: role:approver#1 is the first address under `approvers:`; role:owner the owner.
        really: off shows what would happen, on does it.
        compress: for a cohort declared late: do at once what is overdue.
        why: for the record.
        now: leave it at None.

    Returns:
        What was done, in one line.
    """
    with acting_on(cohort_id, now) as (house, at):
        with house.database.read() as db:
            row = known_row(db, cohort_id)
            acting_part(frames.load_cohort(db, row), by)
            refuse_to_resume(db, row, compress, at)
        shown = what_would_go_out(house, cohort_id, at)
        rows = [{"occasion": each.occasion, "due": each.due_at.isoformat(timespec="minutes"),
                 "mails": each.mails, "comes to": each.comes_to} for each in shown]  # fmt: skip
        queued = queued_now(house, cohort_id, at)
        rows.append(
            {"occasion": "mails queued before", "due": "", "mails": queued, "comes to": "sent at the next delivery"}
        )
        show_table("resume", rows, f"What {'goes' if really else 'would go'} out when {cohort_id} goes on")
        mails = queued + sum(each.mails for each in shown)
        if really:
            resume(house, cohort_id, by, "" if why == "not said" else why, compress, at)
    if really:
        return f"{cohort_id} goes on; about {mails} mails go out with the next ticks"
    return f"{cohort_id} would send about {mails} mails at once; run it again with `really` to let it go on"


def resume(house: House, cohort_id: str, by: str, reason: str, compress: bool, now: datetime) -> CohortRow:
    """Let a held cohort go on; one that was declared late only with compressed dates, and only in time.

    Returns:
        The cohort as it was.

    Raises:
        CohortflowError: it is not held, must not go on so, or somebody else asks.
    """
    with house.database.write() as db:
        row = known_row(db, cohort_id)
        part = acting_part(frames.load_cohort(db, row), by)
        refuse_to_resume(db, row, compress, now)
        cohorts.resume(db, row, now=now, actor=part)
        if row.held_reason == adoption.LATE or reason:
            told: dict[str, int | str] = {"compressed": int(row.held_reason == adoption.LATE), "reason": reason or "-"}
            events.append(db, cohort_id, [Note("resume.noted", counts=told)], at=now, actor=part)
    return row


def refuse_to_resume(db: Connection, row: CohortRow, compress: bool, now: datetime) -> None:
    """Why a cohort cannot go on, if it cannot.

    Raises:
        CohortflowError: with the reason.
    """
    if row.state != "held":
        raise CohortflowError(_not_held(row))
    if row.held_reason == adoption.LATE:
        _refuse_unless_in_time(db, row, compress, now)


def queued_now(house: House, cohort_id: str, now: datetime) -> int:
    """How many mails of a cohort wait only for it to go on."""
    with house.database.read() as db:
        return tallies.queued_before(db, cohort_id, now)


def _refuse_unless_in_time(db: Connection, row: CohortRow, compress: bool, now: datetime) -> None:
    closes = next((each for each in occasions.rows_of(db, row.cohort_id) if each["key"] == "recruit.closes"), None)
    if closes is None or closes["due_at"] is None or closes["due_at"] <= now:
        raise CohortflowError(
            f"{row.cohort_id} was declared after its recruiting had closed; give it a new `starts:` in its line"
        )
    if not compress:
        raise CohortflowError(
            f"{row.cohort_id} was {adoption.LATE}. Either give it a new `starts:`, or run this again with --compress: "
            "what is overdue happens at once, reminders that have lost their sense are skipped, and recruiting closes "
            f"on {closes['due_on']} as planned"
        )


def _not_held(row: CohortRow) -> str:
    if row.roster_hold:
        return f"{row.cohort_id} is held by its roster, which only a good export mends: {row.roster_hold}"
    return f"{row.cohort_id} is not held; it is {row.state}"
