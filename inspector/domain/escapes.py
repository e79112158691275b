"""The escape rate: how many of the passed parts are bad, from random audits, with its bounds.

Post-stratified Horvitz-Thompson over cells of stratum and audit probability, with the gamma
interval of Fay and Feuer: docs/kpi.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from inspector.domain.intervals import (
    ALPHA,
    Interval,
    WeightedCount,
    clopper_pearson_lower,
    fay_feuer,
    fay_feuer_upper,
)

LEAST_EXPECTED = 20
"""Audits expected in a cell that stands alone beside others of its stratum. A cell with fewer has
a weight that is mostly chance, and the largest weight of all sets the bound."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Seeds:
    """Seeded defects that went through the whole chain, and how many it found."""

    found: int
    judged: int


@dataclass(frozen=True, slots=True)
class Cells:
    """Passed parts by stratum and audit probability, one entry for each pair.

    Attributes:
        pi: With which probability each part of the cell was drawn.
        audited: Drawn and judged.
        found: Of those, bad at the end.
        open: Of those, not settled yet.
    """

    stratum: Counts
    pi: NDArray[np.float64]
    passed: Counts
    audited: Counts
    found: Counts
    open: Counts

    def of(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Cells:
        """Return some of the cells, in the order asked for."""
        return Cells(
            *(self.stratum[chosen], self.pi[chosen], self.passed[chosen]),
            *(self.audited[chosen], self.found[chosen], self.open[chosen]),
        )

    @property
    def expected(self) -> NDArray[np.float64]:
        """Return how many audits were to be expected in each."""
        return self.passed * self.pi


def tallied(
    stratum: Counts,
    pi: NDArray[np.float64],
    *,
    audited: NDArray[np.bool_],
    found: NDArray[np.bool_],
    opened: NDArray[np.bool_],
) -> tuple[Cells, NDArray[np.intp]]:
    """Return the cells of some passed parts, one entry of each array for each part.

    Returns:
        The cells, and for each part the number of its own.
    """
    strata, of_stratum = np.unique(stratum, return_inverse=True)
    pis, of_pi = np.unique(pi, return_inverse=True)
    pairs, cell = np.unique(of_stratum * len(pis) + of_pi, return_inverse=True)

    def count(which: NDArray[np.intp]) -> Counts:
        counted: Counts = np.bincount(which, minlength=len(pairs))
        return counted

    apart = max(1, len(pis))
    made = Cells(
        *(strata[pairs // apart], pis[pairs % apart]),
        *(count(cell), count(cell[audited]), count(cell[found]), count(cell[opened])),
    )
    return made, cell


@dataclass(frozen=True, slots=True)
class EscapeEstimate:
    """The escape rate of a set of passed parts.

    Attributes:
        estimate: None without an audit: nothing is known.
        interval: Two-sided, 95 %.
        upper95: One-sided.
        upper95_corrected: One-sided, for auditors who miss; None without seeds.
        without_finds: What `upper95` would be had nothing been found: what the audits can show.
    """

    estimate: float | None
    interval: Interval
    upper95: float
    upper95_corrected: float | None
    passed: int
    audited: int
    found: int
    open: int
    without_finds: float


def escape_estimate(cells: Cells, seeds: Seeds | None = None) -> EscapeEstimate:
    """Return the escape rate of the cells' parts.

    Open audits count as bad in the upper bounds alone. Cells that were audited in full are counted
    without uncertainty.
    """
    counted = {"passed": int(cells.passed.sum()), "audited": int(cells.audited.sum())}
    counted |= {"found": int(cells.found.sum()), "open": int(cells.open.sum())}
    if not counted["audited"]:
        corrected = None if not seeds else 1.0
        return EscapeEstimate(None, (0.0, 1.0), 1.0, corrected, **counted, without_finds=1.0)
    sure, finds = _weighted(cells, cells.found)
    sure_at_most, at_most = _weighted(cells, cells.found + cells.open)
    low, high = _ends(cells, ALPHA)
    return EscapeEstimate(
        estimate=min(1.0, finds.value + sure),
        interval=(min(1.0, low), min(1.0, high)),
        upper95=min(1.0, fay_feuer_upper(at_most) + sure_at_most),
        upper95_corrected=_corrected(high, seeds, ALPHA),
        **counted,
        without_finds=min(1.0, fay_feuer_upper(WeightedCount(0.0, 0.0, finds.largest))),
    )


def daily_interval(cells: Cells, seeds: Seeds | None, *, day: int) -> Interval:
    """Return an interval that may be looked at on each day of a window whose begin stays.

    Day d may miss with 6 / (pi * d)^2 of `ALPHA`: over all days, however many, that comes to
    `ALPHA`. The upper end allows for auditors who miss.

    Args:
        cells: All that came since the window began.
        seeds: None: nobody knows what auditors miss.
        day: Which day of the window this is, from 1.
    """
    if not cells.audited.any():
        return 0.0, 1.0
    alpha = 6 * ALPHA / (pi * day) ** 2
    low, high = _ends(cells, alpha)
    return min(1.0, low), min(1.0, max(high, _corrected(high, seeds, alpha) or 0.0))


def _ends(cells: Cells, alpha: float) -> Interval:
    """Return both ends; open audits count as bad in the upper one."""
    sure, finds = _weighted(cells, cells.found)
    sure_at_most, at_most = _weighted(cells, cells.found + cells.open)
    return fay_feuer(finds, alpha=alpha)[0] + sure, fay_feuer(at_most, alpha=alpha)[
        1
    ] + sure_at_most


def _corrected(high: float, seeds: Seeds | None, alpha: float) -> float | None:
    """Return the bound for auditors who miss: each of the two bounds may miss alpha / 2."""
    if not seeds or not seeds.judged:
        return None
    sensitivity = clopper_pearson_lower(seeds.found, seeds.judged, alpha=alpha / 2)
    return min(1.0, high / sensitivity) if sensitivity else 1.0


def _weighted(cells: Cells, found: Counts) -> tuple[float, WeightedCount]:
    """Return what was found where all was audited, and the rest as a weighted count.

    Both are shares of all passed parts.
    """
    total = float(cells.passed.sum())
    sure, value, square, largest = 0.0, 0.0, 0.0, 0.0
    for group in grouped(cells):
        part, bad = cells.of(group), found[group]
        if (part.audited == part.passed).all():
            sure += float(bad.sum()) / total
            continue
        weights = weights_of(part) / total
        value += float((weights * bad).sum())
        square += float((weights**2 * bad).sum())
        largest = max(largest, float(weights.max()))
    return sure, WeightedCount(value, square, largest)


def weights_of(group: Cells) -> NDArray[np.float64]:
    """Return for how many passed parts one audited part of each cell stands; 0 where none was.

    For one of the groups of `grouped`. Inverse probabilities, scaled so that the audited ones stand
    for all parts of the group. In a group of one cell that is passed / audited.
    """
    inverse = np.divide(1.0, group.pi, out=np.zeros(len(group.pi)), where=group.audited > 0)
    scale = float(group.passed.sum()) / float((inverse * group.audited).sum())
    return inverse * scale


def audit_weights(cells: Cells) -> NDArray[np.float64]:
    """Return for how many passed parts each audited part of a cell stands, as `escape_estimate`.

    Over the audited parts they sum to the passed ones; 0 everywhere where nothing was audited.
    """
    weights = np.zeros(len(cells.pi))
    if cells.audited.any():
        for group in grouped(cells):
            weights[group] = weights_of(cells.of(group))
    return weights


def grouped(cells: Cells) -> list[NDArray[np.intp]]:
    """Return the cells' numbers in groups that are weighted as one, each with an audit.

    Cells of a stratum with few audits go together with their neighbours in probability, and what
    still has none joins the neighbour below, the lowest the one above.
    """
    order = np.lexsort((cells.pi, cells.stratum))
    order = order[cells.passed[order] > 0]
    full = (cells.pi[order] == 1) & (cells.audited[order] == cells.passed[order])
    rest = order[~full]
    groups: list[NDArray[np.intp]] = []
    for stratum in np.unique(cells.stratum[rest]):
        groups += _neighbours(cells, rest[cells.stratum[rest] == stratum])
    if groups and not cells.audited[rest].any():
        return [order]  # what was audited in full has to stand for the others
    return [*_with_audits(cells, groups), *([order[full]] if full.any() else [])]


def _neighbours(cells: Cells, members: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return a stratum's cells, ascending in probability, in groups of enough expected audits."""
    ends, expected = [0], 0.0
    for number, one in enumerate(cells.expected[members].tolist(), start=1):
        expected += one
        if expected >= LEAST_EXPECTED:
            ends.append(number)
            expected = 0.0
    return np.split(members, ends[1:-1])  # what is left over goes to the last group


def _with_audits(cells: Cells, groups: list[NDArray[np.intp]]) -> list[NDArray[np.intp]]:
    """Return the groups, those without an audit joined to the one below."""
    kept: list[NDArray[np.intp]] = []
    waiting: list[NDArray[np.intp]] = []
    for group in groups:
        if cells.audited[group].any():
            kept.append(np.concatenate([*waiting, group]))
            waiting = []
        elif kept:
            kept[-1] = np.concatenate([kept[-1], group])
        else:
            waiting.append(group)
    return kept
