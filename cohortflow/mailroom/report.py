"""The report as a page that needs nothing else: charts, the same in tables, and no name of anybody."""

from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from cohortflow.mailroom import charts
from cohortflow.mailroom.report_words import Tongue
from cohortflow.mailroom.words import Words, shipped_words
from schemas.report import Breakdown, ReportFigures, Target

PAGE = Path(__file__).parent / "report_page"
HEADINGS = {"site": "Site", "department": "Department", "role": "Role"}


def render_report(
    figures: ReportFigures,
    program_name: str,
    cohort_name: str,
    *,
    company: str = "",
    purpose: str = "",
    words: Words | None = None,
) -> str:
    """The page for a sponsor: the same figures give the same bytes, whatever the machine.

    Args:
        words: those of the language it is written in; English, if left out.
    """
    page, tongue = _page(words or shipped_words("en"))
    return page.render(
        figures=figures,
        language=tongue.language,
        program=program_name,
        cohort=cohort_name,
        company=company,
        purpose=purpose,
        style=Markup((PAGE / "report.css").read_text("utf-8")),
        charts=_charts(figures, tongue),
        tiles=_tiles(figures, tongue),
        verdicts=_verdicts(figures.targets, tongue),
        breakdowns=[(HEADINGS[part.by], part, _is_withheld(part)) for part in figures.breakdowns if part.groups],
        over=figures.as_of > figures.facts.ends,
    )


@lru_cache(maxsize=8)
def _page(words: Words) -> tuple[Template, Tongue]:
    # Our own page with our own numbers: autoescape guards the few texts that come from a program or a roster.
    environment = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    tongue = Tongue(words)
    environment.filters |= tongue.filters()
    environment.globals["t"] = tongue.say
    return environment.get_template("report.html"), tongue


def _charts(figures: ReportFigures, tongue: Tongue) -> dict[str, Markup]:
    say = partial(tongue.said)
    drawn = {"funnel": charts.funnel_chart(figures.funnel, say)}
    if figures.fit:
        drawn["fit"] = charts.fit_chart(figures.fit, say)
    if figures.pulses:
        drawn["pulse"] = charts.pulse_chart(figures.pulses, say)
    if figures.satisfaction:
        drawn["satisfaction"] = charts.satisfaction_chart(figures.satisfaction, say)
    if figures.nps:
        drawn["nps"] = charts.nps_chart(figures.nps, say)
    return {name: Markup(svg) for name, svg in drawn.items()}


def _tiles(figures: ReportFigures, tongue: Tongue) -> list[tuple[str, str, str]]:
    """The few numbers a hurried reader takes away: number, what it is, on what it rests."""
    t, number = tongue.say, tongue.number
    people = {step.label: step for step in figures.funnel}
    matched, completed = people["Matched"], people["Completed"]
    pairs = t("in {count} pairs", count=number(figures.pairs.approved))
    tiles = [(number(matched.people), t("people matched"), pairs)]
    if figures.as_of > figures.facts.ends and completed.percent is not None:
        of = t("{part} of {whole} matched", part=number(completed.people), whole=number(matched.people))
        tiles.append((tongue.percent(completed.percent), t("completed"), of))
    if figures.satisfaction:
        happy = figures.satisfaction
        answers = t("{count} answers", count=number(happy.answered))
        tiles.append((tongue.localized(f"{happy.mean:.1f}"), t("satisfaction, of 5"), answers))
    if figures.nps:
        nps = figures.nps
        between = t("between {low} and {high}", low=f"{nps.low:+.0f}", high=f"{nps.high:+.0f}")
        tiles.append((f"{nps.score:+.0f}", t("net promoter score"), between))
    return tiles


def _verdicts(targets: tuple[Target, ...], tongue: Tongue) -> str:
    """The targets in one sentence."""
    counts = {verdict: sum(target.verdict == verdict for target in targets) for verdict in ("met", "missed")}
    rest = len(targets) - counts["met"] - counts["missed"]
    given = {"met": counts["met"], "all": len(targets), "missed": counts["missed"], "rest": rest}
    sentence = "{met} of {all} targets met, {missed} missed" + (", {rest} not measurable." if rest else ".")
    return tongue.say(sentence, **given)


def _is_withheld(part: Breakdown) -> bool:
    def missing(group: Any) -> bool:
        return group.people is None or group.satisfaction is None

    return any(missing(group) for group in part.groups)
