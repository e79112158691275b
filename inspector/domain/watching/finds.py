"""Watching audit finds: a Poisson CUSUM of confirmed ones against what the days before had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.domain.watching.limits import cusum_limit, cusum_step
from inspector.domain.watching.reference import LEARNING_DAYS


@dataclass(frozen=True, slots=True)
class AuditDay:
    """One station's audits of one day, by stratum."""

    day: int
    audited: NDArray[np.int64]
    found: NDArray[np.int64]


def find_alarms(days: Sequence[AuditDay], run_length_days: float) -> list[int]:
    """Return the days on which the finds began to be more than the days before explain.

    What to expect is taken by stratum, so that other audit rates are no drift. Half a find is added
    to each stratum: of few finds the true rate may well be higher.

    Args:
        days: In order.
        run_length_days: From the start to a false alarm, on average.
    """
    begun: list[int] = []
    before = False
    for day, beyond in _beyond_by_day(days, run_length_days):
        if beyond and not before:
            begun.append(day)
        before = beyond
    return begun


def finds_beyond(days: Sequence[AuditDay], run_length_days: float) -> bool:
    """Return whether the finds are more than the days before explain; as `find_alarms`."""
    return any(beyond for _, beyond in [*_beyond_by_day(days, run_length_days)][-1:])


def _beyond_by_day(days: Sequence[AuditDay], run_length_days: float) -> Iterator[tuple[int, bool]]:
    if not days:
        return
    audited, found = np.zeros_like(days[0].audited), np.zeros_like(days[0].found)
    total, beyond = 0.0, False
    for number, one in enumerate(days):
        expected = _expected(one, audited, found)
        if number >= LEARNING_DAYS and expected > 0:
            limit = cusum_limit(expected, run_length_days)
            total = max(0.0, total + float(one.found.sum()) - cusum_step(expected))
            beyond = total > limit
            total = min(total, 2 * limit)  # so that it comes back once the finds do
        if not beyond:
            audited, found = audited + one.audited, found + one.found
        yield one.day, beyond


def _expected(day: AuditDay, audited: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    known = audited > 0
    if not known.any():
        return 0.0
    rates = np.full(len(audited), found.sum() / audited.sum())
    rates[known] = (found[known] + 0.5) / audited[known]
    return float((day.audited * rates).sum())
