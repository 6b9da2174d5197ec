"""Made-up readers for previews: a typical one, the longest names, nothing optional known, and every list empty."""

from dataclasses import dataclass, field

from cohortflow.mailroom.contexts import Partner, Report

COUNTS = {
    "mentors": 41, "mentees": 60, "pairs": 60, "proposed": 60, "unmatched": 12, "waitlisted": 9, "invited": 384,
    "eligible": 384, "applied": 118, "participants": 101, "asked": 101, "answered": 78,
    "accepted": 71, "declined": 2, "silent": 23, "active": 58,
    "completed": 52, "left": 3, "held": 1, "rows": 612, "at_risk": 4,
}  # fmt: skip
LARGE = dict.fromkeys(COUNTS, 1234567)


@dataclass(frozen=True)
class Case:
    """One kind of reader, with everything that a mail may say of them and list for them."""

    id: str
    title: str
    name: str
    partners: tuple[Partner, ...] = ()
    people: tuple[Report, ...] = ()
    lines: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    training: str = ""
    has_agenda: bool = False
    has_deadline: bool = True


MADE_UP = Case(
    "typical",
    "A made-up reader",
    "Sam Sample",
    partners=(
        Partner(
            "Pat Example", "pat.example@example.org", "Made-up title", "Made-up department", "Made-up site", "mentor",
            ("this is where the reasons for the match stand",),
        ),
    ),
    people=(Report("Sam Sample", "Pat Example"),),
    lines=("this is where the particulars stand",),
    has_agenda=True,
)  # fmt: skip

TYPICAL = Case(
    "typical",
    "A typical person",
    "Sam Sample",
    partners=(
        Partner(
            "Pat Example", "pat.example@acme.example", "Head of Regional Sales", "Sales", "Berlin", "mentor",
            ("offers 2 of 3 skills wanted: negotiation, coaching", "works in another department", "1 level above"),
        ),
    ),
    people=(Report("Sam Sample", "Pat Example"),),
    lines=("2 pairs have not met for 35 days", "1 pair rated its meetings below 3"),
    counts=COUNTS,
    training="MENTORING-101",
    has_agenda=True,
)  # fmt: skip

_LONG_NAME = "Maximiliane-Wilhelmine Freifrau von Schmettow-Hohenlohe-Langenburg"
_UNBROKEN = "Wolfeschlegelsteinhausenbergerdorffvoralternwarengewissenhaft"
_LONG_REASONS = (
    "offers 5 of 6 skills wanted: negotiation, stakeholder management, financial modelling, coaching, public speaking",
    "similar words under career goal",
    "works in another department",
    "3 levels above",
    "same languages: English, German, Marathi, Portuguese",
)
_LONG_TITLE = "Senior Vice President, Cross-Functional Transformation and Enablement (EMEA, APAC and the Americas)"
LONGEST = Case(
    "longest",
    "The longest names",
    _LONG_NAME,
    partners=(
        Partner(
            _UNBROKEN, f"{_UNBROKEN.lower()[:60]}@acme.example", _LONG_TITLE, "Research, Development and Innovation",
            "Thiruvananthapuram", "mentor", _LONG_REASONS,
        ),
        Partner(
            "Þórhildur Guðmundsdóttir-Þorvaldsson", "thorhildur@acme.example", _LONG_TITLE, "Legal", "Reykjavík",
            "mentee", _LONG_REASONS[:2],
        ),
        Partner("Ng", "ng@acme.example", "Analyst", "Finance", "Austin", "mentee", _LONG_REASONS[2:4]),
    ),
    people=tuple(Report(_LONG_NAME if number % 2 else "Ng", _UNBROKEN) for number in range(12)),
    lines=tuple(f"{_UNBROKEN}: {reason}" for reason in _LONG_REASONS) * 2,
    counts=LARGE,
    training="LEADERSHIP-AND-MENTORING-FOUNDATIONS-FOR-EXPERIENCED-MANAGERS-2027",
    has_agenda=True,
)  # fmt: skip

MISSING = Case(
    "missing",
    "Nothing optional known",
    "Sam Sample",
    partners=(Partner("Pat Example"),),
    people=(Report("Sam Sample", ""),),
    has_deadline=False,
)

EMPTY = Case("empty", "Every list empty", "Sam Sample", training="MENTORING-101")

CASES = (TYPICAL, LONGEST, MISSING, EMPTY)
