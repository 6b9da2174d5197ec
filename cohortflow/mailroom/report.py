"""The report as a page that needs nothing else: charts, the same in tables, and no name of anybody."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from cohortflow.mailroom import charts
from schemas.report import Breakdown, ReportFigures, Share, Target

PAGE = Path(__file__).parent / "report_page"
HEADINGS = {"site": "Site", "department": "Department", "role": "Role"}
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def render_report(
    figures: ReportFigures, program_name: str, cohort_name: str, *, company: str = "", purpose: str = ""
) -> str:
    """The page for a sponsor: the same figures give the same bytes, whatever the machine."""
    return _page().render(
        figures=figures,
        program=program_name,
        cohort=cohort_name,
        company=company,
        purpose=purpose,
        style=Markup((PAGE / "report.css").read_text("utf-8")),
        charts=_charts(figures),
        tiles=_tiles(figures),
        verdicts=_verdicts(figures.targets),
        breakdowns=[(HEADINGS[part.by], part, _is_withheld(part)) for part in figures.breakdowns if part.groups],
        over=figures.as_of > figures.facts.ends,
    )


@cache
def _page() -> Template:
    # Our own page with our own numbers: autoescape guards the few texts that come from a program or a roster.
    environment = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "day": long_day,
        "share": share_words,
        "number": "{:,}".format,
        "plain": plain_number,
        "mean": mean_words,
    }
    return environment.get_template("report.html")


def long_day(day: date) -> str:
    """A day in words that no locale changes: 27 August 2027."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def share_words(share: Share | None) -> str:
    """A share as a reader takes it in: 88% (82 of 93); a dash where it is withheld or there is none."""
    return f"{share.percent:.0f}% ({share.part} of {share.whole})" if share and share.whole else "–"


def plain_number(value: float | None) -> str:
    """A number without an idle .0; a dash for none."""
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def mean_words(value: float | None) -> str:
    """A mean with two digits, so that a column of them lines up; a dash for none."""
    return "–" if value is None else f"{value:.2f}"


def _charts(figures: ReportFigures) -> dict[str, Markup]:
    drawn = {"funnel": charts.funnel_chart(figures.funnel)}
    if figures.fit:
        drawn["fit"] = charts.fit_chart(figures.fit)
    if figures.pulses:
        drawn["pulse"] = charts.pulse_chart(figures.pulses)
    if figures.satisfaction:
        drawn["satisfaction"] = charts.satisfaction_chart(figures.satisfaction)
    if figures.nps:
        drawn["nps"] = charts.nps_chart(figures.nps)
    return {name: Markup(svg) for name, svg in drawn.items()}


def _tiles(figures: ReportFigures) -> list[tuple[str, str, str]]:
    """The few numbers a hurried reader takes away: number, what it is, on what it rests."""
    people = {step.label: step for step in figures.funnel}
    matched, completed = people["Matched"], people["Completed"]
    tiles = [(f"{matched.people:,}", "people matched", f"in {figures.pairs.approved:,} pairs")]
    if figures.as_of > figures.facts.ends and completed.percent is not None:
        tiles.append((f"{completed.percent:.0f}%", "completed", f"{completed.people:,} of {matched.people:,} matched"))
    if figures.satisfaction:
        happy = figures.satisfaction
        tiles.append((f"{happy.mean:.1f}", "satisfaction, of 5", f"{happy.answered:,} answers"))
    if figures.nps:
        nps = figures.nps
        tiles.append((f"{nps.score:+.0f}", "net promoter score", f"between {nps.low:+.0f} and {nps.high:+.0f}"))
    return tiles


def _verdicts(targets: tuple[Target, ...]) -> str:
    """The targets in one sentence."""
    counts = {verdict: sum(target.verdict == verdict for target in targets) for verdict in ("met", "missed")}
    rest = len(targets) - counts["met"] - counts["missed"]
    sentence = f"{counts['met']} of {len(targets)} targets met, {counts['missed']} missed"
    return f"{sentence}, {rest} not measurable." if rest else f"{sentence}."


def _is_withheld(part: Breakdown) -> bool:
    def missing(group: Any) -> bool:
        return group.people is None or group.satisfaction is None

    return any(missing(group) for group in part.groups)
