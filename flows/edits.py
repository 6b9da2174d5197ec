"""Edits of running cohorts: the tick follows them, keeps them for an approver or refuses them; an approver confirms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.engine import Connection

from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.edits import Edit
from cohortflow.programs.parts import part_of
from cohortflow.store import bundles, cohorts, edits, frames, rescheduling
from cohortflow.store.adoption import line_mark
from cohortflow.store.cohorts import CohortRow
from cohortflow.store.edits import FileNow
from cohortflow.store.record import queue
from flows.eligibility import eligible_counts
from flows.house import House
from schemas.edits import Difference
from schemas.errors import CohortflowError
from tasks.intents import told_at_once

Outcome = Literal["applied", "nothing_waits", "other_edit", "shown_anew", "refused"]


@dataclass(frozen=True)
class Answer:
    """What came of a confirmation, and the edit it was about."""

    outcome: Outcome
    difference: Difference | None = None
    mark: str = ""


def follow_line(
    house: House, db: Connection, row: CohortRow, line: Mapping[str, Any] | None, file: FileNow, now: datetime
) -> None:
    """A running cohort's line says something else, or is gone: apply that, keep it for an approver, or refuse it."""
    mark, waiting = line_mark(line or {}), edits.read_waiting(db, row.cohort_id)
    if (row.refused_line or "").startswith(f"{mark} ") or (waiting and waiting.mark == mark):
        return
    row = _held_still(db, row.cohort_id)
    edit = (
        edits.line_is_gone(row, file) if line is None else edits.weigh_line(db, row, line, file, now, eligible_counts)
    )
    verdict = edit.difference.verdict
    if verdict == "refused":
        refuse(house, db, row, edit, now)
    elif verdict == "needs_confirmation":
        _ask_approvers(house, db, row, edit, line or {}, now)
    else:
        edits.apply(db, row, edit, line or {}, now=now, actor="configuration")


def _held_still(db: Connection, cohort_id: str) -> CohortRow:
    """The cohort, which nobody else changes before this transaction ends."""
    row = cohorts.lock_row(db, cohort_id)
    if row is None:
        raise CohortflowError(f"there is no cohort {cohort_id!r}; `cohortflow status` lists those there are")
    rescheduling.hold_pending(db, cohort_id)
    return row


def refuse(house: House, db: Connection, row: CohortRow, edit: Edit, now: datetime) -> None:
    """Nothing of the edit is done; the owner is told once, with the lines."""
    edits.take_back(db, row, now)
    edits.refuse(db, row, edit, now)
    cohort = frames.load_cohort(db, row)
    tell(house, db, cohort, "program_fault", "owner", f"line.refused.{edit.difference.mark}", row.config_hash, now)


def _ask_approvers(
    house: House, db: Connection, row: CohortRow, edit: Edit, line: Mapping[str, Any], now: datetime
) -> None:
    """The edit waits, the cohort goes on by its old line, and the approvers are told once."""
    number = edits.keep_waiting(db, row, edit, line, now, "configuration")
    cohort = frames.load_cohort(db, row)
    tell(house, db, cohort, "edit_waiting", "approvers", f"line.waits#{number}", row.config_hash, now)


def tell(
    house: House, db: Connection, cohort: Cohort, template: str, to: str, occasion: str, config_hash: str, now: datetime
) -> None:
    """Queue a mail to owner or approvers, unless no text of it was ever accepted."""
    try:
        wording = house.wording_in(db)
    except CohortflowError:
        return
    queue(db, cohort.id, told_at_once(cohort, template, to, occasion, now, wording), config_hash, now)


def confirm_edit(
    house: House, cohort_id: str, by: str, now: datetime, *, mark: str = "", note: str = "", folder: str = ""
) -> Answer:
    """An approver says yes to the edit that waits; to exactly the one that was shown, or to none.

    Args:
        by: the address of an approver, or a part such as role:approver#1.
        mark: the mark of the edit that is meant; the one that waits, if left empty.

    Raises:
        CohortflowError: there is no such cohort, or that is not one of its approvers.
    """
    with house.database.write_alone() as db:
        row = _held_still(db, cohort_id)
        # By the line in force: an edit that names other approvers does not make them any.
        part = part_of(by, frames.load_cohort(db, row))
        if part is None:
            raise CohortflowError(
                f"{cohort_id}: that address is not one of its approvers; see `approvers:` in the program's file"
            )
        waiting = edits.read_waiting(db, cohort_id)
        if waiting is None:
            return Answer("nothing_waits")
        file = FileNow(bundles.read_bundle(db, bundles.accepted_hash(db, row.program_id)), folder)
        edit = edits.weigh_line(db, row, waiting.line, file, now, eligible_counts)
        outcome = _outcome(edit, waiting, mark)
        if outcome == "refused":
            refuse(house, db, row, edit, now)
        elif outcome == "shown_anew":
            edits.show_anew(db, row, edit)
        elif outcome == "applied":
            told = {"note": note} if note else {}
            edits.apply(db, row, edit, waiting.line, now=now, actor=part, confirmed=waiting.mark, **told)
        return Answer(outcome, edit.difference, waiting.mark)


def _outcome(edit: Edit, waiting: edits.Waiting, mark: str) -> Outcome:
    if mark and mark != waiting.mark:
        return "other_edit"
    if edit.difference.verdict == "refused":
        return "refused"
    shown = edits.consequences_of(edit)
    # What needs no yes any more may go; what nobody has seen yet may not.
    return "shown_anew" if set(shown) - set(waiting.consequences) else "applied"
