"""Edits of running cohorts: what the store knows of the cohort, applying an edit whole, and keeping one that waits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.programs.cohorts import Cohort, line_as_node, line_node, read_cohort
from cohortflow.programs.edits import Edit, Known, follow, weigh
from cohortflow.programs.event_edits import UPDATE, telling
from cohortflow.programs.findings import Stored
from cohortflow.programs.line_changes import (
    Places,
    changed_leaves,
    places_of_cohort,
    places_of_line,
    plain_view,
    resolved,
)
from cohortflow.programs.trees import path_text
from cohortflow.store import bundles, cohorts, events, occasions, rescheduling
from cohortflow.store.adoption import line_mark
from cohortflow.store.cohorts import CohortRow
from cohortflow.store.tables import REAL_NOW, matches, messages, participants, waiting_edits
from cohortflow.store.tables import occasions as occasion_rows
from schemas.changes import LIVE_MATCH, Note
from schemas.edits import Change, Difference, People
from schemas.errors import CohortflowError, ProgramError

IN_THE_COHORT = ("applied", "waitlisted", "matched", "completed")
COUNTED_BY = ("who", "starts", "people")
CountPeople = Callable[[Connection, Cohort, Cohort], tuple[People, ...]]


@dataclass(frozen=True)
class FileNow:
    """The configuration as it stands in the files, or in a bundle made of them."""

    texts: dict[str, str]
    folder: str

    def places(self, row: CohortRow) -> Places:
        """Where the words of a cohort's line stand."""
        return places_of_line(self.texts, row.program_id, row.key, self.folder)


@dataclass(frozen=True)
class Waiting:
    """An edit that waits for an approver: the line, its mark, and the consequences that were shown."""

    cohort_id: str
    mark: str
    line: Mapping[str, Any]
    consequences: list[str]
    seen_at: datetime


# --- judging ------------------------------------------------------------------------------------------------------


def weigh_line(
    db: Connection,
    row: CohortRow,
    line: Mapping[str, Any],
    file: FileNow,
    now: datetime,
    count_people: CountPeople | None = None,
) -> Edit:
    """Judge another line for a running cohort by the version of the program it runs on."""
    texts, places = bundles.read_bundle(db, row.config_hash), file.places(row)
    mark = line_mark(line)
    try:
        old = read_cohort(texts, row.program_id, row.key, row.line)
        new = read_cohort(texts, row.program_id, row.key, line)
    except ProgramError as error:
        return Edit(_not_understood(row, error, places, mark))
    sides = (_plain(texts, row, row.line), _plain(texts, row, line))
    leaves = list(changed_leaves(*sides))
    is_counted = count_people is not None and any(leaf.path[0] in COUNTED_BY for leaf in leaves)
    people = count_people(db, old, new) if count_people and is_counted else ()
    edit = weigh(old, new, leaves, places, _known(db, row, people), now)
    standing: Literal["closed", "running"] = "closed" if row.state == "closed" else "running"
    return replace(edit, difference=replace(edit.difference, mark=mark, standing=standing))


def kept_as_begun(db: Connection, row: CohortRow, line: Mapping[str, Any], file: FileNow) -> tuple[str, ...]:
    """What the program's file says differently than the version a running cohort goes by, beside its own line."""
    pinned = bundles.read_bundle(db, row.config_hash)
    try:
        leaves = changed_leaves(_plain(pinned, row, line), _plain(file.texts, row, line))
        return tuple(f"{path_text(leaf.path)}: {leaf.said}" for leaf in leaves)
    except ProgramError:
        return ()


def _plain(texts: dict[str, str], row: CohortRow, line: Mapping[str, Any]) -> dict[str, Any]:
    node = line_as_node(line, row.program_id, row.key)
    return plain_view(resolved(texts, row.program_id, row.key, node), row.key)


def _not_understood(row: CohortRow, error: ProgramError, places: Places, mark: str) -> Difference:
    """The pinned version of the program cannot read the line."""
    changes = []
    for fault in error.faults:
        inside = fault.path.removeprefix(f"cohorts.{row.key}.")
        at = places.of(tuple(inside.split(".")))
        said = "cannot be read by the version of the program that this cohort runs on"
        path = f"cohorts.{row.key}.{inside}"
        changes.append(Change(path, "refused", said, fault.message, at.file, at.line, at.column))
    return Difference(row.cohort_id, "running", mark, tuple(changes))


