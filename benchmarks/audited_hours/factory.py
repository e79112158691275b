"""The demo factory without vision: parts with a known truth, the scores of its models, the days.

One shift a day, Monday to Friday. A part is bad with the demo's probability; its score is drawn
from those that its station's model really gave (`scores.py`), and decides as the package's limits
do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from benchmarks.audited_hours.scores import REJECTS_FROM, Seen
from inspector.config.site import DemoSettings

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
"""A Monday."""
HOURS_A_DAY, DAYS_A_WEEK = 8, 5
_DEMO = DemoSettings()

Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plant:
    """What is simulated.

    Attributes:
        seen: What the model of each station gives.
        hours: Of production.
        rate_hz: Parts a second and station.
        defect_rate: Share of bad parts.
        audits_per_day: Passed parts that people look at, for each station.
        seeds_per_day: Known defects that are put among them, in the whole factory.
    """

    seen: Mapping[str, Seen]
    hours: float = 200.0
    rate_hz: float = _DEMO.rate_hz
    defect_rate: float = _DEMO.defect_rate
    audits_per_day: float = 200.0
    seeds_per_day: int = 10

    @property
    def parts_per_day(self) -> float:
        """Return how many parts a station makes on a whole day."""
        return HOURS_A_DAY * 3600 * self.rate_hz


@dataclass(frozen=True, slots=True)
class Day:
    """A working day.

    Attributes:
        number: From 0.
        hours: Of production; the last day may be a short one.
    """

    number: int
    hours: float

    @property
    def begins(self) -> datetime:
        """Return when its shift begins."""
        week, weekday = divmod(self.number, DAYS_A_WEEK)
        return START + timedelta(days=7 * week + weekday)

    @property
    def hours_made(self) -> float:
        """Return how many hours of production there were at its end."""
        return self.number * HOURS_A_DAY + self.hours


@dataclass(frozen=True, slots=True)
class Parts:
    """What one station made on one day, one entry for each part.

    Attributes:
        first: Number of the first part.
        bad: What they really are.
        score: Of the model.
    """

    station: str
    day: Day
    first: int
    bad: Flags
    score: Shares

    @property
    def passed(self) -> Flags:
        """Return which parts the model passed."""
        return self.score < REJECTS_FROM

    @property
    def numbers(self) -> Numbers:
        """Return how the PLC counted them."""
        return self.first + np.arange(len(self.bad))

    @property
    def ts(self) -> Shares:
        """Return when they were decided, Unix seconds, evenly over the shift."""
        steps = np.arange(len(self.bad)) * (self.day.hours * 3600 / len(self.bad))
        return np.asarray(self.day.begins.timestamp() + steps, np.float64)


def days_of(plant: Plant) -> Iterator[Day]:
    """Yield the working days."""
    number, left = 0, plant.hours
    while left > 0:
        yield Day(number, min(left, HOURS_A_DAY))
        number, left = number + 1, left - HOURS_A_DAY


def made(plant: Plant, station: str, day: Day, random: np.random.Generator) -> Parts:
    """Return what a station makes on a day."""
    count = round(day.hours * 3600 * plant.rate_hz)
    bad = random.random(count) < plant.defect_rate
    first = 1 + day.number * round(plant.parts_per_day)
    return Parts(station, day, first, bad, plant.seen[station].drawn(random, bad))
