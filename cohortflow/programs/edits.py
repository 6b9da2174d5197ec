"""What an edit of a running cohort's line comes to: what is followed, what an approver must confirm, what is refused.

Pure: the cohort as it runs, the cohort as its line now says, what the store knows, and `now`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.declared import declaration_of
from cohortflow.programs.edit_rules import fixed_findings, load_findings
from cohortflow.programs.event_edits import event_findings, events_to_tell
from cohortflow.programs.findings import Finding, Stored, worst_first
from cohortflow.programs.line_changes import Leaf, Places
from cohortflow.programs.merging import LINE_KEYS
from cohortflow.programs.occasion_edits import occasion_findings, occasions_by_key
from cohortflow.programs.occasions import dated_occasions
from cohortflow.programs.trees import Mark, Path, path_text
from schemas.edits import Change, Difference, Entry, Gone, Moved, People, Verdict
from schemas.occasions import Occasion

MOST_REASONS = 4


@dataclass(frozen=True)
class Known:
    """What the store knows of a cohort.

    Attributes:
        occasions: those of the whole cohort, by key.
        mails: how many mails of each occasion have left.
        mentees_in: how many mentees have applied and not left.
        mentees_of: how many mentees each mentor has.
        is_held: nothing falls ready, so that even an overdue occasion may still be moved.
        people: who may join by role, before and after; empty where that is not touched or no roster is known.
    """

    occasions: Mapping[str, Stored]
    mails: Mapping[str, int] = field(default_factory=dict)
    mentees_in: int = 0
    mentees_of: tuple[int, ...] = ()
    is_held: bool = False
    people: tuple[People, ...] = ()


@dataclass(frozen=True)
class Edit:
    """An edit of a line with all it would do: the difference to show, and the occasions to write.

    Attributes:
        events: the mails whose invitations stand in calendars already, for another time than is declared now.
    """

    difference: Difference
    moves: tuple[Occasion, ...] = ()
    adds: tuple[Occasion, ...] = ()
    drops: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


def weigh(old: Cohort, new: Cohort, leaves: Iterable[Leaf], places: Places, known: Known, now: datetime) -> Edit:
    """Judge an edit of a running cohort's line, change by change."""
    leaves = list(leaves)
    moves, adds, drops = _what_it_does(old, new, known, now)
    findings = [
        *fixed_findings(old, new, leaves, known.occasions, known.mentees_in, bool(known.mails), known.people),
        *load_findings(new, leaves, known.mentees_of),
        *occasion_findings(old, new, known.occasions, now, is_held=known.is_held),
        *event_findings(old, new, known.occasions, now),
    ]
    before = occasions_by_key(old, known.occasions)
    difference = Difference(
        cohort_id=new.id,
        standing="running",
        changes=tuple(_changes(old, new, leaves, findings, places)),
        added=tuple(_entry(each) for each in adds),
        moved=tuple(_moved(new, before[each.key], each) for each in moves if before[each.key].due_at != each.due_at),
        dropped=tuple(_entry(before[key]) for key in drops),
        people=known.people,
        gone=gone(known.occasions, known.mails),
    )
    return Edit(
        difference, tuple(moves), tuple(adds), tuple(drops), tuple(events_to_tell(old, new, known.occasions, now))
    )


def follow(old: Cohort, new: Cohort, leaves: Iterable[Leaf], places: Places, people: tuple[People, ...]) -> Difference:
    """A cohort that has not begun follows its file, whatever that says."""
    before = {each.key: each for each in dated_occasions(old)}
    after = {each.key: each for each in dated_occasions(new)}
    changes = []
    for leaf in leaves:
        mark, name = places.of(leaf.path), path_text(leaf.path)
        name = f"cohorts.{new.key}.{name}" if leaf.path[0] in LINE_KEYS else name
        reason = "the cohort has not begun and follows its file"
        changes.append(Change(name, "applied", leaf.said, reason, mark.file, mark.line, mark.column))
    both = [(before[key], after[key]) for key in after if key in before]
    return Difference(
        cohort_id=new.id,
        standing="waiting",
        changes=tuple(changes),
        added=tuple(_entry(each) for key, each in after.items() if key not in before),
        moved=tuple(_moved(new, was, item) for was, item in both if was.due_at != item.due_at),
        dropped=tuple(_entry(each) for key, each in before.items() if key not in after),
        people=people,
    )


def first_seen(new: Cohort) -> Difference:
    """A cohort that the store does not know yet: everything is new."""
    return Difference(new.id, "unknown", added=tuple(_entry(each) for each in dated_occasions(new)))


