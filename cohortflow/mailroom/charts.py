"""The charts of the report, drawn as SVG that stands in the page: same figures, same bytes, on any machine."""

import io
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from schemas.report import Fit, NetPromoter, Pulse, Satisfaction, Step

# Colours are drawn as these placeholders and become the page's own, so that a chart follows dark mode and print.
PALETTE = {
    "ink": "#010203",
    "soft": "#010204",
    "line": "#010205",
    "main": "#010206",
    "second": "#010207",
    "bad": "#010208",
}
WIDTH = 4.9
MARGIN = 0.1
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "cohortflow",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": PALETTE["ink"],
    "axes.labelcolor": PALETTE["soft"],
    "axes.edgecolor": PALETTE["line"],
    "xtick.color": PALETTE["soft"],
    "ytick.color": PALETTE["ink"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "path.simplify": False,
}
Draw = Callable[..., None]


def chart(height: float, left: float = 0.1, bottom: float = 0.1) -> Callable[[Draw], Callable[..., str]]:
    """Make a function that draws on axes into one that returns the SVG.

    Args:
        height: of the drawing, in inches, as are `left` and `bottom`, the room for labels beside and below the axes.
            They are given because measuring every label first takes longer than drawing it.
    """

    def decorate(draw: Draw) -> Callable[..., str]:
        @wraps(draw)
        def drawn(*figures: Any) -> str:
            # Imported here: a tick that makes no report should not wait for it.
            import matplotlib as mpl
            from matplotlib.backends.backend_svg import FigureCanvasSVG
            from matplotlib.figure import Figure

            with mpl.rc_context({**mpl.rcParamsDefault, "backend": mpl.rcParams["backend"], **SETTINGS}):
                figure = Figure(figsize=(WIDTH, height))
                FigureCanvasSVG(figure)
                room = (left / WIDTH, bottom / height, 1 - (left + MARGIN) / WIDTH, 1 - (bottom + MARGIN) / height)
                draw(figure.add_axes(room), *figures)
                file = io.StringIO()
                figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
            return _inline(file.getvalue(), draw.__name__)

        return drawn

    return decorate


def _inline(svg: str, name: str) -> str:
    """The drawing alone, in the page's colours, its ids its own among other drawings of the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\1{name}-", svg)
    svg = re.sub(r'width="[\d.]+pt" height="[\d.]+pt" ', "", svg)
    for role, colour in PALETTE.items():
        svg = svg.replace(colour, f"var(--{role})")
    # The table beside the chart says the same to whoever does not see it.
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1).strip()


@chart(3.1, left=1.45)
def funnel_chart(axes: Any, steps: tuple[Step, ...]) -> None:
    """Bars from top to bottom, one a step."""
    labels, counts = [step.label for step in steps], [step.people for step in steps]
    bars = axes.barh(range(len(steps)), counts, color=PALETTE["main"], height=0.66)
    axes.bar_label(bars, padding=4, color=PALETTE["ink"], fmt="{:,.0f}")
    axes.set_yticks(range(len(steps)), labels)
    axes.invert_yaxis()
    axes.set_xlim(0, max([*counts, 1]) * 1.12)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)


@chart(2.3, left=0.5, bottom=0.45)
def fit_chart(axes: Any, fit: Fit) -> None:
    """How many pairs have which fit, and where the median lies."""
    lows, counts = [low for low, _, _ in fit.bins], [pairs for _, _, pairs in fit.bins]
    axes.bar([low + 5 for low in lows], counts, width=9, color=PALETTE["main"])
    axes.axvline(fit.median, color=PALETTE["second"], linewidth=1.6)
    axes.annotate(
        f"median {fit.median:.0f}", (fit.median, 1), xycoords=("data", "axes fraction"), xytext=(5, -3),
        textcoords="offset points", va="top", color=PALETTE["second"],
    )  # fmt: skip
    axes.set_xlim(0, 100)
    axes.set_xticks(range(0, 101, 20))
    axes.set_ylim(0, max([*counts, 1]) * 1.25)
    axes.set_xlabel("fit, in % of what was attainable")
    axes.set_ylabel("pairs")
    axes.yaxis.get_major_locator().set_params(integer=True)


@chart(2.6, left=0.5, bottom=0.45)
def pulse_chart(axes: Any, pulses: tuple[Pulse, ...]) -> None:
    """Two lines over the check-ins: who answered, and who of those had met; the bands are 95 % intervals."""
    numbers = [pulse.n for pulse in pulses]
    answered = [(pulse.n, pulse.answered) for pulse in pulses]
    met = [(pulse.n, pulse.met) for pulse in pulses if pulse.met]
    for label, points, colour, marker in (("answered", answered, "main", "o"), ("had met", met, "second", "s")):
        at = [n for n, _ in points]
        axes.fill_between(
            at, [s.low for _, s in points], [s.high for _, s in points], color=PALETTE[colour], alpha=0.16, lw=0
        )
        axes.plot(at, [s.percent for _, s in points], color=PALETTE[colour], marker=marker, markersize=4, label=label)
    axes.set_ylim(0, 103)
    axes.set_yticks(range(0, 101, 25), [f"{percent}%" for percent in range(0, 101, 25)])
    axes.set_xticks(numbers)
    axes.set_xlim(min(numbers) - 0.3, max(numbers) + 0.3)
    axes.set_xlabel("check-in")
    axes.grid(axis="y", color=PALETTE["line"], linewidth=0.6)
    axes.legend(frameon=False, loc="lower left", ncols=2)


@chart(1.9, bottom=0.45)
def satisfaction_chart(axes: Any, satisfaction: Satisfaction) -> None:
    """How many gave each answer from 1 to 5."""
    bars = axes.bar(range(1, 6), satisfaction.counts, color=PALETTE["main"], width=0.8)
    axes.bar_label(bars, padding=2, color=PALETTE["ink"])
    axes.set_ylim(0, max([*satisfaction.counts, 1]) * 1.2)
    axes.set_xlabel("1 not at all satisfied, 5 very")
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", length=0)


@chart(1.05)
def nps_chart(axes: Any, nps: NetPromoter) -> None:
    """One bar of three parts: detractors, passives, promoters."""
    left = 0.0
    parts = (
        ("detractors", nps.detractors, "bad"),
        ("passives", nps.passives, "line"),
        ("promoters", nps.promoters, "main"),
    )
    for name, share, colour in parts:
        axes.barh([0], [share.percent], left=left, color=PALETTE[colour], height=0.5)
        if share.part:
            axes.text(left, 0.36, f"{name}\n{share.percent:.0f}%", va="bottom", ha="left", linespacing=1.3)
        left += share.percent
    axes.set_xlim(0, 100)
    axes.set_ylim(-0.3, 1.35)
    axes.axis("off")
