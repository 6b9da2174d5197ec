"""Housekeeping, once a day: tables brought up to date, doubtful mails told of, old exports removed."""

import shutil
from collections import Counter
from datetime import datetime, timedelta

from cohortflow.engine import flow, show_table, task, tell
from cohortflow.store import cohorts, pulse
from cohortflow.store.tidying import tidy
from flows.house import House, current_house
from flows.standing import show_standings

DOUBTFUL_AFTER = timedelta(days=1)
EXPORTS_KEPT_FOR = timedelta(days=30)


@flow("housekeeping")
def keep_house(now: datetime | None = None) -> dict[str, int]:
    """Bring every cohort's table up to date, tell of mails in doubt for more than a day, and tidy up.

    Returns:
        Counts of what was found and done.
    """
    house = current_house()
    now = now or house.now()
    told = tell_of_doubtful_mails(house, now)
    with house.database.read() as db:
        open_ones = [row.cohort_id for row in cohorts.read_rows(db) if row.state != "closed"]
    show_standings(house, open_ones, now)
    counts = {"cohorts": len(open_ones), "doubtful mails": told, "exports removed": remove_old_exports(house, now)}
    counts["pages freed"] = tidy_the_database()
    show_table("housekeeping", [counts], "What housekeeping found and did")
    return counts


def tell_of_doubtful_mails(house: House, now: datetime) -> int:
    """Tell of each cohort with mails of which nobody has known for a day whether they left; returns how many mails."""
    with house.database.read() as db:
        found = Counter(cohort_id for cohort_id, at in pulse.unknown_mails(db) if now - at >= DOUBTFUL_AFTER)
    for cohort_id, count in sorted(found.items()):
        tell("mail.unknown", cohort_id, mails=count)
    return sum(found.values())


def remove_old_exports(house: House, now: datetime) -> int:
    """Exports are copies with people's ids in them; after a month they go."""
    oldest = f"{now - EXPORTS_KEPT_FOR:%Y-%m-%dT%H%M%SZ}"
    old = [path for path in (house.settings.var / "exports").glob("*/*Z") if path.is_dir() and path.name < oldest]
    for path in old:
        shutil.rmtree(path)
    return len(old)


@task
def tidy_the_database() -> int:
    """Fresh statistics, and what was deleted given back to the disk; returns the pages freed (SQLite)."""
    return tidy(current_house().database)