def withdrawn(old: Cohort, at: Mark) -> Difference:
    """A cohort that has not begun, and whose line is not in the file any more: nothing of it will be."""
    reason = "it has not begun, so nobody has heard of it; the next tick withdraws it"
    said = "is not in the file any more"
    change = Change(f"cohorts.{old.key}", "applied", said, reason, at.file, at.line, at.column)
    return Difference(old.id, "waiting", "", (change,), dropped=tuple(_entry(each) for each in dated_occasions(old)))


def _what_it_does(
    old: Cohort, new: Cohort, known: Known, now: datetime
) -> tuple[list[Occasion], list[Occasion], list[str]]:
    """The occasions to move, to add and to drop; what is over is in none of them."""
    before, after = occasions_by_key(old, known.occasions), occasions_by_key(new, known.occasions)
    free = {
        key
        for key, stored in known.occasions.items()
        if stored.state == "pending" and not stored.is_under_way(now, known.is_held)
    }
    moves = [item for key, item in after.items() if key in free and key in before and before[key] != item]
    adds = [item for key, item in after.items() if key not in before and _may_come(known.occasions.get(key))]
    drops = [key for key in before if key not in after and key in free]
    return moves, adds, drops


def _may_come(stored: Stored | None) -> bool:
    """Whether an occasion is new, or was taken out by an earlier edit and comes back."""
    return stored is None or stored.was_taken_out


def gone(occasions: Mapping[str, Stored], mails: Mapping[str, int]) -> tuple[Gone, ...]:
    """What is done, and what has left, in the order of the cohort's life."""
    done = [(key, each) for key, each in occasions.items() if each.state == "done" or mails.get(key)]
    return tuple(Gone(key, each.state, _day(each.done_at), mails.get(key, 0)) for key, each in done)


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None


def _entry(item: Occasion) -> Entry:
    return Entry(item.key, item.due_at, item.due_on, item.send, item.to)


def _moved(cohort: Cohort, before: Occasion, after: Occasion) -> Moved:
    because = after.moved_because if after.moved_from and after.due_on != before.due_on else None
    zone = ZoneInfo(cohort.program.calendar.time_zone)
    from_at, to_at = before.due_at.astimezone(zone), after.due_at.astimezone(zone)
    return Moved(after.key, from_at, to_at, before.due_on, after.due_on, because)


# --- from findings to changes -------------------------------------------------------------------------------------


def _changes(old: Cohort, new: Cohort, leaves: list[Leaf], findings: list[Finding], places: Places) -> Iterator[Change]:
    """One change for each value that differs, with the gravest that follows from it."""
    found: dict[Path, list[Finding]] = {leaf.path: [] for leaf in leaves}
    for each in findings:
        found.setdefault(_cause(each, old, new, leaves), []).append(each)
    said = {leaf.path: leaf.said for leaf in leaves}
    for path, its in found.items():
        verdict, reason = _judged(its)
        exact = next((each.path for each in its if each.verdict == verdict and _is_in(each.path, path)), path)
        mark = places.of(exact)
        name = path_text(("cohorts", new.key, *path))
        yield Change(name, verdict, said.get(path, "is changed"), reason, mark.file, mark.line, mark.column)


def _judged(findings: list[Finding]) -> tuple[Verdict, str]:
    """The gravest verdict, and the reasons for it; those for lesser ones would only distract."""
    if not findings:
        return "applied", "for all that is still to come"
    ranked = worst_first(findings)
    verdict = ranked[0].verdict
    reasons = list(dict.fromkeys(each.reason for each in ranked if each.verdict == verdict))
    more = len(reasons) - MOST_REASONS
    told = reasons[:MOST_REASONS] + ([f"and {more} more"] if more > 0 else [])
    return verdict, "; ".join(told)


def _cause(finding: Finding, old: Cohort, new: Cohort, leaves: list[Leaf]) -> Path:
    """The changed value that a finding follows from: its own words, else what its day is counted from."""
    places = [finding.path]
    if finding.key:
        for cohort in (new, old):
            declaration = declaration_of(cohort, finding.key)
            places += [declaration.path, *declaration.counted_from]
    for place in places:
        for leaf in leaves:
            if _is_in(place, leaf.path) or _is_in(leaf.path, place):
                return leaf.path
    # Closed days, hours and sites move everything; they are in no chain.
    elsewhere = [leaf.path for leaf in leaves if leaf.path[0] in ("calendar", "email", "people")]
    return next(iter([*elsewhere, *(leaf.path for leaf in leaves)]), finding.path)


def _is_in(path: Path, block: Path) -> bool:
    return path[: len(block)] == block