def line_is_gone(row: CohortRow, file: FileNow) -> Edit:
    """The line of a running cohort was taken out, or its key was changed, which for a cohort is the same."""
    at = file.places(row).of(())
    reason = "a cohort that has begun keeps its key; put the line back under it, and declare a new cohort beside it"
    change = Change(f"cohorts.{row.key}", "refused", "is not in the file any more", reason, at.file, at.line, at.column)
    return Edit(Difference(row.cohort_id, "running", line_mark({}), (change,)))


def _known(db: Connection, row: CohortRow, people: tuple[People, ...]) -> Known:
    return Known(
        occasions=stored_occasions(db, row.cohort_id),
        mails=mails_sent(db, row.cohort_id),
        mentees_in=_mentees_in(db, row.cohort_id),
        mentees_of=_mentees_of(db, row.cohort_id),
        is_held=row.state == "held" or row.roster_hold is not None,
        people=people,
    )


def stored_occasions(db: Connection, cohort_id: str) -> dict[str, Stored]:
    """How the occasions of the whole cohort stand, in the order of its life."""
    query = (
        sa.select(occasion_rows, (occasion_rows.c.lease_until >= REAL_NOW).label("is_claimed"))
        .where(occasion_rows.c.cohort_id == cohort_id, occasion_rows.c.about == "-")
        .order_by(occasion_rows.c.place)
    )
    return {
        row["key"]: Stored(
            row["state"],
            row["ready_at"],
            row["done_at"],
            row["reason"],
            bool(row["is_claimed"]),
        )
        for row in db.execute(query).mappings()
    }


def mails_sent(db: Connection, cohort_id: str) -> dict[str, int]:
    """How many mails of each occasion have left, or may have."""
    query = sa.select(messages.c.occasion, sa.func.count()).where(
        messages.c.cohort_id == cohort_id,
        messages.c.state.in_(("sending", "accepted", "delivered", "bounced", "unknown")),
    )
    return {key: int(count) for key, count in db.execute(query.group_by(messages.c.occasion)).tuples()}


def _mentees_in(db: Connection, cohort_id: str) -> int:
    query = sa.select(sa.func.count()).where(
        participants.c.cohort_id == cohort_id,
        participants.c.role == "mentee",
        participants.c.state.in_(IN_THE_COHORT),
    )
    return int(db.execute(query).scalar_one())


def _mentees_of(db: Connection, cohort_id: str) -> tuple[int, ...]:
    query = sa.select(sa.func.count()).where(matches.c.cohort_id == cohort_id, matches.c.state.in_(LIVE_MATCH))
    return tuple(sorted(db.execute(query.group_by(matches.c.mentor_id)).scalars()))


def compare_with_file(
    db: Connection, row: CohortRow, new: Cohort, file: FileNow, count_people: CountPeople | None = None
) -> Difference:
    """A cohort that has not begun beside its file, which it follows with all that stands there."""
    texts = bundles.read_bundle(db, row.config_hash)
    old = read_cohort(texts, row.program_id, row.key, row.line)
    written = line_node(file.texts, row.program_id, row.key, file.folder)
    tree = resolved(file.texts, row.program_id, row.key, written, file.folder)
    leaves = list(changed_leaves(_plain(texts, row, row.line), plain_view(tree, row.key)))
    is_counted = count_people is not None and any(leaf.path[0] in COUNTED_BY for leaf in leaves)
    people = count_people(db, old, new) if count_people and is_counted else ()
    return follow(old, new, leaves, places_of_cohort(tree, row.key, file.places(row).home), people)


# --- applying -----------------------------------------------------------------------------------------------------


