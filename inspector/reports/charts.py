"""Charts of reports as SVG within the page, each with its title; the tables have the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup, escape

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 720, 230, 30, 26, 16
_BLUE, _RED = "#1f5fa8", "#b00020"
_GREY = "#ccc"
_TICKS = 5
_LEAST = 1e-6
"""What is drawn of a value of nothing."""


def plain(value: float) -> str:
    """Return a number with three digits that say something, and without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def percent(share: float) -> str:
    """Return a share without digits that say nothing."""
    return f"{100 * share:.4f}".rstrip("0").rstrip(".") + "%"


@dataclass(frozen=True, slots=True)
class Bar:
    """A range with a point in it."""

    name: str
    low: float
    high: float
    at: float


def bars(
    title: str,
    rows: Sequence[Bar],
    *,
    marks: Sequence[float] = (),
    shown: Callable[[float], str] = percent,
) -> Markup:
    """Return ranges under each other on one axis.

    Args:
        title: What a reader who does not see it is told.
        rows: From top to bottom.
        marks: Limits, drawn as vertical lines with their values above.
        shown: How a value on the axis is written.
    """
    ends = [end for one in rows for end in (one.low, one.high, one.at)] + list(marks)
    first, last = min(ends), max(ends)
    height = _TOP + _ROW * len(rows) + 30

    def across(value: float) -> float:
        span = (last - first) or 1.0
        return _LEFT + (value - first) / span * (_WIDTH - _LEFT - _RIGHT)

    below = _TOP + _ROW * len(rows)
    drawn = []
    for tick in _ticks(first, last):
        drawn += [_line(across(tick), _TOP, across(tick), below, _GREY)]
        drawn += [_text(across(tick), below + 18, shown(tick), "middle")]
    for number, mark in enumerate(sorted(marks)):
        drawn += [_line(across(mark), _TOP, across(mark), below, _RED)]
        anchor = "start" if number else "end"  # or two of them lie on each other
        drawn += [_text(across(mark), _TOP - 4, shown(mark), anchor, _RED)]
    for number, one in enumerate(rows):
        y = _TOP + _ROW * (number + 0.5)
        drawn += [_text(_LEFT - 8, y + 4, one.name, "end")]
        drawn += [_line(across(one.low), y, across(one.high), y, _BLUE, width=6)]
        drawn += [f'<circle cx="{across(one.at):.1f}" cy="{y:.1f}" r="5" fill="#222"/>']
    return _svg(title, height, drawn)


def rising(title: str, values: Sequence[float], *, mark: float) -> Markup:
    """Return values, one for each part, on a logarithmic axis with the level that decides."""
    logs, level = [log10(max(one, _LEAST)) for one in values], log10(mark)
    low, high = min([*logs, 0.0]), max([*logs, level])
    step = 620 / max(1, len(logs) - 1)

    def up(value: float) -> float:
        return 20 + (high - value) / (high - low) * 180

    corners = " ".join(f"{60 + n * step:.1f},{up(one):.1f}" for n, one in enumerate(logs))
    drawn = [
        _line(60, up(0), 680, up(0), _GREY),
        _line(60, up(level), 680, up(level), _RED),
        _text(60, 12, f"{title} (logarithmic), {plain(values[-1])} at the end", "start"),
        *(_text(54, up(log10(one)) + 4, f"{one:g}", "end") for one in (1, mark)),
        f'<polyline points="{corners}" fill="none" stroke="{_BLUE}" stroke-width="2"/>',
        _text(60, 222, "first part", "start"),
        _text(680, 222, "last part", "end"),
    ]
    return _svg(title, 230, drawn)


def banded(
    title: str,
    points: Sequence[tuple[int, Bar]],
    marks: Mapping[str, int],
    *,
    shown: Callable[[float], str],
) -> Markup:
    """Return a curve within its band, over a logarithmic axis.

    Args:
        title: What a reader who does not see it is told.
        points: Where on the axis, 1 or more, and the band with the curve's point in it.
        marks: Named places on the axis, drawn as vertical lines.
        shown: How a value of the curve is written.
    """
    ordered = sorted(points, key=lambda point: point[0])
    ends = [log10(ordered[0][0]), log10(ordered[-1][0])]
    top = max(one.high for _, one in ordered) or 1.0

    def across(place: int) -> float:
        return 60 + 620 * (log10(place) - ends[0]) / ((ends[1] - ends[0]) or 1.0)

    def up(value: float) -> float:
        return 200 - 170 * value / top

    curve = " ".join(f"{across(at):.1f},{up(one.at):.1f}" for at, one in ordered)
    upper = [f"{across(at):.1f},{up(one.high):.1f}" for at, one in ordered]
    lower = [f"{across(at):.1f},{up(one.low):.1f}" for at, one in reversed(ordered)]
    drawn = [
        f'<polygon points="{" ".join([*upper, *lower])}" fill="#c8d9ee"/>',
        f'<polyline points="{curve}" fill="none" stroke="{_BLUE}" stroke-width="2"/>',
    ]
    for tick in _ticks(0.0, top):
        drawn += [_line(60, up(tick), 680, up(tick), _GREY)]
        drawn += [_text(54, up(tick) + 4, shown(tick), "end")]
    for number, (name, place) in enumerate(marks.items()):
        drawn += [_line(across(place), 20, across(place), 200, _RED)]
        told = f"{name}: {place:,}"
        drawn += [_text(across(place) + 4, 218 + 14 * number, told, "middle", _RED)]
    return _svg(title, 224 + 14 * len(marks), drawn)


def _ticks(first: float, last: float) -> list[float]:
    """Return round values between two ends, a handful."""
    rough = (last - first) / _TICKS or abs(first) or 1.0
    power: float = 10.0 ** floor(log10(rough))
    step = next(power * of for of in (1, 2, 5, 10) if power * of >= rough * 0.999)
    return [round(n * step, 12) for n in range(ceil(first / step), floor(last / step) + 1)]


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, width: int = 1) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#222") -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {where}>{escape(text)}</text>"


def _svg(title: str, height: float, drawn: Sequence[str]) -> Markup:
    head = f'viewBox="0 0 {_WIDTH} {height:g}" width="{_WIDTH}" role="img"'
    told = f"<title>{escape(title)}</title>"
    inner = "\n".join(drawn)
    return Markup(  # noqa: S704 - every text went through `escape`
        f'<svg {head} font-size="12" fill="#222">{told}\n{inner}\n</svg>'
    )
