"""`plan --html`: the calendar of a cohort as one page, for the screen, the phone and paper."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from cohortflow.cli import plan_words as words
from cohortflow.cli.plan_calendar import anchor_of, closed_periods, free_days, line_of, months_of
from cohortflow.cli.plan_charts import lifeline, week_bars
from cohortflow.programs.calendars import ONE_DAY
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.expected import Entry, entries
from cohortflow.programs.forecast import Forecast, assumptions, forecast
from cohortflow.programs.pages import STAGE_NAMES, save_page, written
from cohortflow.programs.plan import plan_notes
from cohortflow.programs.workload import ROLES, Load, Work, approver_work, loads, mentor_work, owner_work, total_hours
from schemas.edits import Difference

FILES = Path(__file__).parent / "page_files"
View = dict[str, Any]


def write_plan(cohort: Cohort, path: Path, notes: Iterable[object], difference: Difference | None = None) -> None:
    """Write the page; the same cohort gives the same bytes."""
    save_page(plan_page(cohort, list(map(str, notes)), difference), path)


def plan_page(cohort: Cohort, notes: Sequence[str] = (), difference: Difference | None = None) -> str:
    """The page of a cohort; with a difference it also says what an edit would change."""
    listed = entries(cohort)
    mails, by_week = forecast(cohort, listed, _eligible(difference)), loads(listed)
    work = _work(cohort, listed, mails)
    values = {
        **_frame(cohort),
        "tiles": _tiles(cohort, listed, mails, by_week, work),
        "difference": _difference(difference),
        **_calendar(cohort, listed, mails),
        **_numbers(cohort, mails, by_week),
        "work": [(who, _work_rows(each), words.ranged(total_hours(each), "hours")) for who, each in work.items()],
        "notes": [*plan_notes(cohort), *notes],
    }
    return written(FILES, "plan", values)


def _frame(cohort: Cohort) -> View:
    return {
        "cohort": cohort,
        "program": cohort.program,
        "starts": words.long_day(cohort.starts),
        "ends": words.long_day(cohort.ends),
        "sites": list(cohort.program.calendar.sites),
        "roles": ROLES,
        "stages": STAGE_NAMES,
    }


def _calendar(cohort: Cohort, listed: Sequence[Entry], mails: Forecast) -> View:
    return {
        "lifeline": lifeline(cohort, listed),
        "deadlines": [_deadline(each) for each in listed if words.last_day_of(each)],
        "months": months_of(cohort, listed, mails),
        "moved": [line_of(cohort, each, mails) for each in listed if each.occasion.moved_because],
        "free_days": free_days(cohort, listed),
        "closed": closed_periods(cohort, listed),
    }


def _numbers(cohort: Cohort, mails: Forecast, by_week: dict[date, dict[str, Load]]) -> View:
    loaded = [role for role in ROLES if any(role in week for week in by_week.values())]
    return {
        "load_roles": loaded,
        "loads": _load_rows(by_week, loaded),
        "at_most": cohort.program.email.at_most,
        "messages": _messages(mails),
        "total": words.ranged(mails.total.whole()),
        "week_bars": week_bars(mails.by_week),
        "weeks": [(words.long_day(week), words.ranged(n.whole())) for week, n in sorted(mails.by_week.items())],
        "assumptions": assumptions(cohort, mails.sizes),
    }


def _work(cohort: Cohort, listed: Sequence[Entry], mails: Forecast) -> dict[str, list[Work]]:
    reports = sum(each.occasion.action == "report" for each in listed)
    return {
        "mentor": mentor_work(cohort, listed),
        "owner": owner_work(cohort, mails.sizes, mails.total, reports),
        "approver": approver_work(mails.sizes) if cohort.program.stages.match.approve else [],
    }


def _eligible(difference: Difference | None) -> int | None:
    counts = [each.after for each in difference.people] if difference else []
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


# --- what stands at the top ---------------------------------------------------------------------------------------


def _tiles(
    cohort: Cohort, listed: Sequence[Entry], mails: Forecast, by_week: dict[date, dict[str, Load]],
    work: dict[str, list[Work]],
) -> list[tuple[str, str, str]]:  # fmt: skip
    busiest = max((each.most for roles in by_week.values() for each in roles.values()), default=0)
    total, mentor, owner = mails.total.whole(), total_hours(work["mentor"]), total_hours(work["owner"])
    moved = sum(each.occasion.moved_because is not None for each in listed)
    return [
        (words.plain(cohort.seats), "seats", f"for mentees, up to {cohort.program.mentees_per_mentor} a mentor"),
        (words.plain(total.expected), "mails", f"{words.plain(total.low)} to {words.plain(total.high)}"),
        (words.plain(busiest), "mails in a week", "at most, to one person"),
        (words.plain(mentor.expected), "hours a mentor", f"{words.plain(mentor.low)} to {words.plain(mentor.high)}"),
        (words.plain(owner.expected), "hours of the owner", f"{words.plain(owner.low)} to {words.plain(owner.high)}"),
        (words.plain(moved), "mails moved", "by holidays, weekends and closed days"),
    ]


def _deadline(entry: Entry) -> View:
    return {
        "id": anchor_of(entry),
        "day": words.long_day(entry.day),
        "iso": entry.day.isoformat(),
        "what": words.titled(entry),
        "who": words.last_day_of(entry),
        "expects": entry.expects,
        "stage": entry.occasion.stage,
    }


def _difference(difference: Difference | None) -> View | None:
    if difference is None or difference.standing == "unknown":
        return None
    verdicts = ("refused", "needs_confirmation", "applied")
    return {
        "standing": difference.standing,
        "verdict": difference.verdict,
        "is_empty": difference.is_empty,
        "changes": [(verdict, each) for verdict in verdicts for each in difference.of(verdict)],  # type: ignore[arg-type]
        "added": [(each.key, words.long_day(each.due_on), each.sends, each.to) for each in difference.added],
        "dropped": [(each.key, words.long_day(each.due_on), each.sends, each.to) for each in difference.dropped],
        "moved": [
            (each.key, words.long_day(each.from_on), words.long_day(each.to_on), each.because or "")
            for each in difference.moved
        ],
        "people": difference.people,
        "gone": [
            (each.key, each.state, words.long_day(each.on) if each.on else "", each.mails) for each in difference.gone
        ],
    }


# --- load, mails, hours -------------------------------------------------------------------------------------------


def _load_rows(by_week: dict[date, dict[str, Load]], shown: Sequence[str]) -> list[View]:
    return [
        {
            "week": f"{week.isocalendar().week}",
            "span": f"{words.span(week, week + 6 * ONE_DAY)} {(week + 6 * ONE_DAY).year}",
            "cells": [roles.get(role) for role in shown],
        }
        for week, roles in by_week.items()
    ]


def _messages(mails: Forecast) -> list[View]:
    most = max((each.high for each in mails.by_message.values()), default=1) or 1
    return [
        {
            "stage": stage,
            "name": words.mail_name(send),
            "low": words.plain(number.whole().low),
            "expected": words.plain(number.whole().expected),
            "high": words.plain(number.whole().high),
            "bars": [round(100 * each / most, 2) for each in (number.low, number.expected, number.high)],
        }
        for (stage, send), number in mails.by_message.items()
    ]


def _work_rows(work: Sequence[Work]) -> list[tuple[str, str, str, str]]:
    return [
        (each.what, words.ranged(each.times), words.ranged(each.minutes), words.ranged(each.hours)) for each in work
    ]
