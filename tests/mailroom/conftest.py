"""The post's own furniture: the shipped texts, a real cohort, and factories that state only what matters."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cohortflow.mailroom.contexts import Meeting, Partner, Reader, Report, build_context
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.texts import read_texts
from cohortflow.programs.cohorts import Cohort, read_cohort
from cohortflow.programs.documents import read_config

ROOT = Path(__file__).parents[2]
ADA = Partner(
    "Ada Šouza",
    "ada@acme.example",
    "Designer",
    "Product",
    "Berlin",
    "mentee",
    ("Ada wants to learn negotiation, which you offer", "You work in different departments"),
)
GRACE = Partner(
    "Grace O'Neill", "grace@acme.example", "Analyst", "Finance", "Austin", "mentee", ("You both speak German",)
)


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    return read_texts(ROOT / "templates")


@pytest.fixture(scope="session")
def stationery(texts: dict[str, str]) -> Stationery:
    return Stationery(texts)


@pytest.fixture(scope="session")
def cohort() -> Cohort:
    return read_cohort(
        read_config(ROOT / "program_configs" / "emerging-leaders.yaml"), "emerging-leaders", "2027-spring"
    )


@pytest.fixture
def context(cohort: Cohort) -> Callable[..., dict[str, Any]]:
    """A context with every field filled; name what should be otherwise."""

    def fill(name: str = "Maya Cohen", role: Any = "mentor", language: str = "en", **other: Any) -> dict[str, Any]:
        given: dict[str, Any] = {
            "reader": Reader("E1", name, "maya@acme.example", role, language, "Berlin", "Europe/Berlin"),
            "partners": (ADA, GRACE),
            "link": "https://portal.acme.example/m/abc123",
            "deadline": date(2027, 3, 5),
            "counts": {"mentors": 40, "mentees": 62, "pairs": 58, "unmatched": 4, "applied": 1204, "answered": 12,
                       "silent": 3, "at_risk": 2, "rows": 600},
            "n": 2,
            "agenda": ("Look at the goals together",),
            "training": "MENTOR-101",
            "meeting": Meeting(datetime(2027, 3, 1, 14, tzinfo=UTC), 2, "https://meet.acme.example/orientation"),
            "lines": ("the first line", "the second line"),
            "people": (Report("Ada Šouza", "Maya Cohen"), Report("Bo Li", "")),
        }  # fmt: skip
        return build_context(cohort, **{**given, **other})

    return fill


@pytest.fixture
def letter() -> Callable[..., Letter]:
    """A plain letter; name what should be otherwise."""

    def write(**other: Any) -> Letter:
        given: dict[str, Any] = {
            "message_id": "a1b2c3",
            "sender": "Acme Mentoring <mentoring@acme.example>",
            "reply_to": "owner@acme.example",
            "to_name": "Maya Cohen",
            "to_address": "maya@acme.example",
            "subject": "Meet Ada",
            "text": "Hello Maya,\n\ngood news.\n",
            "html": "<!DOCTYPE html><html lang='en'><body><p>Hello Maya</p></body></html>\n",
        }
        return Letter(**{**given, **other})

    return write
