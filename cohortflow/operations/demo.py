"""`cohortflow up --demo`: a home of its own with a made-up company, whose cohort lives before one's eyes."""

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime

from cohortflow.operations.declared import OURS, Declared
from cohortflow.operations.layout import POOL
from cohortflow.programs.calendars import local_day
from cohortflow.simulation.driver import roster_of
from cohortflow.simulation.watched_life import MARK, PEOPLE, SEED, cohorts_in, first_instant
from cohortflow.store import instances
from cohortflow.store.database import open_database
from cohortflow.store.schema import migrate
from schemas.errors import CohortflowError
from schemas.settings import CHECKOUT, Settings

PROGRAM, COHORT = "emerging-leaders", "2027-spring"
# What an environment may say of the real installation; nothing of it holds for the demonstration.
NOT_ITS = ("COHORTFLOW_", "SENDGRID_", "PREFECT_HOME", "PREFECT_API_DATABASE", "PREFECT_SERVER_DATABASE")


def demo_settings(real: Settings) -> Settings:
    """The settings of the demonstration beside a real installation."""
    return Settings(
        home=real.var.resolve() / "demo-live", database_url="", program_dir=None, template_dir=real.template_dir,
        mail="", portal_url="http://127.0.0.1:8080", only_programs=(), only_cohorts=(COHORT,), ping_url="",
        alarm_block="",
    )  # fmt: skip


def demo_environment(settings: Settings, given: Mapping[str, str]) -> dict[str, str]:
    """The environment without whatever names the real installation."""
    kept = {name: value for name, value in given.items() if not name.startswith(NOT_ITS)}
    return kept | {"COHORTFLOW_HOME": str(settings.home), "COHORTFLOW_ONLY_COHORTS": json.dumps([COHORT])}


def prepare_demo(settings: Settings) -> str:
    """Begin the demonstration anew: program, roster, and a clock that stands an hour before the first invitation.

    Returns:
        The cohort to watch.
    """
    home = settings.home
    is_somebody_elses = (home / "program_configs").exists() or any(home.glob("var/cohortflow.db"))
    if is_somebody_elses and not (home / MARK).is_file():
        raise CohortflowError(f"{home} is there, and is no demonstration; move it away")
    if (home / MARK).is_file():
        for each in ("program_configs", "inbox", "var/outbox", "var/prefect"):
            shutil.rmtree(home / each, ignore_errors=True)
        for file in (home / "var").glob("cohortflow.db*"):
            file.unlink()
    configs = home / "program_configs"
    configs.mkdir(parents=True)
    shipped = CHECKOUT / "program_configs"
    for name in (f"{PROGRAM}.yaml", "company.yaml", "do_not_pair.csv"):
        shutil.copy(shipped / name, configs / name)
    shutil.copytree(shipped / "forms", configs / "forms")
    _set_the_scene(settings)
    return f"{PROGRAM}/{COHORT}"


def _set_the_scene(settings: Settings) -> None:
    cohorts = [each for each in cohorts_in(settings.programs) if each.key == COHORT]
    begins = first_instant(cohorts)
    (settings.home / MARK).write_text(json.dumps({"until": begins.isoformat()}) + "\n", encoding="utf-8")
    zone = cohorts[0].program.calendar.time_zone
    roster_of(cohorts, PEOPLE, None, SEED, begins.date()).drop(settings.home, local_day(begins, zone))
    database = open_database(settings.database)
    migrate(database)
    with database.write() as db:
        instances.set_clock(db, base=begins, started=datetime.now(UTC))
    database.close()


def demo_life(like: Declared) -> Declared:
    """The deployment whose one long run plays the people, in the surroundings of the others."""
    return Declared(
        name="demo-life",
        entrypoint="cohortflow.simulation.watched_life.live_on",
        description="Plays the people of the demonstration, and moves its clock to the next thing to do.",
        tags=(OURS, "demo"),
        schedules={},
        concurrency={"limit": 1, "collision_strategy": "CANCEL_NEW"},
        pool=POOL,
        job_variables=like.job_variables,
        parameters={},
    )
