"""Commands that act on the installation the environment describes: tick, approve, hold, resume."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.engine import Connection

from cohortflow.cli.errors import tell
from cohortflow.cli.finding import nearest
from cohortflow.cli.words import count, say
from cohortflow.engine import plainly
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.parts import part_of
from cohortflow.store import adoption, cohorts, events, frames, occasions, overview
from cohortflow.store.cohorts import CohortRow
from flows.approval import approve_matches
from flows.house import House, living_in, open_house
from flows.tick import one_pass
from schemas.changes import Note
from schemas.errors import CohortflowError
from schemas.settings import Settings


@contextmanager
def at_home() -> Iterator[House]:
    """The house the environment describes, open for the length of the block, with flows run as plain functions."""
    house = open_house(Settings())
    try:
        with living_in(house), plainly():
            yield house
    finally:
        house.database.close()


def tick() -> int:
    """One pass; 1 when the work of a program failed, which the next tick tries again."""
    with at_home() as house:
        totals = one_pass()
        with house.database.read() as db:
            faulty = overview.faulty_programs(db)
    occasions_done, failed = totals.pop("occasions"), totals.pop("failed")
    mails = ", ".join(f"{number:,} {state}" for state, number in sorted(totals.items()) if number)
    told = [count(occasions_done, "occasion") + " done", f"mails: {mails or 'none'}"]
    if failed:
        told.append(f"{count(failed, 'program')} failed")
    say("; ".join(told))
    for name, faults in faulty.items():
        tell(f"{name}: {count(len(faults), 'fault')}; it stays on what was accepted. Run `cohortflow check`.")
    return 1 if failed else 0


def approve(cohort_id: str, by: str, note: str) -> None:
    """Approve the proposed matches of a cohort."""
    with at_home() as house:
        with house.database.read() as db:
            part = part_of(by, frames.load_cohort(db, known_row(db, cohort_id))) or by
        approved = approve_matches(cohort_id, by)
        if approved and note:
            told = Note("approval.noted", counts={"note": note})
            with house.database.write() as db:
                cohorts.change(db, cohort_id)  # holds the row, and with it the chain
                events.append(db, cohort_id, [told], at=house.now(), actor=part)
    if approved:
        say(f"{cohort_id}: {count(approved, 'match', 'matches')} approved; the next tick writes to them.")
    else:
        say(f"{cohort_id}: nothing is waiting for approval.")


def hold(cohort_id: str, by: str, reason: str) -> None:
    """Stop a cohort until somebody resumes it."""
    with at_home() as house, house.database.write() as db:
        row = known_row(db, cohort_id)
        part = _part(frames.load_cohort(db, row), by)
        if row.state == "held":
            raise CohortflowError(f"{cohort_id} is held already: {row.held_reason}")
        if row.state == "closed":
            raise CohortflowError(f"{cohort_id} is closed; there is nothing to hold")
        cohorts.hold(db, cohort_id, reason or "held by hand", now=house.now(), actor=part)
    say(f"{cohort_id} is held. `cohortflow resume {cohort_id} --by {by}` lets it go on.")


def resume(cohort_id: str, by: str, reason: str, compress: bool) -> None:
    """Let a held cohort go on; one that was declared late only with compressed dates, and only in time."""
    with at_home() as house:
        now = house.now()
        with house.database.write() as db:
            row = known_row(db, cohort_id)
            part = _part(frames.load_cohort(db, row), by)
            if row.state != "held":
                raise CohortflowError(_not_held(row))
            if row.held_reason == adoption.LATE:
                _refuse_unless_in_time(db, row, compress, now)
            cohorts.resume(db, row, now=now, actor=part)
            if row.held_reason == adoption.LATE or reason:
                told: dict[str, int | str] = {
                    "compressed": int(row.held_reason == adoption.LATE),
                    "reason": reason or "-",
                }
                events.append(db, cohort_id, [Note("resume.noted", counts=told)], at=now, actor=part)
    say(f"{cohort_id} goes on; what is overdue and still of use is done by the next tick.")
    if row.roster_hold:
        tell(f"No mail goes yet, for the roster holds it: {row.roster_hold}")


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


def _part(cohort: Cohort, by: str) -> str:
    """The part an address plays in a program, which is what the history names.

    Raises:
        CohortflowError: it plays none.
    """
    part = "role:owner" if by.strip().lower() == cohort.program.owner.lower() else part_of(by, cohort)
    if part is None:
        raise CohortflowError(
            f"{cohort.id}: that address is neither its owner nor an approver; see `owner:` and `approvers:` in the "
            "program's file"
        )
    return part


def _approver(cohort: Cohort, by: str) -> str:
    part = part_of(by, cohort)
    if part is None:
        raise CohortflowError(
            f"{cohort.id}: that address is not one of its approvers; see `approvers:` in the program's file"
        )
    return part


def known_row(db: Connection, cohort_id: str) -> CohortRow:
    """The cohort of that id.

    Raises:
        CohortflowError: the store does not know it; the nearest names are told.
    """
    row = cohorts.read_row(db, cohort_id)
    if row is None:
        known = [each.cohort_id for each in cohorts.read_rows(db)]
        cure = nearest(cohort_id, known) if known else "run `cohortflow tick` once, which takes the programs in"
        raise CohortflowError(f"there is no cohort {cohort_id!r}; {cure}")
    return row
