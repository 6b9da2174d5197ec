"""The difference between a cohort's file and the database, in lines to read."""

from collections.abc import Iterable, Iterator

from schemas.edits import Change, Difference, Moved, Verdict

MOST_SHOWN = 8
EXIT: dict[Verdict, int] = {"applied": 0, "needs_confirmation": 2, "refused": 1}
HEADS: dict[Verdict, str] = {
    "refused": "Refused; nothing of this edit is done:",
    "needs_confirmation": "Waits for an approver's confirmation; until then the cohort goes on by its old line:",
    "applied": "Followed by the next tick:",
}
KEPT = "Not followed, for a running cohort follows only its own line; write into it what shall hold for this one:"
NOTHING = "The database knows this cohort as the file has it."
UNKNOWN = "The database does not know this cohort yet; the next tick takes it in."


def difference_lines(difference: Difference, *, whole: bool = False) -> list[str]:
    """What changes, what becomes of it, and what cannot be changed any more; long lists are cut unless `whole`."""
    if difference.standing == "unknown":
        return [UNKNOWN]
    most = 10_000 if whole else MOST_SHOWN
    kept = [KEPT, *_cut((f"  {each}" for each in difference.kept), most)] if difference.kept else []
    if difference.is_empty:
        return kept or [NOTHING]
    # Of what is refused as a whole nothing moves.
    calendar = [] if difference.verdict == "refused" else _calendar(difference, most)
    lines = [*_changes(difference, most), *calendar, *_people(difference), *_gone(difference, most)]
    if difference.verdict == "needs_confirmation":
        command = f"`{confirmation(difference.cohort_id, difference.mark)}`"
        lines.append(f"When a tick has taken the file in, an approver says yes to exactly this: {command}")
    return [*lines, *kept]


def confirmation(cohort_id: str, mark: str) -> str:
    """The command with which an approver says yes to exactly one edit."""
    return f"cohortflow confirm {cohort_id} --edit {mark} --by ADDRESS"


def _changes(difference: Difference, most: int) -> Iterator[str]:
    for verdict, head in HEADS.items():
        changes = difference.of(verdict)
        if not changes:
            continue
        # Where one change is refused or waits, the rest of the edit shares its fate.
        is_carried = verdict == "applied" and difference.verdict != "applied"
        yield "By itself this would be followed:" if is_carried else head
        yield from _cut(map(_change, changes), most)


def _change(change: Change) -> str:
    return f"  {change}"


def _calendar(difference: Difference, most: int) -> Iterator[str]:
    moved = [
        f"  moved    {_days(each)}  {each.key}{f' ({each.because})' if each.because else ''}"
        for each in difference.moved
    ]
    added = [f"  added    {each.due_on}  {each.key}{_mail(each.sends, each.to)}" for each in difference.added]
    dropped = [f"  dropped  {each.due_on}  {each.key}{_mail(each.sends, each.to)}" for each in difference.dropped]
    for lines in (moved, added, dropped):
        yield from _cut(lines, most)


def _days(moved: Moved) -> str:
    """From when to when; where the day stays, the hour."""
    if moved.from_on != moved.to_on:
        return f"{moved.from_on} -> {moved.to_on}"
    return f"{moved.from_on} {moved.from_at:%H:%M} -> {moved.to_at:%H:%M}"


def _mail(sends: str | None, to: str | None) -> str:
    return f": {sends} -> {to}" if sends else ""


def _people(difference: Difference) -> Iterator[str]:
    for each in difference.people:
        yield f"  {each.role} who may join: {each.before} -> {each.after} ({each.gained} gained, {each.lost} lost)"


def _gone(difference: Difference, most: int) -> Iterator[str]:
    mails = [f"{each.key} ({each.mails:,} mails)" for each in difference.gone if each.mails]
    if mails:
        shown = mails[-most:]
        earlier = f"{len(mails) - len(shown)} earlier and " if len(mails) > len(shown) else ""
        yield f"Gone already and not to be recalled: {earlier}{', '.join(shown)}"


def _cut(lines: Iterable[str], most: int) -> Iterator[str]:
    lines = list(lines)
    yield from lines[:most]
    if len(lines) > most:
        yield f"  and {len(lines) - most} more (--difference shows all)"
