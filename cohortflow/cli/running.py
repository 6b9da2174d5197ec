"""Commands that act on the installation the environment describes: the tick, and what a person may do."""

from collections.abc import Iterator
from contextlib import contextmanager

from cohortflow.cli.errors import tell
from cohortflow.cli.words import as_typed, count, say
from cohortflow.engine import plainly
from cohortflow.programs.parts import part_of
from cohortflow.store import cohorts, events, frames, overview
from cohortflow.store.database import is_there
from flows import exporting, foreseeing, holding, rematching, skipping
from flows.acting import acting_part, known_row
from flows.approval import approve_matches
from flows.house import House, living_in, open_house
from flows.tick import one_pass
from schemas.changes import Note
from schemas.errors import CohortflowError
from schemas.settings import Settings


@contextmanager
def at_home(begins: bool = False) -> Iterator[House]:
    """The house the environment describes, open for the length of the block, with flows run as plain functions.

    Args:
        begins: make its database if there is none; else a mistyped COHORTFLOW_HOME would look like an empty one.

    Raises:
        CohortflowError: there is none.
    """
    settings = Settings()
    if not begins and not is_there(settings.database):
        raise CohortflowError(
            f"there is no database at {settings.database.partition('///')[2]} yet; run `cohortflow tick` once, or set "
            "COHORTFLOW_HOME to the folder of the installation that is meant"
        )
    house = open_house(settings)
    try:
        with living_in(house), plainly():
            yield house
    finally:
        house.database.close()


def tick() -> int:
    """One pass; 1 when the work of a program failed, which the next tick tries again."""
    with at_home(begins=True) as house:
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
    with at_home() as house:
        holding.hold(house, cohort_id, by, reason or "held by hand", house.now())
    say(f"{cohort_id} is held. `cohortflow resume {cohort_id} --by {by}` lets it go on.")


def resume(cohort_id: str, by: str, reason: str, compress: bool) -> None:
    """Let a held cohort go on; one that was declared late only with compressed dates, and only in time."""
    with at_home() as house:
        row = holding.resume(house, cohort_id, by, reason, compress, house.now())
    say(f"{cohort_id} goes on; what is overdue and still of use is done by the next tick.")
    if row.roster_hold:
        tell(f"No mail goes yet, for the roster holds it: {row.roster_hold}")


def show_resume(cohort_id: str, by: str, compress: bool) -> None:
    """What would go out if a held cohort went on now; nothing is changed."""
    with at_home() as house:
        now = house.now()
        with house.database.read() as db:
            row = known_row(db, cohort_id)
            acting_part(frames.load_cohort(db, row), by)
            holding.refuse_to_resume(db, row, compress, now)
        outcomes = foreseeing.what_would_go_out(house, cohort_id, now)
        queued = holding.queued_now(house, cohort_id, now)
    for each in outcomes:
        say(f"{each.occasion}: {each.comes_to}" + (f", {count(each.mails, 'mail')}" if each.mails else ""))
    say(f"{cohort_id} would send {count(queued + sum(each.mails for each in outcomes), 'mail')} at once.")


def skip(cohort_id: str, occasion: str, by: str, reason: str) -> None:
    """Let one mail of a cohort not go."""
    with at_home() as house:
        done = skipping.skip(house, cohort_id, occasion, by, reason or "not said", house.now())
    say(f"{cohort_id}: {occasion} " + ("is skipped." if done else "was over already; nothing was changed."))


def rematch(cohort_id: str, by: str, match_id: str | None, reason: str) -> None:
    """Look for new partners, after ending a match if one is named."""
    if match_id is not None and not match_id.strip():
        raise CohortflowError("--match: is empty; write the id of a match, or leave it out to look for all who wait")
    with at_home() as house:
        rematching.look_again(house, cohort_id, by, match_id or "", reason or "not said", house.now())
    say(f"{cohort_id}: the next tick looks for new partners; the approvers are asked as always.")


def export(cohort_id: str, by: str, reason: str) -> None:
    """Write the tables and the report of a cohort."""
    with at_home() as house:
        files = exporting.export(house, cohort_id, by, reason or "not said", house.now())
    for file in files:
        say(as_typed(file))
