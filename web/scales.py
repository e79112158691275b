"""Where things lie in the charts: values to places, in the units of each chart's own view box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from inspector.domain.dashboard import Mark, Point
    from inspector.domain.intervals import Interval

BAR_WIDTH: Final = 200
SPARK: Final = 100, 28
TREND: Final = 900, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 8, 18, 14


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval from zero on: places across `BAR_WIDTH`; None where there is no such thing."""

    low: float
    high: float
    at: float
    target: float | None


@dataclass(frozen=True, slots=True)
class Spark:
    """A small trend: pieces of a line as SVG wants them, and its last point."""

    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of the control chart, with its limits' places."""

    x: float
    y: float
    is_out: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """The control chart of rejects.

    Attributes:
        ticks: Values and where they lie.
        limits: Corners of the band between the limits; empty: there are none yet.
        marks: Where something changed, and what.
    """

    line: str
    dots: tuple[Dot, ...]
    ticks: tuple[tuple[float, float], ...]
    limits: str
    middle: float | None
    marks: tuple[tuple[float, str], ...]


def interval_bar(value: float, interval: Interval | None, target: float | None) -> Bar | None:
    """Return where the ends of an interval lie; None where there is no interval."""
    if interval is None:
        return None
    most = max(interval[1], target or 0.0, value) * 1.08 or 1.0

    def across(one: float) -> float:
        return round(one / most * BAR_WIDTH, 1)

    wanted = None if target is None else across(target)
    return Bar(across(interval[0]), across(interval[1]), across(value), wanted)


def spark(values: Sequence[float | None]) -> Spark | None:
    """Return a small trend; None where fewer than two values are known."""
    known = [one for one in values if one is not None]
    if len(known) < 2:
        return None
    width, height = SPARK
    low, span = min(known), (max(known) - min(known)) or 1.0
    step = (width - 8) / (len(values) - 1)
    places = [
        None
        if one is None
        else (round(4 + n * step, 1), round(height - 4 - (one - low) / span * (height - 8), 1))
        for n, one in enumerate(values)
    ]
    lines: list[list[str]] = [[]]
    for place in places:
        if place is None:
            lines.append([])
        else:
            lines[-1].append(f"{place[0]},{place[1]}")
    drawn = tuple(" ".join(piece) for piece in lines if len(piece) > 1)
    dots = [place for place in places if place]
    return Spark(drawn, (dots[-1],) if drawn else tuple(dots))


def trend_of(points: Sequence[Point], marks: Sequence[Mark]) -> Trend | None:
    """Return the control chart of the rejects; None where there is nothing to draw."""
    if len(points) < 2:
        return None
    width, height = TREND
    most = max(max(one.share, one.high or 0.0) for one in points) * 1.1 or 0.01
    first, last = points[0].at, points[-1].at

    def across(at: object) -> float:
        share = (at - first) / (last - first)  # type: ignore[operator]
        return round(_LEFT + float(share) * (width - _LEFT - _RIGHT), 1)

    def up(value: float) -> float:
        return round(height - _BOTTOM - value / most * (height - _TOP - _BOTTOM), 1)

    dots = tuple(Dot(across(one.at), up(one.share), one.is_out) for one in points)
    limited = [one for one in points if one.high is not None]
    upper = [f"{across(one.at)},{up(one.high or 0.0)}" for one in limited]
    lower = [f"{across(one.at)},{up(one.low or 0.0)}" for one in reversed(limited)]
    mean = sum(one.rejected for one in points) / sum(one.parts for one in points)
    return Trend(
        " ".join(f"{dot.x},{dot.y}" for dot in dots),
        dots,
        tuple((value, up(value)) for value in (0.0, most / 2, most / 1.1)),
        " ".join(upper + lower),
        up(mean) if limited else None,
        tuple((across(one.at), one.text) for one in marks if first <= one.at <= last),
    )
