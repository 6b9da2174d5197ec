"""Figures of a report made by hand, and what a reader sees of its page."""

import re
from datetime import date

from schemas.report import (
    Breakdown,
    CohortFacts,
    Fit,
    Group,
    NetPromoter,
    Pairs,
    Pulse,
    ReportFigures,
    Satisfaction,
    Share,
    Step,
    Target,
)

HALF = Share(20, 40, 50.0, 35.2, 64.8)
FACTS = CohortFacts(60, date(2027, 3, 1), date(2027, 8, 27), 388, 388)
LABELS = (
    "Eligible",
    "Invited",
    "Applied",
    "Selected",
    "Matched",
    "Accepted the match",
    "Met within 21 days",
    "Completed",
)


def figures(**changed: object) -> ReportFigures:
    facts = {
        "as_of": date(2027, 9, 24),
        "facts": FACTS,
        "funnel": tuple(Step(label, 400 - 40 * at, "Matched", 50.0) for at, label in enumerate(LABELS)),
        "pairs": Pairs(55, 54, 48, 6, 3),
        "fit": Fit(
            55, 43, 67.5, 94, tuple((low, low + 10, low // 10) for low in range(0, 100, 10)), (("same goal", 9),)
        ),
        "pulses": tuple(Pulse(n, HALF, HALF if n > 1 else None, 4.0 if n > 1 else None) for n in (1, 2, 3)),
        "satisfaction": Satisfaction(3.92, 84, (0, 12, 12, 31, 29)),
        "nps": NetPromoter(27.4, 10.1, 44.6, HALF, HALF, HALF),
        "final_survey": HALF,
        "targets": (
            Target("completed", "Completed", "%", 85, 88.2, "met", "82 of 93 people"),
            Target("nps", "Net promoter score", "points", 40, 27.4, "missed", "84 answers"),
            Target("pulse_reply", "Pulses answered", "%", 70, None, "not measurable", "there were no questions"),
        ),
        "breakdowns": (
            Breakdown("site", (Group("Berlin & <b>", 47, HALF, HALF, 4.0), Group("Pune", None, None, None, None))),
        ),
        "smallest_group": 5,
        "what_it_can_show": "With 55 mentees, little.",
    }
    return ReportFigures(**{**facts, **changed})  # type: ignore[arg-type]


def visible(page: str) -> str:
    """What a reader sees, without drawings and style."""
    bare = re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", bare).split())
