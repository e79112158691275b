"""Limits that give a chart a chosen time between false alarms, computed and not simulated.

Both are Markov chains over the chart's own value (D. Brook, D. A. Evans 1972). A textbook limit is
not used anywhere: three sigmas on each of twenty charts is a false alarm every 14 hours.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr

EWMA_WEIGHT = 0.2
EWMA_SPREAD = sqrt(EWMA_WEIGHT / (2 - EWMA_WEIGHT))
"""The standard deviation of the moving average, where that of each value is 1."""
RISE = 3.0
"""The rise in audit finds that the CUSUM finds soonest."""
_STATES = 101


@lru_cache(maxsize=256)
def ewma_limit(run_length: float) -> float:
    """Return how many of its standard deviations the moving average may lie from the middle.

    Args:
        run_length: Values from the start to a false alarm, on average.
    """
    low, high = 1.0, 6.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if ewma_run_length(middle) < run_length else (low, middle)
    return high


def ewma_run_length(limit: float) -> float:
    """Return how many independent normal values it takes to a false alarm, on average."""
    edge = limit * EWMA_SPREAD
    middles = np.linspace(-edge, edge, 2 * _STATES + 1)[1::2]
    reach = edge / _STATES
    moved = middles[None, :] - (1 - EWMA_WEIGHT) * middles[:, None]
    stays = ndtr((moved + reach) / EWMA_WEIGHT) - ndtr((moved - reach) / EWMA_WEIGHT)
    return float(_steps_to_the_end(stays)[_STATES // 2])


def cusum_step(expected: float) -> float:
    """Return what the CUSUM loses with each value: between as expected and `RISE` times it."""
    return expected * (RISE - 1) / log(RISE)


def cusum_limit(expected: float, run_length: float) -> float:
    """Return above which value a CUSUM of Poisson counts is an alarm.

    Args:
        expected: The mean of each count.
        run_length: Counts from the start to a false alarm, on average.
    """
    return _cusum_limit(round(log(expected), 1), run_length)


@lru_cache(maxsize=1024)
def _cusum_limit(log_expected: float, run_length: float) -> float:
    expected = exp(log_expected)
    per_one, low, high = _fineness(expected), 0, _fineness(expected)
    while cusum_run_length(expected, high / per_one) < run_length:
        low, high = high, 2 * high
    while high - low > max(1, per_one // 50):
        middle = (low + high) // 2
        enough = cusum_run_length(expected, middle / per_one) >= run_length
        low, high = (low, middle) if enough else (middle, high)
    return high / per_one


def cusum_run_length(expected: float, limit: float) -> float:
    """Return how many counts it takes to a false alarm, on average."""
    per_one = _fineness(expected)
    lost, states = round(cusum_step(expected) * per_one), round(limit * per_one) + 1
    stays = np.zeros((states, states))
    for count, probability in enumerate(_poisson(expected, (states + lost) // per_one + 1)):
        then = np.maximum(0, np.arange(states) + count * per_one - lost)
        within = np.flatnonzero(then < states)
        stays[within, then[within]] += probability
    return float(_steps_to_the_end(stays)[0])


def _fineness(expected: float) -> int:
    """Return into how many steps 1 is cut, so that what is lost each time is some whole steps."""
    return max(1, ceil((8 if expected > 0.03 else 3) / cusum_step(expected)))


def _poisson(mean: float, most: int) -> NDArray[np.float64]:
    counts = np.arange(most + 1)
    found: NDArray[np.float64] = np.exp(counts * log(mean) - mean - gammaln(counts + 1))
    return found


def _steps_to_the_end(stays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean number of steps from each state until the chain leaves them all."""
    solved = np.linalg.solve(np.eye(len(stays)) - stays, np.ones(len(stays)))
    return np.asarray(solved, dtype=np.float64)
