"""Missed against false rejects, drawn as an SVG: nothing is needed to look at it but a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.evaluation.evaluating import Point, Rates

_SIDE, _LEFT, _TOP = 400, 70, 30
_ENDS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Where an axis may end: the least that shows both marks at no more than half of it."""
_COLOURS = ("#1f5fa8", "#c05a00")


def rates_svg(title: str, curves: Mapping[str, tuple[Sequence[Point], Rates]]) -> str:
    """Return an SVG of both rates as all limits rise together, one line for each set of limits.

    Args:
        title: Stands above it.
        curves: By name, the points and the rates at the limits themselves, which get a dot.
    """
    rates = [at for _, at in curves.values()]
    across = _end(max(at.false_rejects.value for at in rates))
    up = _end(max(at.missed.value for at in rates))
    lines = [
        _drawn(number, name, points, at, across=across, up=up)
        for number, (name, (points, at)) in enumerate(curves.items())
    ]
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 505" '
            'font-family="sans-serif" font-size="12" fill="#222">',
            '<rect width="560" height="505" fill="#fff"/>',
            _text(_LEFT, 18, title),
            *_axes(across, up),
            *lines,
            "</svg>\n",
        ]
    )


def _end(most: float) -> float:
    return next((end for end in _ENDS if end >= 2 * most), 1.0)


def _axes(across: float, up: float) -> list[str]:
    box = f'x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}"'
    marks = [f'<rect {box} fill="none" stroke="#888"/>']
    for part in (0, 0.25, 0.5, 0.75, 1):
        x, y = _LEFT + part * _SIDE, _TOP + (1 - part) * _SIDE
        marks.append(_text(x, _TOP + _SIDE + 16, f"{part * across:.2%}", anchor="middle"))
        marks.append(_text(_LEFT - 6, y + 4, f"{part * up:.2%}", anchor="end"))
    middle = _LEFT + _SIDE / 2
    marks.append(_text(middle, _TOP + _SIDE + 34, "good pictures rejected", anchor="middle"))
    turned = f'transform="rotate(-90 14 {_TOP + _SIDE / 2:g})"'
    marks.append(_text(14, _TOP + _SIDE / 2, "defects' pictures missed", "middle", turned))
    return marks


def _drawn(
    number: int, name: str, points: Sequence[Point], at: Rates, *, across: float, up: float
) -> str:
    colour = _COLOURS[number % len(_COLOURS)]

    def place(false_rejects: float, missed: float) -> tuple[float, float]:
        return false_rejects / across * _SIDE, (1 - missed / up) * _SIDE

    places = (place(one.false_rejects, one.missed) for one in points)
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = place(at.false_rejects.value, at.missed.value)
    told = f"{name}: missed {at.missed}, rejected {at.false_rejects}"
    return "\n".join(
        [
            # An svg of its own, so that what lies beyond the axes is not drawn.
            f'<svg x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}">',
            f'<polyline points="{corners}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
            "</svg>",
            f'<circle cx="{_LEFT + x:.1f}" cy="{_TOP + y:.1f}" r="4" fill="{colour}"/>',
            f'<g fill="{colour}" font-size="10">{_text(8, 484 + 13 * number, told)}</g>',
        ]
    )


def _text(x: float, y: float, text: str, anchor: str = "start", more: str = "") -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" {more}>{safe}</text>'