def apply(
    db: Connection, row: CohortRow, edit: Edit, line: Mapping[str, Any], *, now: datetime, actor: str, **told: str
) -> None:
    """Let a running cohort follow an edit, all of it; the caller has locked the cohort.

    Raises:
        CohortflowError: an occasion was taken in hand meanwhile; nothing of the transaction may stand.
    """
    notes = []
    for item in edit.moves:
        if not rescheduling.move(db, row.cohort_id, item, now):
            raise CohortflowError(f"{row.cohort_id} {item.key}: is just being done; the next tick looks again")
        notes.append(Note("occasion.moved", item.key))
    added = occasions.insert(db, row.cohort_id, edit.adds, row.config_hash, now)
    _tell_invited(db, row, edit, now)
    for item in edit.adds:
        added += rescheduling.bring_back(db, row.cohort_id, item, now)
        notes.append(Note("occasion.added", item.key))
    for key in edit.drops:
        if not rescheduling.take_out(db, row.cohort_id, key, now):
            raise CohortflowError(f"{row.cohort_id} {key}: is just being done; the next tick looks again")
        notes.append(Note("occasion.taken_out", key))
    cohorts.change(db, row.cohort_id, line=dict(line), refused_line=None)
    counts: dict[str, int | str] = {"moved": len(edit.moves), "added": added, "dropped": len(edit.drops), **told}
    notes += [Note("line.value_changed", counts={"path": each.path}) for each in edit.difference.changes]
    events.append(
        db, row.cohort_id, [*notes, Note("line.changed", counts=counts)], at=now, actor=actor, bundle=row.config_hash
    )
    forget(db, row.cohort_id)


def _tell_invited(db: Connection, row: CohortRow, edit: Edit, now: datetime) -> None:
    """Let those hear of it who have an invitation to what the edit moves; each change has its number."""
    known = occasions.states(db, row.cohort_id)
    for key in edit.events:
        number = 1 + sum(each.startswith(f"{key}{UPDATE}") for each, _ in known)
        occasions.insert(db, row.cohort_id, [telling(key, number, now)], row.config_hash, now)


def refuse(db: Connection, row: CohortRow, edit: Edit, now: datetime) -> str:
    """Keep why an edit is refused, and nothing else of it.

    Returns:
        The refused changes in words, each with its line.
    """
    reason = "\n".join(map(str, edit.difference.of("refused")))
    cohorts.change(db, row.cohort_id, refused_line=f"{edit.difference.mark} {reason}")
    paths = ", ".join(change.path for change in edit.difference.of("refused"))
    events.append(
        db, row.cohort_id, [Note("line.refused", counts={"paths": paths})], at=now, actor="configuration",
        bundle=row.config_hash,
    )  # fmt: skip
    return reason


# --- waiting ------------------------------------------------------------------------------------------------------


def consequences_of(edit: Edit) -> list[str]:
    """What an approver has to say yes to."""
    return [f"{each.path}: {each.said}; {each.reason}" for each in edit.difference.of("needs_confirmation")]


def read_waiting(db: Connection, cohort_id: str) -> Waiting | None:
    """The edit of a cohort that waits for an approver, or None."""
    row = db.execute(sa.select(waiting_edits).where(waiting_edits.c.cohort_id == cohort_id)).mappings().first()
    return Waiting(**row) if row else None


def keep_waiting(db: Connection, row: CohortRow, edit: Edit, line: Mapping[str, Any], now: datetime, actor: str) -> int:
    """Keep an edit until somebody confirms it, in place of one that waited before.

    Returns:
        Which of the cohort's waiting edits it is, counted from 1.
    """
    forget(db, row.cohort_id)
    mark, told = edit.difference.mark, consequences_of(edit)
    values = {"mark": mark, "line": dict(line), "consequences": told, "seen_at": now}
    db.execute(waiting_edits.insert().values(cohort_id=row.cohort_id, **values))
    cohorts.change(db, row.cohort_id, refused_line=None)
    note = Note("edit.waits", counts={"mark": mark, "consequences": len(told)})
    events.append(db, row.cohort_id, [note], at=now, actor=actor, bundle=row.config_hash)
    return events.count(db, row.cohort_id, "edit.waits")


def show_anew(db: Connection, row: CohortRow, edit: Edit) -> None:
    """Since it was first shown, the edit that waits has come to mean something else."""
    mine = waiting_edits.c.cohort_id == row.cohort_id
    db.execute(waiting_edits.update().where(mine).values(consequences=consequences_of(edit)))


def forget(db: Connection, cohort_id: str) -> bool:
    """Nothing waits any more; whether something had."""
    return db.execute(waiting_edits.delete().where(waiting_edits.c.cohort_id == cohort_id)).rowcount > 0


def take_back(db: Connection, row: CohortRow, now: datetime) -> None:
    """What waited or was refused is not in the file any more."""
    if forget(db, row.cohort_id):
        cohorts.change(db, row.cohort_id)  # holds the row, and with it the chain
        note = Note("edit.taken_back")
        events.append(db, row.cohort_id, [note], at=now, actor="configuration", bundle=row.config_hash)
    if row.refused_line:
        cohorts.change(db, row.cohort_id, refused_line=None)
