"""Which days a day is held against, and how far days may lie apart that differ by themselves."""

from __future__ import annotations

from scipy.special import stdtrit

LEARNING_DAYS = 5
"""Before them no watch says anything."""
NEW_DAYS = 7
"""The newest days are not held against the next ones: a drift must not become what is usual."""
REFERENCE_DAYS = 28


def settled(count: int) -> slice:
    """Return which of the days before the next is held against: not the newest, if there are more.

    Days with an alarm are among them: without them what is usual would look calmer than it is.
    """
    until = max(NEW_DAYS, count - NEW_DAYS)
    return slice(max(0, until - REFERENCE_DAYS), until)


def by_day_limit(days: int, run_length_days: float) -> float:
    """Return how many standard deviations, as `days` days show them, the next may lie apart.

    Of what varies from day to day there are no more independent values than days: Student's t.
    """
    return -float(stdtrit(max(1, days - 1), 0.5 / run_length_days))
