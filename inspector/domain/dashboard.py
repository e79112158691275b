"""What the page of figures shows beside the figures: trends, limits, defects, audits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil, sqrt
from typing import Any

from inspector.domain.auditing import OPERATOR_STRATUM
from inspector.domain.business import Figure
from inspector.domain.escapes import Seeds
from inspector.domain.fatigue import Raised, Rule, alarms_as_json, noisiest
from inspector.domain.kpi import Window
from inspector.domain.site_figures import Seen

TREND_POINTS = 8
MOST_POINTS = 56
LEAST_FOR_LIMITS = 8
"""Points of a control chart before it has limits: fewer say nothing of how much they vary."""
_RANGE_TO_SIGMA = 1.128  # mean moving range of two normal values
_SIGMAS = 3
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Point:
    """Some hours in a row: how many parts a verdict rejected, and between which limits.

    Attributes:
        low, high: Shares; None where there are too few points for limits.
    """

    at: datetime
    parts: int
    rejected: int
    low: float | None = None
    high: float | None = None

    @property
    def share(self) -> float:
        """Return which share was rejected."""
        return self.rejected / self.parts

    @property
    def is_out(self) -> bool:
        """Return whether it lies beyond its limits."""
        return self.high is not None and not (self.low or 0.0) <= self.share <= self.high


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that changed, for the trend."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Defect:
    """How many rejects had this kind as their strongest finding."""

    kind: str
    rejects: int


@dataclass(frozen=True, slots=True)
class Defects:
    """What the newest rejects of the window were rejected for.

    Attributes:
        of: How many were looked at.
        rejected: Of how many in the window.
    """

    kinds: Sequence[Defect]
    of: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Stratum:
    """How far the audit of some passed parts has come."""

    name: str
    passed: int
    drawn: int
    judged: int
    bad: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything on the page.

    Attributes:
        zone: Of the site's clock on the wall.
        empty: Why there is nothing to show; empty when there is.
        priced: The site has a cost table.
        raised: The alarms that came.
        trends: Of each figure by its id, its value in each eighth of the window; None: none.
    """

    window: Window
    zone: str
    empty: str = ""
    priced: bool = False
    figures: Sequence[Figure] = ()
    trends: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    rejects: Sequence[Point] = ()
    marks: Sequence[Mark] = ()
    defects: Defects = Defects((), 0, 0)
    strata: Sequence[Stratum] = ()
    seeds: Seeds | None = None
    raised: Sequence[Raised] = ()

    @property
    def rules(self) -> Sequence[Rule]:
        """Return the rules with the most alarms, most first."""
        return noisiest(self.raised, self.window)

    def alarms_as_json(self) -> dict[str, Any]:
        """Return what stands beside the figures in docs/schemas/kpi.json."""
        return alarms_as_json(self.raised, self.window)


def eighths(window: Window) -> tuple[Window, ...]:
    """Return the window in parts of whole hours, oldest first; short windows in fewer."""
    hours = max(1, (window.until - window.since) // _HOUR)
    count = min(TREND_POINTS, hours)
    first = window.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    ends = [first + _HOUR * round(hours * n / count) for n in range(1, count)]
    limits = [window.since, *ends, window.until]
    return tuple(Window(*pair) for pair in pairwise(limits))


def control_chart(hours: Sequence[Point]) -> tuple[Point, ...]:
    """Return the share of rejects over time with Laney's limits.

    Args:
        hours: Closed hours of one station or of several, in any order; those at the same time are
            added.
    """
    by_hour: dict[datetime, tuple[int, int]] = {}
    for one in hours:
        parts, rejected = by_hour.get(one.at, (0, 0))
        by_hour[one.at] = parts + one.parts, rejected + one.rejected
    return _limited(_joined(sorted(by_hour.items())))


def _joined(hours: Sequence[tuple[datetime, tuple[int, int]]]) -> list[Point]:
    """Return hours joined so that there are not more points than a screen shows."""
    each = max(1, ceil(len(hours) / MOST_POINTS))
    groups = [hours[n : n + each] for n in range(0, len(hours), each)]
    points = [
        Point(some[0][0], sum(one[0] for _, one in some), sum(one[1] for _, one in some))
        for some in groups
    ]
    return [one for one in points if one.parts]


def _limited(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return points with their limits: the mean and 3 of Laney's sigma around it."""
    parts = sum(one.parts for one in points)
    mean = sum(one.rejected for one in points) / parts if parts else 0.0
    if len(points) < LEAST_FOR_LIMITS or not 0 < mean < 1:
        return tuple(points)
    sigmas = [sqrt(mean * (1 - mean) / one.parts) for one in points]
    values = [(one.share - mean) / sigma for one, sigma in zip(points, sigmas, strict=True)]
    ranges = [abs(after - before) for before, after in pairwise(values)]
    wider = _SIGMAS * max(1.0, sum(ranges) / len(ranges) / _RANGE_TO_SIGMA)
    return tuple(
        Point(one.at, one.parts, one.rejected, max(0.0, mean - wider * s), mean + wider * s)
        for one, s in zip(points, sigmas, strict=True)
    )


def strata_of(seen: Seen) -> tuple[Stratum, ...]:
    """Return how far each stratum's audit has come, lowest scores first."""
    cells = {*seen.passed, *seen.audits.drawn}
    made = []
    for number in sorted({stratum for stratum, _ in cells}):
        own = [cell for cell in cells if cell[0] == number]
        ends = [end for cell in own for end in seen.audits.ends.get(cell, ())]
        drawn = sum(seen.audits.drawn.get(cell, 0) for cell in own)
        by_person = number == OPERATOR_STRATUM
        passed = drawn if by_person else sum(seen.passed.get(cell, 0) for cell in own)
        name = "passed by an operator" if by_person else f"scores, stratum {number + 1}"
        judged = sum(not end.open for end in ends)
        made.append(Stratum(name, passed, drawn, judged, sum(end.bad for end in ends)))
    return tuple(made)
