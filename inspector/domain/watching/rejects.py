"""Watching rejects: a moving average of their share, scaled by how much it varies by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from inspector.domain.watching.limits import EWMA_SPREAD, EWMA_WEIGHT, ewma_limit
from inspector.domain.watching.reference import LEARNING_DAYS, by_day_limit, settled

REJECTS_EACH = 5.0
"""Rejects expected in a group: hours are joined until it has them, so that a count of few is not
taken for a normal value."""
LAST_GROUPS = round(1 / EWMA_WEIGHT)
"""What the moving average remembers, more or less."""
_RANGE_TO_SIGMA = 1.128  # mean moving range of two normal values


@dataclass(frozen=True, slots=True)
class Groups:
    """Parts of one station in the order of time, an hour or some hours each.

    Attributes:
        day: Ascending.
        rejected: Of `parts`.
    """

    day: NDArray[np.int64]
    parts: NDArray[np.int64]
    rejected: NDArray[np.int64]

    def until(self, end: int) -> Groups:
        """Return those before a place."""
        return Groups(self.day[:end], self.parts[:end], self.rejected[:end])

    def since(self, begin: int) -> Groups:
        """Return those from a place on."""
        return Groups(self.day[begin:], self.parts[begin:], self.rejected[begin:])


def joined(hours: Groups, open_day: int | None = None) -> Groups:
    """Return a station's hours, joined within their day until they have enough rejects.

    How many parts that takes is learned in the first days and then stays.

    Args:
        hours: Those in which parts came.
        open_day: The day that is not over yet, if any: its last hours wait until they have enough,
            so that no group is looked at again and again while it grows.
    """
    learned = np.isin(hours.day, np.unique(hours.day)[:LEARNING_DAYS])
    rejects = max(1, hours.rejected[learned].sum())
    enough = REJECTS_EACH * hours.parts[learned].sum() / rejects
    if open_day is not None:
        hours = hours.until(_whole(hours, enough, open_day))
    starts = _starts(hours.day, hours.parts, enough)
    return Groups(
        hours.day[starts],
        np.add.reduceat(hours.parts, starts),
        np.add.reduceat(hours.rejected, starts),
    )


def _whole(hours: Groups, enough: float, open_day: int) -> int:
    """Return up to where the hours make whole groups."""
    end, held = int(np.searchsorted(hours.day, open_day)), 0
    for number in range(end, len(hours.day)):
        held += int(hours.parts[number])
        if held >= enough:
            end, held = number + 1, 0
    return end


def _starts(day: NDArray[np.int64], parts: NDArray[np.int64], enough: float) -> NDArray[np.intp]:
    """Return where groups begin; what is left of a day goes to its last group."""
    starts: list[int] = []
    held, of = 0, None
    for number, (one, count) in enumerate(zip(day.tolist(), parts.tolist(), strict=True)):
        rest = parts[number:][day[number:] == one].sum() if held >= enough else 0
        if one != of or (held >= enough and rest >= enough):
            starts.append(number)
            held = 0
        held, of = held + count, one
    return np.array(starts, dtype=np.intp)


def reject_alarms(groups: Groups, run_length_days: float) -> list[int]:
    """Return the days on which the share of rejects began to lie beyond its limit.

    Both ways: rejects that stop coming are as bad a sign.

    Args:
        groups: Of one station.
        run_length_days: From the start to a false alarm, on average.
    """
    begun: list[int] = []
    beyond = False
    for day, out in _beyond_by_day(groups, run_length_days):
        if (out & ~np.append(beyond, out[:-1])).any():
            begun.append(day)
        beyond = bool(out[-1])
    return begun


def rejects_beyond(groups: Groups, run_length_days: float) -> bool:
    """Return whether the share of rejects lies beyond its limit, or did among the last groups.

    As many as the moving average remembers: one that swings about its limit is one alarm.
    """
    out = [bool(one) for _, day in _beyond_by_day(groups, run_length_days) for one in day]
    return any(out[-LAST_GROUPS:])


def _beyond_by_day(
    groups: Groups, run_length_days: float
) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield each day that is watched, and which of its groups lie beyond the limit."""
    days = np.unique(groups.day)
    limit = ewma_limit(run_length_days * len(groups.day) / len(days)) if len(days) else 0.0
    average = 0.0
    for number, day in enumerate(days[LEARNING_DAYS:], start=LEARNING_DAYS):
        reference = _Reference.of(groups, np.isin(groups.day, days[:number][settled(number)]))
        edge = reference.edge(limit, run_length_days)
        path = moving_average(reference.deviations(groups, groups.day == day), average)
        yield int(day), np.abs(path) > edge
        average = float(path[-1])


@dataclass(frozen=True, slots=True)
class _Reference:
    """What the days before say about the next.

    Attributes:
        share: Of rejects.
        middle: Mean of the values.
        sigma: Laney's, from the values' moving ranges: 1, or more where the true share wanders.
        wander: Variance of what sigma does not know: from day to day, or over a day.
        groups: How many.
        days: In how many days.
    """

    share: float
    middle: float
    sigma: float
    wander: float
    groups: int
    days: int

    @classmethod
    def of(cls, groups: Groups, chosen: NDArray[np.bool_]) -> _Reference:
        rejected, parts = groups.rejected[chosen], groups.parts[chosen]
        share = float(rejected.sum() / parts.sum())
        values = _values(rejected, parts, share)
        middle = float(values.mean())
        sigma = max(1.0, float(np.abs(np.diff(values)).mean()) / _RANGE_TO_SIGMA)
        starts = np.unique(groups.day[chosen], return_index=True)[1]
        sizes = np.diff(np.append(starts, len(values)))
        of_days = float((np.add.reduceat(values, starts) / sizes).var(ddof=1))
        of_average = float(np.mean(np.square(moving_average(values - middle))))
        evident = (
            _beyond_chance(of_days, sigma**2 * float(np.mean(1 / sizes)), len(starts) - 1),
            _beyond_chance(of_average, (sigma * EWMA_SPREAD) ** 2, len(values) * EWMA_WEIGHT / 2),
        )
        wander = max(0.0, *evident)
        return cls(share, middle, sigma, wander, len(values), len(starts))

    def deviations(self, groups: Groups, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        return _values(groups.rejected[chosen], groups.parts[chosen], self.share) - self.middle

    def edge(self, limit: float, run_length_days: float) -> float:
        """Return how far the moving average may lie from the middle.

        Laney's sigma knows what varies from one group to the next. Of what varies more slowly there
        are no more independent values than days.
        """
        fast = limit * self.sigma * np.hypot(EWMA_SPREAD, self.groups**-0.5)
        slow = by_day_limit(self.days, run_length_days) * self.wander**0.5
        return float(np.hypot(fast, slow))


def _beyond_chance(variance: float, by_chance: float, freedom: float) -> float:
    """Return by how much a variance exceeds that of chance and one standard error of it."""
    return variance - by_chance * (1 + sqrt(2 / freedom))


def moving_average(values: NDArray[np.float64], before: float = 0.0) -> NDArray[np.float64]:
    """Return the exponentially weighted moving average after each value."""
    found = np.empty(len(values))
    for number, value in enumerate(values.tolist()):
        before += EWMA_WEIGHT * (value - before)
        found[number] = before
    return found


def _values(
    rejected: NDArray[np.int64], parts: NDArray[np.int64], share: float
) -> NDArray[np.float64]:
    """Return the counts as values of variance 1 (F. J. Anscombe 1948), 0 where as expected."""
    found: NDArray[np.float64] = 2 * (np.sqrt(rejected + 0.375) - np.sqrt(parts * share + 0.375))
    return found
