"""The figures as they run: truth, estimate, interval and the naive share, day after day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.audited_hours.factory import Day
from benchmarks.audited_hours.people import GOOD
from benchmarks.audited_hours.shifts import Audits, FactoryDay, Shift
from inspector.domain.auditing import OPERATOR_STRATUM
from inspector.domain.escapes import Cells, EscapeEstimate, Seeds, escape_estimate
from inspector.domain.intervals import Interval, clopper_pearson


@dataclass(frozen=True, slots=True)
class Estimated:
    """An estimate from the first hour on, beside the truth that it does not know.

    Attributes:
        truth: Bad parts among those passed so far / parts passed so far.
    """

    truth: float
    estimate: EscapeEstimate

    @property
    def naive(self) -> float:
        """Return the share of all audits that found a bad part, without weights."""
        return self.estimate.found / max(1, self.estimate.audited)

    @property
    def naive_interval(self) -> Interval:
        """Return the exact interval that goes with it."""
        return clopper_pearson(self.estimate.found, self.estimate.audited)

    @property
    def covered(self) -> bool:
        """Return whether the two-sided interval holds the truth."""
        low, high = self.estimate.interval
        return low <= self.truth <= high

    @property
    def covered_corrected(self) -> bool:
        """Return whether the bound for auditors who miss holds it; False without one."""
        bound = self.estimate.upper95_corrected
        return bound is not None and self.truth <= bound

    @property
    def covered_naive(self) -> bool:
        """Return whether the naive share's interval holds it."""
        low, high = self.naive_interval
        return low <= self.truth <= high


@dataclass(frozen=True, slots=True)
class Row:
    """All figures at the end of a day.

    Attributes:
        by_model: Of what the model passed.
        shipped: Of all that was passed, by model or operator.
        parts: Made.
        rejected: By the model.
        overridden: By the operator.
        seeds: Judged and found so far.
        found_downstream: Bad parts that were found later and by now.
    """

    day: Day
    by_model: Estimated
    shipped: Estimated
    parts: int
    rejected: int
    overridden: int
    seeds: Seeds
    found_downstream: int


@dataclass(slots=True)
class Sums:
    """Counts of passed parts by stratum and audit probability, and what is really bad."""

    passed: Counter[tuple[int, float]] = field(default_factory=Counter)
    audited: Counter[tuple[int, float]] = field(default_factory=Counter)
    found: Counter[tuple[int, float]] = field(default_factory=Counter)
    bad: int = 0

    def add(self, audits: Audits) -> None:
        """Take in a shift's audits: one plan, so each stratum has one probability."""
        drawn, strata = audits.drawn, audits.drawn.stratum
        looked = strata[drawn.selected]
        pis = np.zeros(OPERATOR_STRATUM + 1)
        pis[strata] = drawn.pi
        for into, rows in (
            (self.passed, strata),
            (self.audited, looked),
            (self.found, looked[audits.chain.found]),
        ):
            for stratum, count in enumerate(np.bincount(rows).tolist()):
                if count:
                    into[stratum, float(pis[stratum])] += count
        self.bad += int(audits.bad.sum())

    def cells(self) -> Cells:
        """Return the counts as the estimator takes them."""
        pairs = sorted(self.passed)
        passed, audited, found = (
            np.array([of[pair] for pair in pairs], np.int64)
            for of in (self.passed, self.audited, self.found)
        )
        stratum, pi = (np.array(one) for one in zip(*pairs, strict=True))
        return Cells(stratum, pi, passed, audited, found, open=np.zeros(len(pairs), np.int64))

    def estimated(self, seeds: Seeds) -> Estimated:
        """Return the estimate beside the truth."""
        return Estimated(self.bad / sum(self.passed.values()), escape_estimate(self.cells(), seeds))


class Running:
    """The sums from the first day on."""

    def __init__(self) -> None:
        self._model, self._shipped = Sums(), Sums()
        self._parts = self._rejected = self._overridden = 0
        self._seeds = Seeds(0, 0)
        self._found_on: list[float] = []

    def add(self, day: FactoryDay) -> None:
        """Take in a day."""
        for shift in day.shifts:
            self._add_shift(shift)
        found, judged = int(day.seeds.found.sum()), len(day.seeds.found)
        self._seeds = Seeds(self._seeds.found + found, self._seeds.judged + judged)

    def _add_shift(self, shift: Shift) -> None:
        self._model.add(shift.by_model)
        for audits in (shift.by_model, shift.by_operator):
            self._shipped.add(audits)
        self._parts += len(shift.parts.bad)
        self._rejected += len(shift.rejected)
        self._overridden += int((shift.review == GOOD).sum())
        self._found_on += (shift.parts.ts + shift.later_days * 86400)[
            np.isfinite(shift.later_days)
        ].tolist()

    def row(self, day: Day) -> Row:
        """Return the figures at the end of a day."""
        until = day.begins.timestamp() + day.hours * 3600
        return Row(
            day,
            *(self._model.estimated(self._seeds), self._shipped.estimated(self._seeds)),
            *(self._parts, self._rejected, self._overridden),
            seeds=self._seeds,
            found_downstream=sum(at <= until for at in self._found_on),
        )


def running(days: Iterable[FactoryDay]) -> Iterator[Row]:
    """Yield the figures at the end of each day."""
    sums = Running()
    for day in days:
        sums.add(day)
        yield sums.row(day.day)


def last(days: Iterable[FactoryDay]) -> Row:
    """Return the figures at the end of the last day."""
    sums = Running()
    day = None
    for day in days:
        sums.add(day)
    assert day is not None, "no hour was made"
    return sums.row(day.day)
