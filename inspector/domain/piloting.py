"""A pilot: the same parts judged as before and with assistance, compared pair by pair.

Only the parts on which the two differ say which is better (Q. McNemar 1947). The e-value may be
looked at after every part: that it ever reaches 1 / alpha without an improvement has a
probability of at most alpha.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln

from inspector.domain.intervals import ALPHA, Interval, clopper_pearson

DECIDES = 1 / ALPHA
_LARGEST_LOG = 700.0


@dataclass(frozen=True, slots=True)
class Pair:
    """One part, and whether each way judged it right.

    Attributes:
        block: Its shift: parts of one are alike, so they are drawn together.
    """

    at: float
    block: str
    bad: bool
    baseline_right: bool
    assisted_right: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """One kind of error, before and with assistance.

    Attributes:
        mended: Parts that the baseline alone judged wrong.
        spoilt: Parts that assistance alone judged wrong.
        baseline: Its share of errors with its exact interval.
        assisted: The same with assistance.
        difference: Errors with assistance less those before, as a share of the parts.
        difference_interval: 95 %, of a bootstrap over blocks; None with fewer than two.
        p_value: McNemar's exact one, two-sided; for a single look at the end.
        e_value: Against "not better", at the end.
        path: The e-value after each part.
        decided: The number of the part after which it showed an improvement, None if it never did.
    """

    parts: int
    mended: int
    spoilt: int
    baseline: tuple[float, Interval]
    assisted: tuple[float, Interval]
    difference: float
    difference_interval: Interval | None
    p_value: float
    e_value: float
    path: tuple[float, ...]
    decided: int | None

    @property
    def worse(self) -> bool:
        """Return whether the same evidence shows that assistance spoils more than it mends."""
        return e_value(self.spoilt, self.mended) >= DECIDES


def compared(pairs: Sequence[Pair], *, seed: int = 0, draws: int = 2000) -> Compared:
    """Return how errors of these parts changed; in the order of their times."""
    ordered = sorted(pairs, key=lambda pair: pair.at)
    mended = np.array([one.assisted_right and not one.baseline_right for one in ordered])
    spoilt = np.array([one.baseline_right and not one.assisted_right for one in ordered])
    wins, losses = mended.cumsum().tolist(), spoilt.cumsum().tolist()
    path = tuple(e_value(win, loss) for win, loss in zip(wins, losses, strict=True))
    wrong = [sum(not right for right in of) for of in zip(*map(_rights, ordered), strict=True)]
    change = spoilt.astype(int) - mended.astype(int)
    total = len(ordered)
    reached = (number for number, one in enumerate(path, start=1) if one >= DECIDES)
    return Compared(
        parts=total,
        mended=wins[-1],
        spoilt=losses[-1],
        baseline=(wrong[0] / total, clopper_pearson(wrong[0], total)),
        assisted=(wrong[1] / total, clopper_pearson(wrong[1], total)),
        difference=float(change.mean()),
        difference_interval=_bootstrap([one.block for one in ordered], change, seed, draws),
        p_value=mcnemar(wins[-1], losses[-1]),
        e_value=path[-1],
        path=path,
        decided=next(reached, None),
    )


def _rights(pair: Pair) -> tuple[bool, bool]:
    return pair.baseline_right, pair.assisted_right


def mcnemar(mended: int, spoilt: int) -> float:
    """Return the exact two-sided p-value that both ways err alike."""
    total, less = mended + spoilt, min(mended, spoilt)
    if not total or 2 * less == total:
        return 1.0
    return min(1.0, 2 * float(betainc(total - less, less + 1, 0.5)))


def e_value(mended: int, spoilt: int) -> float:
    """Return the evidence that assistance mends more than it spoils.

    The mixture of the likelihood ratios of all probabilities above 1/2, uniformly, against 1/2.
    """
    total = mended + spoilt
    above = 1 - float(betainc(mended + 1, spoilt + 1, 0.5))
    if above <= 0:
        return 0.0
    size = (total + 1) * log(2) + float(betaln(mended + 1, spoilt + 1)) + log(above)
    return exp(min(size, _LARGEST_LOG))


def _bootstrap(
    blocks: Sequence[str], change: NDArray[np.int64], seed: int, draws: int
) -> Interval | None:
    names, block = np.unique(np.array(blocks), return_inverse=True)
    if len(names) < 2:
        return None
    sums, sizes = np.bincount(block, weights=change), np.bincount(block)
    picked = np.random.default_rng(seed).integers(len(names), size=(draws, len(names)))
    means = sums[picked].sum(axis=1) / sizes[picked].sum(axis=1)
    low, high = np.quantile(means, (ALPHA / 2, 1 - ALPHA / 2))
    return float(low), float(high)
