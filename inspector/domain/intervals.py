"""Intervals of shares and of weighted counts, exact or conservative.

All have a coverage of 95 % or more where nothing else is asked. Why these and not others:
docs/kpi.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log, log1p

from scipy.special import betaincinv, betaln, gammaincinv

Interval = tuple[float, float]
ALPHA = 0.05
_HALVINGS = 200


def clopper_pearson(count: int, total: int, *, alpha: float = ALPHA) -> Interval:
    """Return the exact two-sided interval of a share (C. Clopper, E. S. Pearson 1934).

    Each end misses the truth with a probability of at most alpha / 2. 0 to 1 for an empty total.
    """
    return (
        clopper_pearson_lower(count, total, alpha=alpha / 2),
        clopper_pearson_upper(count, total, alpha=alpha / 2),
    )


def clopper_pearson_lower(count: int, total: int, *, alpha: float = ALPHA) -> float:
    """Return the one-sided lower bound of a share."""
    return float(betaincinv(count, total - count + 1, alpha)) if count else 0.0


def clopper_pearson_upper(count: int, total: int, *, alpha: float = ALPHA) -> float:
    """Return the one-sided upper bound of a share; 1 - alpha ** (1 / total) for a count of 0."""
    return float(betaincinv(count + 1, total - count, 1 - alpha)) if count < total else 1.0


@dataclass(frozen=True, slots=True)
class WeightedCount:
    """A sum of independent Poisson counts, each with its weight.

    Attributes:
        value: Sum of the weights of what was counted.
        square: Sum of their squares.
        largest: The largest weight that one more count could have had.
    """

    value: float
    square: float
    largest: float


def fay_feuer(count: WeightedCount, *, alpha: float = ALPHA) -> Interval:
    """Return the two-sided gamma interval of a weighted count (M. P. Fay, E. J. Feuer 1997).

    Each end misses with a probability of at most alpha / 2.
    """
    return fay_feuer_lower(count, alpha=alpha / 2), fay_feuer_upper(count, alpha=alpha / 2)


def fay_feuer_lower(count: WeightedCount, *, alpha: float = ALPHA) -> float:
    """Return the one-sided lower bound; 0 of nothing counted."""
    return _gamma_quantile(count.value, count.square, alpha) if count.value > 0 else 0.0


def fay_feuer_upper(count: WeightedCount, *, alpha: float = ALPHA) -> float:
    """Return the one-sided upper bound: as if one more had been counted, at the largest weight.

    With nothing counted this is -ln(alpha) * largest: the rule of three. 0 without any weight.
    """
    value = count.value + count.largest
    square = count.square + count.largest**2
    return _gamma_quantile(value, square, 1 - alpha) if value > 0 else 0.0


def _gamma_quantile(mean: float, variance: float, level: float) -> float:
    """Return a quantile of the gamma distribution with this mean and variance."""
    return float(gammaincinv(mean * mean / variance, level)) * variance / mean


def always_valid(count: int, total: int, *, expected: float, alpha: float = ALPHA) -> Interval:
    """Return an interval that may be looked at after every part (H. Robbins 1970).

    With a probability of 1 - alpha it holds the truth at *all* times at once, so a decision may
    wait for it. The mixture over the share is a beta distribution of (1/2, 1 / (2 * expected)).

    Args:
        count: Found so far.
        total: Looked at so far.
        expected: The share near which it is to be narrow: the target. It holds for any.
        alpha: What it may miss.
    """
    if not total:
        return 0.0, 1.0
    a, b = 0.5, 0.5 / expected
    mixed = float(betaln(a + count, b + total - count) - betaln(a, b))

    def allowed(share: float) -> bool:
        return mixed - _log_likelihood(count, total, share) <= log(1 / alpha)

    seen = count / total
    return _edge(allowed, seen, 0.0), _edge(allowed, seen, 1.0)


def _log_likelihood(count: int, total: int, share: float) -> float:
    found = count * log(share) if share > 0 else (-inf if count else 0.0)
    missing = total - count
    return found + (missing * log1p(-share) if share < 1 else (-inf if missing else 0.0))


def _edge(allowed: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return where `allowed` ends between a share that is and one that may not be."""
    if allowed(outside):
        return outside
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        if allowed(middle):
            inside = middle
        else:
            outside = middle
    return outside


def audits_needed(share: float, *, found: int = 0, alpha: float = ALPHA) -> int:
    """Return how many audits show a rate of at most `share` when `found` of them are bad.

    For a simple random sample; strata need `strata_factor` times as many.
    """
    low, high = found, found + 1
    while clopper_pearson_upper(found, high, alpha=alpha) > share:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        enough = clopper_pearson_upper(found, middle, alpha=alpha) <= share
        low, high = (low, middle) if enough else (middle, high)
    return high
