"""The charts of the report: SVG that stands in the page, in the page's own colours; same figures, same bytes.

Drawn by hand, for they are a few bars and two lines: a plotting library took a tenth of a whole simulated life,
and its letters were outlines that no reader could select or enlarge.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape

from schemas.report import Fit, NetPromoter, Pulse, Satisfaction, Share, Step

WIDTH = 490
SMALL = 12  # the size of all letters, in the same unit as WIDTH
LETTER = 6.6  # how wide a letter of that size is, roughly
Say = Callable[[str], str]


def funnel_chart(steps: tuple[Step, ...], say: Say = str) -> str:
    """Bars from top to bottom, one a step."""
    row, left = 32, 10 + max(len(say(step.label)) for step in steps) * LETTER
    room, most = WIDTH - left - 60, max([*(step.people for step in steps), 1])
    parts: list[str] = []
    for number, step in enumerate(steps):
        top, length = number * row + 5, room * step.people / most
        parts.append(_text(left - 8, top + 15, say(step.label), anchor="end"))
        parts.append(_bar(left, top, length, 21))
        parts.append(_text(left + length + 6, top + 15, f"{step.people:,.0f}"))
    return _drawing(row * len(steps) + 6, parts)


def fit_chart(fit: Fit, say: Say = str) -> str:
    """How many pairs have which fit, and where the median lies."""
    left, bottom, height = 40, 180, 230
    most = max([*(pairs for _, _, pairs in fit.bins), 1])
    scale = _Scale(left, WIDTH - 14, 0, 100)
    parts = _count_axis(most, left, bottom, say("pairs"))
    for low, high, pairs in fit.bins:
        tall = 150 * pairs / most
        parts.append(_bar(scale.at(low) + 2, bottom - tall, scale.at(high) - scale.at(low) - 4, tall))
    parts += [_text(scale.at(at), bottom + 17, f"{at}", anchor="middle", role="soft") for at in range(0, 101, 20)]
    parts.append(_line([(left, bottom), (WIDTH - 14, bottom)], "line"))
    middle = scale.at(fit.median)
    parts.append(_line([(middle, 8), (middle, bottom)], "second", 1.6))
    side, anchor = (6, "start") if fit.median < 75 else (-6, "end")
    parts.append(_text(middle + side, 18, f"{say('median')} {fit.median:.0f}", anchor=anchor, role="second"))
    parts.append(
        _text((left + WIDTH) / 2, height - 10, say("fit, in % of what was attainable"), anchor="middle", role="soft")
    )
    return _drawing(height, parts)


def pulse_chart(pulses: tuple[Pulse, ...], say: Say = str) -> str:
    """Two lines over the check-ins: who answered, and who of those had met; the bands are 95 % intervals."""
    left, top, bottom, height = 46, 10, 190, 255
    across, up = _Scale(left + 16, WIDTH - 20, 1, max(len(pulses), 2)), _Scale(bottom, top, 0, 100)
    parts = []
    for percent in range(0, 101, 25):
        parts.append(_line([(left, up.at(percent)), (WIDTH - 10, up.at(percent))], "line", 0.7))
        parts.append(_text(left - 8, up.at(percent) + 4, f"{percent}%", anchor="end", role="soft"))
    parts += [
        _text(across.at(place), bottom + 17, str(pulse.n), anchor="middle", role="soft")
        for place, pulse in enumerate(pulses, start=1)
    ]
    answered = [(place, pulse.answered) for place, pulse in enumerate(pulses, start=1)]
    met = [(place, pulse.met) for place, pulse in enumerate(pulses, start=1) if pulse.met]
    parts += _band_and_line(answered, across, up, "main") + _band_and_line(met, across, up, "second")
    parts.append(_text((left + WIDTH) / 2, bottom + 34, say("check-in"), anchor="middle", role="soft"))
    parts += _legend(((say("answered"), "main"), (say("had met"), "second")), left + 10, height - 12)
    return _drawing(height, parts)


def satisfaction_chart(satisfaction: Satisfaction, say: Say = str) -> str:
    """How many gave each answer from 1 to 5."""
    bottom, step, most = 120, WIDTH / 5, max([*satisfaction.counts, 1])
    parts = []
    for place, count in enumerate(satisfaction.counts):
        left, tall = place * step + 10, 95 * count / most
        parts.append(_bar(left, bottom - tall, step - 20, tall))
        parts.append(_text(left + (step - 20) / 2, bottom - tall - 5, f"{count:,}", anchor="middle"))
        parts.append(_text(left + (step - 20) / 2, bottom + 17, str(place + 1), anchor="middle", role="soft"))
    parts.append(_line([(0, bottom), (WIDTH, bottom)], "line"))
    parts.append(_text(WIDTH / 2, bottom + 36, say("1 not at all satisfied, 5 very"), anchor="middle", role="soft"))
    return _drawing(bottom + 46, parts)


def nps_chart(nps: NetPromoter, say: Say = str) -> str:
    """One bar of three parts: detractors, passives, promoters."""
    left, parts = 0.0, []
    named = (
        (say("detractors"), nps.detractors, "bad"),
        (say("passives"), nps.passives, "line"),
        (say("promoters"), nps.promoters, "main"),
    )
    for name, share, role in named:
        length = WIDTH * share.percent / 100
        parts.append(_bar(left, 44, length, 34, role))
        if share.part:
            # A narrow part at the far end would push its words out of the drawing.
            at = min(left, WIDTH - len(name) * LETTER)
            parts += [_text(at, 18, name), _text(at, 35, f"{share.percent:.0f}%")]
        left += length
    return _drawing(84, parts)


class _Scale:
    """From figures to places in the drawing."""

    def __init__(self, first: float, last: float, low: float, high: float) -> None:
        self.first, self.low, self.unit = first, low, (last - first) / (high - low)

    def at(self, value: float) -> float:
        """Where a figure stands."""
        return self.first + (value - self.low) * self.unit


def _count_axis(most: int, left: float, bottom: float, of: str) -> list[str]:
    """Whole numbers beside the bars of a histogram."""
    step = max(1, -(-most // 4))
    marks = [(count, bottom - 150 * count / most) for count in range(0, most + 1, step)]
    shown = [_text(left - 8, at + 4, str(count), anchor="end", role="soft") for count, at in marks]
    return [*shown, _text(0, 18, of, role="soft")]


def _band_and_line(shares: Sequence[tuple[int, Share]], across: _Scale, up: _Scale, role: str) -> list[str]:
    if not shares:
        return []
    lower = [(across.at(place), up.at(share.low)) for place, share in shares]
    upper = [(across.at(place), up.at(share.high)) for place, share in shares]
    points = [(across.at(place), up.at(share.percent)) for place, share in shares]
    band = f'<path d="{_path([*lower, *reversed(upper)])}Z" fill="var(--{role})" fill-opacity=".16"/>'
    dots = [f'<circle cx="{_number(x)}" cy="{_number(y)}" r="3.2" fill="var(--{role})"/>' for x, y in points]
    return [band, _line(points, role, 1.8), *dots]


def _legend(entries: Iterable[tuple[str, str]], left: float, at: float) -> list[str]:
    parts = []
    for label, role in entries:
        parts += [_line([(left, at - 4), (left + 22, at - 4)], role, 3), _text(left + 28, at, label)]
        left += 60 + len(label) * LETTER
    return parts


def _drawing(height: float, parts: Iterable[str]) -> str:
    # The table beside the chart says the same to whoever does not see it.
    return (
        f'<svg aria-hidden="true" focusable="false" viewBox="0 0 {WIDTH} {_number(height)}" '
        f'font-family="DejaVu Sans, Verdana, sans-serif" font-size="{SMALL}">{"".join(parts)}</svg>'
    )


def _bar(left: float, top: float, wide: float, tall: float, role: str = "main") -> str:
    numbers = f'x="{_number(left)}" y="{_number(top)}" width="{_number(wide)}" height="{_number(tall)}"'
    return f'<rect {numbers} fill="var(--{role})"/>'


def _line(points: Sequence[tuple[float, float]], role: str, wide: float = 1.0) -> str:
    return f'<path d="{_path(points)}" fill="none" stroke="var(--{role})" stroke-width="{_number(wide)}"/>'


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _text(left: float, base: float, words: str, anchor: str = "start", role: str = "ink") -> str:
    placed = f'x="{_number(left)}" y="{_number(base)}" text-anchor="{anchor}"'
    return f'<text {placed} fill="var(--{role})">{escape(words)}</text>'


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
