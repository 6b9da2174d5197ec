"""The plan of a cohort as rows: what happens when, to whom, and what moved; read only, nothing is written."""

from collections.abc import Iterator
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from cohortflow.programs.calendars import zone_of
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.occasions import dated_occasions
from cohortflow.programs.sample_size import half_width, smallest_difference
from cohortflow.programs.waiting import waiting_mails
from schemas.occasions import OWN_ZONE, Occasion


class Row(TypedDict):
    """One row of `plan --json`; `when` is set, and `due` is not, where people decide the day."""

    occasion: str
    stage: str
    due_on: str | None
    due: str | None
    first_due: str | None
    due_by_site: dict[str, str]
    when: str | None
    sends: str | None
    to: str | None
    waits_for: str | None
    moved_from: str | None
    moved_because: str | None


def plan_rows(cohort: Cohort) -> list[Row]:
    """One row per occasion, by day; what waits for people has no day and follows what it waits for.

    `due_on` is the day in the program's zone; for what closes it is the last open day, and `due` the midnight that ends
    it. `due` has the offset of the program's zone and is, for a mail, the instant of readers in that zone; `first_due`
    is the earliest over all sites; `due_by_site` has each site's own offset.
    """
    rows = [_dated_row(cohort, occasion) for occasion in dated_occasions(cohort)]
    waiting = list(_waiting_rows(cohort))
    return [row for dated in rows for row in (dated, *_following(dated, waiting))]


def _following(dated: Row, waiting: list[Row]) -> list[Row]:
    return [row for row in waiting if row["waits_for"] == dated["occasion"]]


def _dated_row(cohort: Cohort, occasion: Occasion) -> Row:
    own = cohort.program.calendar.time_zone
    return Row(
        occasion=occasion.key,
        stage=occasion.stage,
        due_on=occasion.due_on.isoformat(),
        due=_shown(occasion.due_by_site.get(OWN_ZONE, occasion.due_at), own),
        first_due=_shown(occasion.due_at, own),
        due_by_site={
            site: _shown(at, zone_of(cohort, site)) for site, at in occasion.due_by_site.items() if site != OWN_ZONE
        },
        when=None,
        sends=occasion.send,
        to=occasion.to,
        waits_for=occasion.waits_for,
        moved_from=occasion.moved_from.isoformat() if occasion.moved_from else None,
        moved_because=occasion.moved_because,
    )


def _shown(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).isoformat()


# --- what waits for people ----------------------------------------------------------------------------------------

# An answer can come once its stage is open; check-ins answer theirs from the first one on.
OPEN_WITH = {
    "recruit": "recruit.opens", "match": "match.runs", "orient": "orient.opens", "check_in": "orient.closes",
    "evaluate": "evaluate.opens", "close": "close.runs",
}  # fmt: skip


def _waiting_rows(cohort: Cohort) -> Iterator[Row]:
    for anchor in ("response", "approval", "acceptance"):
        for each in waiting_mails(cohort, anchor):
            after = OPEN_WITH[each.stage] if anchor == "response" else "match.approval"
            line, when = each.mail.line, str(each.mail.when)
            yield _waiting_row(each.key, each.stage, when, after, line.send, line.to)
    accept = cohort.program.stages.match.accept
    if accept and accept.if_silent != "proceed":
        when = "1 working day before accept_closes"
        yield _waiting_row("match.accept_reminder#1", "match", when, "match.approval", "accept_reminder", "no_response")
    if accept:
        yield _waiting_row("match.accept_closes", "match", f"{accept.within} after approval", "match.approval")


def _waiting_row(
    key: str, stage: str, when: str, waits_for: str, sends: str | None = None, to: str | None = None
) -> Row:
    return Row(
        occasion=key, stage=stage, due_on=None, due=None, first_due=None, due_by_site={}, when=when, sends=sends,
        to=to, waits_for=waits_for, moved_from=None, moved_because=None,
    )  # fmt: skip


# --- what a cohort of this size can show --------------------------------------------------------------------------


def plan_notes(cohort: Cohort) -> list[str]:
    """Sentences on what a cohort of this size could show at all, for whoever reads its report later."""
    seats, measure = cohort.seats, cohort.program.measure
    rate = measure.targets.get("completed", 50) / 100
    notes = [_how_sure(seats, rate, "completed" in measure.targets)]
    if measure.compare_with or measure.outcomes:
        notes.append(_what_shows(seats, rate))
    if seats < measure.smallest_group:
        notes.append(
            f"{_people(seats)} are fewer than smallest_group ({measure.smallest_group}): "
            "the report of this cohort will hold back every answer."
        )
    return notes


def _how_sure(seats: int, rate: float, is_target: bool) -> str:
    what = f"a completion of {rate:.0%}" if is_target else "a share of 50%"
    points = 100 * half_width(rate, seats)
    return f"With {_people(seats)}, {what} is known to about ±{points:.0f} points (95% interval, Wilson 1927)."


def _what_shows(seats: int, rate: float) -> str:
    points = 100 * smallest_difference(rate, seats)
    if points >= 100 * rate:
        return f"{_people(seats)} are too few to tell any difference from a comparison group of the same size."
    return (
        f"Compared with a group of the same size, a difference of {points:.0f} points or more ({rate:.0%} against "
        f"{rate - points / 100:.0%}) would be seen four times in five (80% power, 5% two-sided, Cohen 1988); "
        "a smaller one can be real and stay unseen."
    )


def _people(seats: int) -> str:
    return "1 seat" if seats == 1 else f"{seats} seats"
