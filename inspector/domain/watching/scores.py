"""Watching scores: does their distribution look as it did?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import hypot, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogi

from inspector.domain.watching.reference import LEARNING_DAYS, by_day_limit, settled

LEAST_SCORES = 500
MOST_SCORES = 5000
"""Evenly thinned above: a difference that only more scores show matters to nobody."""
_MEAN_SQUARE = pi**2 / 12  # of Kolmogorov's distribution

Scores = NDArray[np.float64]


def score_alarms(days: Iterable[tuple[int, Scores]], run_length_days: float) -> list[int]:
    """Return the days on which one station's scores began to differ from those of the days before.

    Days with few scores are joined. How far apart the days usually lie is measured, as Laney does
    it for rejects: where they differ by more than chance, only more than that is an alarm.

    Args:
        days: Each day with its scores, in order.
        run_length_days: From the start to a false alarm, on average.
    """
    begun: list[int] = []
    beyond = False
    for day, now in _beyond_by_day(days, run_length_days):
        if now and not beyond:
            begun.append(day)
        beyond = now
    return begun


def scores_beyond(days: Iterable[tuple[int, Scores]], run_length_days: float) -> bool:
    """Return whether the scores of the last days differ from those before; as `score_alarms`."""
    return any(beyond for _, beyond in [*_beyond_by_day(days, run_length_days)][-1:])


def _beyond_by_day(
    days: Iterable[tuple[int, Scores]], run_length_days: float
) -> Iterator[tuple[int, bool]]:
    """Yield each day that is held against others, and whether it lies beyond its limit."""
    known: list[Scores] = []
    squares: list[float] = []
    for day, scores in _joined(days):
        if known:
            against = settled(len(known))
            distance = ks_distance(scores, np.concatenate(known[against]))
            learned = len(known) >= LEARNING_DAYS
            yield day, learned and distance > _limit(squares[against], run_length_days)
            squares.append(distance**2)
        known.append(scores)


def _limit(squares: list[float], run_length_days: float) -> float:
    """Return how far a day may lie from the others: by chance, and as days differ by themselves."""
    wander = max(0.0, float(np.mean(squares)) - _MEAN_SQUARE)
    slow = by_day_limit(len(squares), run_length_days) * sqrt(wander)
    return hypot(float(kolmogi(1 / run_length_days)), slow)


def _joined(days: Iterable[tuple[int, Scores]]) -> Iterable[tuple[int, Scores]]:
    held: list[Scores] = []
    for day, scores in days:
        held.append(scores)
        count = sum(map(len, held))
        if count >= LEAST_SCORES:
            yield day, np.sort(np.concatenate(held)[:: -(-count // MOST_SCORES)])
            held = []


def ks_distance(one: Scores, other: Scores) -> float:
    """Return the largest distance of two distribution functions, in units of its spread.

    Kolmogorov's distribution has it, when both are of one stream.
    """
    one, other = np.sort(one), np.sort(other)
    at = np.concatenate([one, other])
    below = [np.searchsorted(each, at, side="right") / len(each) for each in (one, other)]
    effective = len(one) * len(other) / (len(one) + len(other))
    return float(np.abs(below[0] - below[1]).max()) * sqrt(effective)
