"""What a limit costs: escapes, false rejects and looks at what is rejected, with a band.

Flagged parts count by their verdicts, passed parts by random audits and inverse probability.
Verdicts on rejects alone can never say that a limit is too high: the defects below it were not
looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.domain.escapes import (
    EscapeEstimate,
    Seeds,
    escape_estimate,
    grouped,
    tallied,
    weights_of,
)
from inspector.domain.prices import Costs

POINTS = 240
"""Limits on a curve, evenly spread over the logarithm of how many parts they reject."""
DRAWS = 500
BAND = (0.05, 0.95)

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """The parts of one station, one entry of each array for each part.

    Attributes:
        passed: What the model decided: its score was below the limit.
        stratum: Of the audit; of passed parts alone.
        pi: With which probability it was audited; of passed parts alone.
        looked: Judged by a person: audited where it passed, reviewed where it was rejected.
        bad: Of those, bad at the end.
        open: Of those, not settled: bad in the upper bounds alone.
        confirmed: Of the bad ones, on more than one person's word.
        hours: In which the station worked.
        seeds: With them the bounds are corrected for auditors who miss.
    """

    score: Numbers
    passed: Flags
    stratum: NDArray[np.int64]
    pi: Numbers
    looked: Flags
    bad: Flags
    open: Flags
    confirmed: Flags
    hours: float
    seeds: Seeds | None = None

    @property
    def limit(self) -> float:
        """Return the limit in force: the lowest score that was rejected."""
        return float(self.score[~self.passed].min())

    def rejected(self, limits: Numbers) -> NDArray[np.int64]:
        """Return how many parts each limit rejects: those that score as high or higher."""
        below = np.searchsorted(np.sort(self.score), limits, side="left")
        return np.asarray(len(self.score) - below, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Curve:
    """Expected cost by limit, in ascending limits.

    Attributes:
        rejected: How many of the parts each limit rejects.
        cost: Of a thousand parts.
        low: Lower end of its 90 % band.
        high: Upper end.
    """

    limit: Numbers
    rejected: NDArray[np.int64]
    cost: Numbers
    low: Numbers
    high: Numbers


def cost_curve(judged: Judged, costs: Costs, *, seed: int = 0) -> Curve:
    """Return what limits cost, the one in force among them.

    The band comes from a bootstrap within the strata of the audit and the rejects.
    """
    limits = _limits(judged)
    rejected = judged.rejected(limits)
    strata = _strata(judged, limits)
    random = np.random.default_rng(seed)

    def cost(bad: Numbers) -> Numbers:
        above = np.cumsum(bad[..., :0:-1], axis=-1)[..., ::-1]
        escapes = bad.sum(axis=-1, keepdims=True) - above
        false = np.maximum(0, rejected - above)
        total = costs.escape * escapes + costs.false_reject * false + costs.review * rejected
        return np.asarray(1000 * total / len(judged.score))

    none = np.zeros(len(limits) + 1)
    drawn = cost(sum((one.drawn(random) for one in strata), none))
    low, high = np.quantile(drawn, BAND, axis=0)
    return Curve(limits, rejected, cost(sum((one.bad() for one in strata), none)), low, high)


def _limits(judged: Judged) -> Numbers:
    ascending = np.sort(judged.score)
    ranks = np.geomspace(1, len(ascending), POINTS).round().astype(np.int64)
    return np.unique([*ascending[-ranks], judged.limit])


@dataclass(frozen=True, slots=True)
class _Stratum:
    """Bad parts by cell and by the limits that their scores lie between.

    Attributes:
        weight: For how many parts one of each cell stands.
        counts: One row for each cell; column k has those that k limits reject.
    """

    looked: int
    weight: Numbers
    counts: NDArray[np.int64]

    def bad(self) -> Numbers:
        return np.asarray(self.weight @ self.counts)

    def drawn(self, random: np.random.Generator) -> Numbers:
        """Return draws of `looked` parts with replacement: what each finds."""
        flat = self.counts.ravel() / self.looked
        shares = np.append(flat, max(0.0, 1 - flat.sum()))
        drawn = random.multinomial(self.looked, shares, size=DRAWS)[:, :-1]
        found = drawn.reshape(DRAWS, *self.counts.shape)
        return np.asarray(np.einsum("c,dck->dk", self.weight, found))


def _strata(judged: Judged, limits: Numbers) -> list[_Stratum]:
    place = np.searchsorted(limits, judged.score, side="right")
    width = len(limits) + 1
    passed = np.flatnonzero(judged.passed)
    drawn, bad = judged.looked[passed], judged.bad[passed]
    cells, cell = tallied(
        *(judged.stratum[passed], judged.pi[passed]),
        audited=drawn,
        found=bad,
        opened=judged.open[passed],
    )
    counts = np.zeros((len(cells.pi), width), dtype=np.int64)
    np.add.at(counts, (cell[bad], place[passed][bad]), 1)
    strata = [
        _Stratum(int(of.audited.sum()), weights_of(of), counts[group])
        for group in grouped(cells)
        if (of := cells.of(group)).audited.any()
    ]
    reviewed = ~judged.passed & judged.looked
    flagged = np.bincount(place[reviewed & judged.bad], minlength=width)
    weight = (~judged.passed).sum() / max(1, reviewed.sum())
    return [*strata, _Stratum(max(1, int(reviewed.sum())), np.array([weight]), flagged[None, :])]


def escapes_at(judged: Judged, limit: float) -> EscapeEstimate:
    """Return the escape rate that a limit would have had with these parts.

    Rejected parts that it would have passed are a stratum of their own, drawn with the share of
    rejects that was judged.
    """
    passes = judged.score < limit
    if not passes.any():
        return EscapeEstimate(0.0, (0.0, 0.0), 0.0, None, 0, 0, 0, 0, 0.0)
    share = judged.looked[~judged.passed].mean()
    beyond = judged.stratum.max() + 1
    cells, _ = tallied(
        np.where(judged.passed, judged.stratum, beyond)[passes],
        np.where(judged.passed, judged.pi, share)[passes],
        audited=judged.looked[passes],
        found=judged.bad[passes],
        opened=judged.open[passes],
    )
    return escape_estimate(cells, judged.seeds)
