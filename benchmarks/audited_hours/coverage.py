"""Many runs of the factory: how often the figures at the end hold the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.audited_hours.drawing import ChanceDraws, Draws, KeyedDraws
from benchmarks.audited_hours.factory import Plant
from benchmarks.audited_hours.people import People
from benchmarks.audited_hours.running import Row, last
from benchmarks.audited_hours.shifts import Chance, factory_days
from benchmarks.coverage import LEAST_COVERAGE
from inspector.domain.intervals import clopper_pearson_upper

_SURE = 0.01
"""A promise counts as broken only where 99 % of such studies would not have shown so little."""


@dataclass(frozen=True, slots=True)
class Held:
    """In how many runs a figure held the truth."""

    runs: int
    held: int

    @property
    def at_most(self) -> float:
        """Return the 99 % upper limit of the share of all runs."""
        return clopper_pearson_upper(self.held, self.runs, alpha=_SURE)

    @property
    def keeps(self) -> bool:
        """Return whether it may be as often as promised."""
        return self.at_most >= LEAST_COVERAGE

    def __str__(self) -> str:
        """Return count, share and verdict."""
        said = "may hold 95 %" if self.keeps else "does not hold 95 %"
        share = self.held / self.runs
        return f"{self.held} of {self.runs} = {share:.1%}, at most {self.at_most:.1%}: {said}"


@dataclass(frozen=True, slots=True)
class Study:
    """What many runs came to.

    Attributes:
        interval: The two-sided interval of the estimate; for perfect auditors alone.
        corrected: The one-sided bound for auditors who miss.
        naive: The exact interval of the naive share.
        shipped: The two-sided interval of all that was passed.
        times_too_high: Mean naive share / mean truth.
    """

    interval: Held
    corrected: Held
    naive: Held
    shipped: Held
    times_too_high: float


def chance(seed: int, *, keyed: bool) -> Chance:
    """Return where a run's parts, errors and draws come from."""
    parts, people, lots = np.random.default_rng(seed).spawn(3)
    draws: Draws = KeyedDraws(seed) if keyed else ChanceDraws(lots)
    return Chance(parts, people, draws)


def study(
    plant: Plant, people: People, *, runs: int, seed: int, tell: Callable[[int], None]
) -> Study:
    """Return how often the figures hold at the end of that many runs.

    Args:
        plant: The factory.
        people: In it.
        runs: How many.
        seed: Of the first run; each further one has the next.
        tell: Hears how many are done.
    """
    rows: list[Row] = []
    for number in range(runs):
        rows.append(last(factory_days(plant, people, chance(seed + number, keyed=False))))
        tell(number + 1)
    models, shipped = [row.by_model for row in rows], [row.shipped for row in rows]
    return Study(
        interval=Held(runs, sum(at.covered for at in models)),
        corrected=Held(runs, sum(at.covered_corrected for at in models)),
        naive=Held(runs, sum(at.covered_naive for at in models)),
        shipped=Held(runs, sum(at.covered for at in shipped)),
        times_too_high=sum(at.naive for at in models) / sum(at.truth for at in models),
    )
