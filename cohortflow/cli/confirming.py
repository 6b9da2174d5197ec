"""`cohortflow confirm`: an approver says yes to the edit of a running cohort that waits, or sees what it has become."""

from collections.abc import Callable

from cohortflow.cli.errors import tell
from cohortflow.cli.plan_difference import difference_lines
from cohortflow.cli.running import at_home
from cohortflow.cli.words import count, say
from cohortflow.programs.cohorts import cohort_line
from cohortflow.programs.documents import read_config
from cohortflow.store import edits
from cohortflow.store.adoption import line_mark
from cohortflow.store.edits import FileNow
from flows.acting import known_row
from flows.edits import Answer, confirm_edit
from flows.eligibility import eligible_counts
from flows.house import House
from schemas.edits import Difference
from schemas.errors import ProgramError


def confirm(cohort_id: str, by: str, mark: str, note: str) -> int:
    """Confirm exactly the edit that was shown.

    Returns:
        0 when it is applied or nothing waits; 1 when it is refused; 2 when something else must be looked at first.
    """
    with at_home() as house:
        if newer := _newer_edit(house, cohort_id):
            tell(f"{cohort_id}: the file has changed since; this is what it says now. Nothing was confirmed.")
            _show(newer)
            tell("Run `cohortflow tick`, which takes the file in, then confirm again.")
            return 2
        folder = house.settings.programs.name
        answer = confirm_edit(house, cohort_id, by, house.now(), mark=mark, note=note, folder=folder)
    return _TOLD[answer.outcome](cohort_id, answer)


def _newer_edit(house: House, cohort_id: str) -> Difference | None:
    """What the file says by now, where that is neither in force nor the edit that waits.

    A file that is not here, or has faults, changes nothing: what was accepted stands.
    """
    with house.database.read() as db:
        row, waiting = known_row(db, cohort_id), edits.read_waiting(db, cohort_id)
        if waiting is None:
            return None
        path = house.settings.programs / f"{row.program_id}.yaml"
        try:
            file = FileNow(read_config(path), path.parent.name)
            line = cohort_line(file.texts, row.program_id, row.key, file.folder)
        except ProgramError:
            return None
        if line_mark(line) == waiting.mark:
            return None
        return edits.weigh_line(db, row, line, file, house.now(), eligible_counts).difference


def _show(difference: Difference | None) -> None:
    for line in difference_lines(difference, whole=True) if difference else ():
        say(line)


def _applied(cohort_id: str, answer: Answer) -> int:
    difference = answer.difference
    assert difference is not None
    say(f"{cohort_id}: confirmed; {count(len(difference.changes), 'change')} made. The next tick goes by them.")
    return 0


def _nothing_waits(cohort_id: str, _: Answer) -> int:
    say(f"{cohort_id}: no edit is waiting for confirmation.")
    return 0


def _other_edit(cohort_id: str, answer: Answer) -> int:
    tell(f"{cohort_id}: another edit waits by now, with the mark {answer.mark}; nothing was confirmed.")
    _show(answer.difference)
    return 2


def _shown_anew(cohort_id: str, answer: Answer) -> int:
    tell(f"{cohort_id}: since it was shown, this edit has come to mean something else; nothing was confirmed.")
    _show(answer.difference)
    tell("Run the same command again to confirm what is shown here.")
    return 2


def _refused(cohort_id: str, answer: Answer) -> int:
    tell(f"{cohort_id}: this edit can no longer be followed; nothing was changed, and its owner is told.")
    _show(answer.difference)
    return 1


_TOLD: dict[str, Callable[[str, Answer], int]] = {
    "applied": _applied,
    "nothing_waits": _nothing_waits,
    "other_edit": _other_edit,
    "shown_anew": _shown_anew,
    "refused": _refused,
}
