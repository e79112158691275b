"""The picture of a run: the truth, what the audits say of it, and the naive share beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from benchmarks.audited_hours.running import Row

_WIDTH, _HEIGHT, _LEFT, _TOP = 700, 320, 70, 40
_ENDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 1.0)
"""Where the axis of shares may end."""
_BAND, _OURS, _NAIVE, _TRUTH = "#c9dcf2", "#1f5fa8", "#c05a00", "#111"
_DASHED, _DOTTED = 'stroke-dasharray="7 4"', 'stroke-dasharray="2 3"'

Point = tuple[float, float]


def hours_svg(rows: Sequence[Row], *, title: str, command: str) -> str:
    """Return an SVG of the figures at the end of each day, up to the naive share at the least.

    What the first days' bounds go beyond the axis is cut off: few audits show little.
    """
    top = _end(rows)
    last = rows[-1].day.hours_made

    def place(hours: float, share: float) -> Point:
        return hours / last * _WIDTH, (1 - share / top) * _HEIGHT

    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 500" role="img" '
            'font-family="sans-serif" font-size="12" fill="#222">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(' '.join(legend(rows[-1])))} Drawn by: {escape(command)}</desc>",
            '<rect width="800" height="500" fill="#fff"/>',
            _text(_LEFT, 20, title),
            *_axes(last, top),
            # An svg of its own, so that what lies beyond the axes is not drawn.
            f'<svg x="{_LEFT}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}">',
            *_curves(rows, place),
            "</svg>",
            *_legend(rows[-1]),
            "</svg>\n",
        ]
    )


def legend(row: Row) -> list[str]:
    """Return what each line is, with its figure at the end."""
    at = row.by_model
    low, high = at.estimate.interval
    return [
        f"truth: {at.truth:.4%} of the passed parts are bad.",
        f"estimate from {at.estimate.audited} audits: {shown(at.estimate.estimate)}, "
        f"95 % interval {low:.4%} to {high:.4%}.",
        f"upper bound for auditors who miss ({row.seeds.found} of {row.seeds.judged} seeds "
        f"found): {shown(at.estimate.upper95_corrected)}.",
        f"naive share, bad audits / audits without weights: {at.naive:.4%}.",
    ]


def shown(share: float | None) -> str:
    """Return a share, or that there is none."""
    return "none" if share is None else f"{share:.4%}"


def _end(rows: Sequence[Row]) -> float:
    late = [row.by_model for row in rows[len(rows) // 2 :]]
    most = max(max(at.naive, at.estimate.interval[1]) for at in late)
    return next(end for end in _ENDS if end >= min(1.0, 1.1 * most))


def _curves(rows: Sequence[Row], place: Callable[[float, float], Point]) -> list[str]:
    hours = [row.day.hours_made for row in rows]
    each = [row.by_model for row in rows]

    def points(shares: Sequence[float]) -> list[Point]:
        return [place(at, share) for at, share in zip(hours, shares, strict=True)]

    low = points([at.estimate.interval[0] for at in each])
    high = points([at.estimate.interval[1] for at in each])
    bound = points([at.estimate.upper95_corrected or 1.0 for at in each])
    return [
        f'<polygon points="{_corners([*low, *reversed(high)])}" fill="{_BAND}"/>',
        _line(bound, _OURS, _DOTTED),
        _line(points([at.naive for at in each]), _NAIVE, _DASHED),
        _line(points([at.estimate.estimate or 0.0 for at in each]), _OURS),
        _line(points([at.truth for at in each]), _TRUTH, width=2.5),
    ]


def _corners(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _line(points: Sequence[Point], colour: str, more: str = "", *, width: float = 1.5) -> str:
    drawn = f'fill="none" stroke="{colour}" stroke-width="{width:g}" {more}'
    return f'<polyline points="{_corners(points)}" {drawn}/>'


def _axes(last: float, top: float) -> list[str]:
    box = f'x="{_LEFT}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}"'
    marks = [f'<rect {box} fill="none" stroke="#888"/>']
    for part in (0, 0.25, 0.5, 0.75, 1):
        x, y = _LEFT + part * _WIDTH, _TOP + (1 - part) * _HEIGHT
        marks.append(_text(x, _TOP + _HEIGHT + 16, f"{part * last:g} h", anchor="middle"))
        marks.append(_text(_LEFT - 6, y + 4, f"{part * top:.3%}", anchor="end"))
    middle = _TOP + _HEIGHT / 2
    turned = f'transform="rotate(-90 14 {middle:g})"'
    marks.append(_text(14, middle, "share of the passed parts", "middle", turned))
    return marks


def _legend(row: Row) -> list[str]:
    strokes = (
        f'stroke="{_TRUTH}" stroke-width="2.5"',
        f'stroke="{_OURS}" stroke-width="1.5"',
        f'stroke="{_OURS}" stroke-width="1.5" {_DOTTED}',
        f'stroke="{_NAIVE}" stroke-width="1.5" {_DASHED}',
    )
    marks = []
    for number, (stroke, text) in enumerate(zip(strokes, legend(row), strict=True)):
        y = 404 + 22 * number
        if number == 1:
            marks.append(f'<rect x="{_LEFT}" y="{y - 12}" width="36" height="16" fill="{_BAND}"/>')
        marks.append(f'<path d="M{_LEFT} {y - 4}h36" {stroke}/>')
        marks.append(_text(_LEFT + 46, y, text))
    return marks


def _text(x: float, y: float, text: str, anchor: str = "start", more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" {more}>{escape(text)}</text>'
