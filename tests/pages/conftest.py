"""The three pages that are shown around, written once: a plan, a gallery and a book."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cohortflow.cli.gallery import write_gallery
from cohortflow.cli.plan_page import write_plan
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.texts import read_texts
from cohortflow.programs.cohorts import Cohort, read_cohort
from cohortflow.programs.documents import read_config
from cohortflow.simulation.book import BookEntry, write_book
from schemas.settings import Settings

ROOT = Path(__file__).parents[2]
STAGES = ("recruit", "match", "orient", "check_in", "evaluate", "close", "program")


@pytest.fixture(scope="session")
def spring() -> Cohort:
    texts = read_config(ROOT / "program_configs" / "emerging-leaders.yaml")
    return read_cohort(texts, "emerging-leaders", "2027-spring")


@pytest.fixture(scope="session")
def plan(spring: Cohort, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("plan") / "plan.html"
    write_plan(spring, path, ["a note"])
    return path.as_uri()


@pytest.fixture(scope="session")
def gallery(spring: Cohort, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("gallery") / "gallery.html"
    write_gallery(spring, Stationery(read_texts(ROOT / "templates")), Settings(), path)
    return path.as_uri()


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("book") / "book.html"
    write_book((entry(number) for number in range(3000)), path, "A book of mails")
    return path.as_uri()


def entry(number: int) -> BookEntry:
    """One of many mails; every hundredth would not fit on a sheet of paper."""
    day = date(2027, 1, 4) + timedelta(days=number // 40)
    is_long = number % 100 == 0
    words = "<p>Some words about meeting each other, and when.</p>" * (40 if is_long else 3)
    return BookEntry(
        message_id=f"m{number}",
        sent_at=datetime(day.year, day.month, day.day, 8, number % 60, tzinfo=UTC),
        local_time="09:00 (UTC+0100)",
        day=day,
        person_id=f"p{number % 300}",
        to_name=f"Person {number % 300}",
        role="mentee",
        stage=STAGES[number // 430],
        occasion="recruit.invite#1",
        template="invite",
        language="en",
        state="accepted",
        subject=f"Mail {number}",
        text=f"{'Lengthy' if is_long else 'Plain'} words of mail {number}",
        html=f"<!doctype html><body><h1>Mail {number}</h1>{words}</body>",
    )
