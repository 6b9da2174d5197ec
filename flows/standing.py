"""How each cohort stands, as a table that is always there in Prefect's pages: stages, what comes next, mails."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cohortflow.engine import is_plain, show_standing, tell
from cohortflow.store import adoption, cohorts, frames, instances, news, occasions, tallies
from cohortflow.store.cohorts import CohortRow
from flows.house import House
from schemas.phrases import STAGES

UPCOMING = 8
MOST_AT_ONCE = 50  # in one tick or delivery, which do not wait for a display; housekeeping shows the rest

Row = Mapping[str, Any]


def show_standings(house: House, cohort_ids: Iterable[str], now: datetime) -> None:
    """Bring the tables of some cohorts up to date."""
    if is_plain():
        return
    for cohort_id in sorted(cohort_ids):
        with house.database.read() as db:
            row = cohorts.read_row(db, cohort_id)
            if row is None:
                continue
            zone = ZoneInfo(frames.load_cohort(db, row).program.calendar.time_zone)
            things = occasions.rows_of(db, cohort_id)
            counts = {
                "people": tallies.participant_states(db, cohort_id),
                "matches": tallies.match_states(db, cohort_id),
                "mails": tallies.message_states(db, cohort_id),
            }
        show_standing(key_of(cohort_id), standing_of(row, things, counts, zone), f"How {cohort_id} stands")


def show_news(house: House, now: datetime) -> None:
    """Show the cohorts that are new, and tell of each that was held, or had a mail go twice, since the last tick."""
    if is_plain():
        return
    with house.database.read() as db:
        last = instances.last_tick(db)
        new, held = news.seen_since(db, last)[:MOST_AT_ONCE], news.held_since(db, last)
        repeated = news.repeated_since(db, last)
    for cohort_id in held:
        tell("occasion.held", cohort_id)
    for cohort_id, mails in repeated.items():
        tell("mail.repeated", cohort_id, mails=mails)
    show_standings(house, {*new, *held}, now)


def key_of(cohort_id: str) -> str:
    """The key of a cohort's table: Prefect takes small letters, digits and dashes."""
    return "cohort-" + "".join(sign if sign.isalnum() else "-" for sign in cohort_id.lower())


def standing_of(
    row: CohortRow, things: Sequence[Row], counts: Mapping[str, Mapping[str, int]], zone: ZoneInfo
) -> list[dict[str, str]]:
    """The rows of the table: the cohort, each stage, what comes next, and its people, matches and mails by state."""
    rows = [_line("cohort", _state_of(row))]
    rows += [_stage(stage, [each for each in things if each["stage"] == stage], zone) for stage in STAGES]
    waiting = sorted((each for each in things if _is_waiting(each)), key=lambda each: (each["ready_at"], each["place"]))
    rows += [_next(number, each, zone) for number, each in enumerate(waiting[:UPCOMING], start=1)]
    rows += [_line(what, _tally(found)) for what, found in counts.items()]
    return rows


def _line(what: str, stands: str, following: str = "", due: str = "") -> dict[str, str]:
    return {"what": what, "stands": stands, "next": following, "due": due}


def _state_of(row: CohortRow) -> str:
    if row.state == "held":
        # What a person wrote as the reason may name somebody; our own words never do.
        return f"held: {row.held_reason}" if row.held_reason == adoption.LATE else "held (`cohortflow status` says why)"
    return f"{row.state}, but its roster holds the mail" if row.roster_hold else row.state


def _stage(stage: str, things: Sequence[Row], zone: ZoneInfo) -> dict[str, str]:
    counted: dict[str, int] = {}
    for each in things:
        counted[each["state"]] = counted.get(each["state"], 0) + 1
    waiting = sorted((each for each in things if _is_waiting(each)), key=lambda each: (each["ready_at"], each["place"]))
    following = waiting[0] if waiting else None
    key, due = (following["key"], _shown(following["ready_at"], zone)) if following else ("", "")
    return _line(f"stage {stage}", _tally(counted), key, due)


def _next(number: int, each: Row, zone: ZoneInfo) -> dict[str, str]:
    about = "" if each["about"] == "-" else " (one match)"
    tried = f"tried {each['attempts']} times" if each["retry_at"] else ""
    return _line(f"next {number}", tried, each["key"] + about, _shown(each["retry_at"] or each["ready_at"], zone))


def _is_waiting(each: Row) -> bool:
    return each["state"] == "pending" and each["ready_at"] is not None


def _tally(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {state}" for state, number in sorted(counted.items()) if number) or "none"


def _shown(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
