"""`python -m benchmarks.coverage`: does the escape rate's interval hold the truth as it says?

Streams of 28 days are drawn by the thousand, cell by cell: bad parts, audits and finds, with the
truth of each known. Exit code 1 where the upper 99 % limit of the share that holds the truth lies
below 95 %, or where the interval is wider than `WIDEST` times that of a simple random sample.
Beside it stands what a dashboard would show: the share of bad parts among all audited ones.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from inspector.domain.audit_sampling import BUDGET_SHARES, CUTS, PASSED_SHARES
from inspector.domain.escapes import Cells, Seeds, escape_estimate
from inspector.domain.intervals import clopper_pearson, clopper_pearson_upper

DAYS, PASSED_PER_DAY, AUDITS_PER_DAY = 28, 100_000, 200
RATES = (3e-4, 1e-3, 3e-3)
LEAST_COVERAGE, WIDEST = 0.95, 1.3
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the streams of one row have in common.

    Attributes:
        apart: By how many standard deviations bad parts score above good ones.
        weeks: By what the audit rates are multiplied in each of the four weeks.
        daily: Standard deviation of the logarithm of what they are multiplied by each day.
        sensitivity: Of the auditors.
        seeds: Seeded defects they judge in the 28 days.
    """

    name: str
    apart: float
    weeks: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    daily: float = 0.0
    sensitivity: float = 1.0
    seeds: int = 0


SETTINGS = (
    Setting("easy", apart=2.0),
    Setting("score-blind", apart=0.0),
    Setting("audit_pi by week", apart=2.0, weeks=(0.8, 1.2, 0.9, 1.1)),
    Setting("audit_pi by day", apart=2.0, daily=0.5),
    Setting("auditors miss 23 %", apart=2.0, sensitivity=0.77, seeds=300),
)


@dataclass(frozen=True, slots=True)
class Covered:
    """How one setting came out.

    Attributes:
        held: Streams whose truth lay within the interval, or below the corrected bound.
        naive: The same for the unweighted share with its exact interval.
        width: Of the interval, over that of a simple random sample with as many audits.
    """

    setting: Setting
    rate: float
    runs: int
    held: int
    naive: int
    width: float

    @property
    def at_most(self) -> float:
        """Return the upper 99 % limit of the share that holds the truth."""
        return clopper_pearson_upper(self.held, self.runs, alpha=0.01)

    @property
    def fails(self) -> bool:
        """Return whether the method does not keep what it promises.

        Its width is held to that where a simple random sample finds five or more, and not where
        one day is audited a fraction as often as another: that is the draw's, not the interval's.
        """
        comparable = self.rate * DAYS * AUDITS_PER_DAY >= 5 and not self.setting.daily
        return self.at_most < LEAST_COVERAGE or (comparable and self.width > WIDEST)

    def __str__(self) -> str:
        """Return the row of the table."""
        return (
            f"{self.setting.name:<19} {self.rate:>8.4f} {self.held / self.runs:>8.3f} "
            f"{self.at_most:>8.3f} {self.width:>8.2f} {self.naive / self.runs:>8.3f}"
            f"{'   FAILS' if self.fails else ''}"
        )


def main() -> int:
    """Run the settings and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="streams of each row")
    runs = parser.parse_args().runs
    size = f"{PASSED_PER_DAY} passed and {AUDITS_PER_DAY} audits a day"
    print(f"{runs} streams a row: {DAYS} days, {size}")
    heads = ("escapes", "covered", "99 % max", "width", "naive")
    print(f"{'setting':<19}" + "".join(f" {head:>8}" for head in heads))
    rows = []
    for number, (setting, rate) in enumerate((s, r) for s in SETTINGS for r in RATES):
        rows.append(covered(setting, rate, runs=runs, seed=number))
        print(rows[-1], flush=True)
    print("covered: two-sided 95 % interval; where auditors miss: the corrected one-sided bound")
    print("width: over a simple random sample's; naive: bad / audited, unweighted, exact interval")
    return 1 if any(row.fails for row in rows) else 0


def covered(setting: Setting, rate: float, *, runs: int, seed: int) -> Covered:
    """Draw the streams of one row and hold each estimate against its truth."""
    random = np.random.default_rng(seed)
    held = naive = 0
    wide = simple = 0.0
    for _ in range(runs):
        cells, truth = drawn(setting, rate, random)
        seeds = Seeds(int(random.binomial(setting.seeds, setting.sensitivity)), setting.seeds)
        got = escape_estimate(cells, seeds)
        low, high = got.interval
        corrected = got.upper95_corrected
        held += low <= truth <= high if corrected is None else truth <= corrected
        share_low, share_high = clopper_pearson(got.found, got.audited)
        naive += share_low <= truth <= share_high
        found = random.binomial(got.audited, truth * setting.sensitivity)
        simple_low, simple_high = clopper_pearson(int(found), got.audited)
        wide, simple = wide + high - low, simple + simple_high - simple_low
    return Covered(setting, rate, runs, int(held), int(naive), wide / simple)


def drawn(setting: Setting, rate: float, random: np.random.Generator) -> tuple[Cells, float]:
    """Return the cells of one stream, a day and stratum each, and its true escape rate."""
    busy = np.repeat(setting.weeks, 7) * np.exp(setting.daily * random.standard_normal(DAYS))
    worse = busy**2 / np.mean(busy**2)  # who sees more bad parts, audits more
    passed = random.poisson(PASSED_PER_DAY * np.outer(np.ones(DAYS), PASSED_SHARES))
    pi = AUDITS_PER_DAY * np.outer(busy, np.divide(BUDGET_SHARES, PASSED_SHARES)) / PASSED_PER_DAY
    risk = bad_shares(setting.apart) / np.array(PASSED_SHARES)
    bad = random.binomial(passed, np.minimum(1.0, rate * np.outer(worse, risk)))
    audited = random.binomial(passed, pi)
    found = random.hypergeometric(bad, passed - bad, audited)
    found = random.binomial(found, setting.sensitivity)
    stratum = np.tile(np.arange(len(PASSED_SHARES)), DAYS)
    flat = (one.ravel() for one in (passed, audited, found, 0 * found))
    return merged(Cells(stratum, pi.ravel(), *flat)), float(bad.sum() / passed.sum())


def merged(cells: Cells) -> Cells:
    """Return the cells with those of one stratum and probability added up, as a record has them."""
    pairs = np.stack([cells.stratum, cells.pi])
    unique, where = np.unique(pairs, axis=1, return_inverse=True)

    def total(counts: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(where.ravel(), weights=counts).astype(np.int64)

    counts = (cells.passed, cells.audited, cells.found, cells.open)
    return Cells(unique[0].astype(np.int64), unique[1], *map(total, counts))


def bad_shares(apart: float) -> Array:
    """Return what of the bad parts lies in each stratum of passed parts."""
    below = ndtr(ndtri(np.array(CUTS)) - apart)
    return np.diff(np.concatenate([[0.0], below, [1.0]]))


if __name__ == "__main__":
    sys.exit(main())
