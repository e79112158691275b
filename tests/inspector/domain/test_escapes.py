"""Hand-made cells, and the traps: probabilities that change, strata without audits, full review."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from inspector.domain.escapes import Cells, Seeds, daily_interval, escape_estimate, grouped
from inspector.domain.intervals import (
    WeightedCount,
    clopper_pearson_lower,
    fay_feuer,
    fay_feuer_upper,
)

Row = tuple[int, float, int, int, int, int]
"""Stratum, probability, passed, audited, found, open."""


def cells(*rows: Row) -> Cells:
    stratum, pi, *counts = np.array(rows, dtype=float).T
    return Cells(stratum.astype(int), pi, *(one.astype(int) for one in counts))


def test_one_cell_is_the_share_with_the_exact_poisson_interval() -> None:
    got = escape_estimate(cells((0, 0.01, 100_000, 1000, 3, 0)))
    count = WeightedCount(3 / 1000, 3 / 1000**2, 1 / 1000)
    assert got.estimate == pytest.approx(0.003)
    assert got.interval == pytest.approx(fay_feuer(count))
    assert got.upper95 == pytest.approx(fay_feuer_upper(count))
    assert got.upper95_corrected is None


def test_strata_are_weighted_by_what_passed_in_them() -> None:
    """0.8 * 1/650 + 0.15 * 0/170 + 0.04 * 2/100 + 0.01 * 4/80, by hand."""
    rows = [(0, 0.1, 8000, 650, 1, 0), (1, 0.2, 1500, 170, 0, 0)]
    rows += [(2, 0.3, 400, 100, 2, 0), (3, 0.8, 100, 80, 4, 0)]
    got = escape_estimate(cells(*rows))
    assert got.estimate == pytest.approx(0.8 / 650 + 0.04 * 2 / 100 + 0.01 * 4 / 80)
    assert got.estimate is not None
    square = (0.8 / 650) ** 2 + 2 * (0.04 / 100) ** 2 + 4 * (0.01 / 80) ** 2
    count = WeightedCount(got.estimate, square, 0.8 / 650)
    assert got.interval == pytest.approx(fay_feuer(count))


def test_no_find_shows_a_bound_and_never_zero() -> None:
    got = escape_estimate(cells((0, 0.1, 8000, 650, 0, 0), (1, 0.3, 2000, 350, 0, 0)))
    assert got.estimate == 0
    assert got.interval[0] == 0
    assert got.upper95 == pytest.approx(-log(0.05) * 0.8 / 650)
    assert got.without_finds == got.upper95


def test_no_audit_is_no_knowledge() -> None:
    got = escape_estimate(cells((0, 0.001, 800, 0, 0, 0)), Seeds(3, 4))
    assert (got.estimate, got.interval) == (None, (0.0, 1.0))
    assert (got.upper95, got.upper95_corrected) == (1.0, 1.0)


def test_a_probability_that_changes_within_a_stratum_does_not_bend_the_estimate() -> None:
    """Bad weeks are audited ten times as much; audited / passed of the stratum would triple it."""
    got = escape_estimate(cells((0, 0.01, 90_000, 900, 9, 0), (0, 0.1, 10_000, 1000, 100, 0)))
    assert got.estimate == pytest.approx(0.9 * 0.01 + 0.1 * 0.1)
    unweighted = 109 / 1900
    assert unweighted > 3 * 0.019 * 0.99


def test_cells_of_few_audits_are_weighted_with_their_neighbours_by_probability() -> None:
    """One audit of 100 parts and one of 50: inverse probabilities, together all 150 parts."""
    got = escape_estimate(cells((0, 0.01, 100, 1, 1, 0), (0, 0.02, 50, 1, 0, 0)))
    assert got.estimate == pytest.approx((100 / 150) * 1)
    assert len(grouped(cells((0, 0.01, 100, 1, 1, 0), (0, 0.02, 50, 1, 0, 0)))) == 1


def test_a_probability_of_its_own_for_each_part_makes_groups_of_enough_audits() -> None:
    random = np.random.default_rng(3)
    pi = random.uniform(0.01, 0.05, 20_000)
    one = np.ones(20_000, dtype=int)
    audited = (random.random(20_000) < pi).astype(int)
    many = Cells(0 * one, pi, one, audited, audited * (random.random(20_000) < 0.1), 0 * one)
    groups = grouped(many)
    assert sorted(np.concatenate(groups)) == list(range(20_000))
    assert min(many.expected[group].sum() for group in groups) >= 20
    assert escape_estimate(many).estimate == pytest.approx(0.1, abs=0.03)


def test_a_stratum_without_audits_joins_the_one_below() -> None:
    got = escape_estimate(cells((0, 0.1, 8000, 800, 8, 0), (1, 0.001, 2000, 0, 0, 0)))
    assert got.estimate == pytest.approx(8 / 800)
    first = cells((0, 0.001, 2000, 0, 0, 0), (1, 0.1, 8000, 800, 8, 0))
    assert escape_estimate(first).estimate == pytest.approx(8 / 800)


def test_what_was_audited_in_full_adds_a_count_without_uncertainty() -> None:
    rows = [(0, 0.1, 9000, 900, 0, 0), (4, 1.0, 1000, 1000, 20, 0)]
    got = escape_estimate(cells(*rows))
    assert got.estimate == pytest.approx(20 / 10_000)
    assert got.interval[0] == pytest.approx(20 / 10_000)
    assert got.upper95 == pytest.approx(20 / 10_000 - log(0.05) * 0.9 / 900)
    alone = escape_estimate(cells((4, 1.0, 1000, 1000, 20, 0)))
    assert alone.interval == pytest.approx((0.02, 0.02))


def test_what_was_to_be_audited_in_full_and_is_not_judged_yet_is_uncertain() -> None:
    got = escape_estimate(cells((4, 1.0, 1000, 900, 9, 0)))
    assert got.estimate == pytest.approx(0.01)
    assert got.interval[0] < 0.01 < got.interval[1]


def test_parts_that_could_not_be_drawn_get_the_rate_of_their_neighbours() -> None:
    got = escape_estimate(cells((0, 0.0, 1000, 0, 0, 0), (0, 0.1, 9000, 900, 9, 0)))
    assert got.estimate == pytest.approx(0.01)
    only = escape_estimate(cells((0, 0.0, 1000, 0, 0, 0), (4, 1.0, 100, 100, 1, 0)))
    assert only.estimate == pytest.approx(0.01)


def test_an_open_audit_is_bad_in_the_upper_bounds_alone() -> None:
    settled = escape_estimate(cells((0, 0.01, 100_000, 1000, 3, 0)))
    opened = escape_estimate(cells((0, 0.01, 100_000, 1000, 3, 2)))
    assert opened.estimate == settled.estimate
    assert opened.interval[0] == settled.interval[0]
    worse = escape_estimate(cells((0, 0.01, 100_000, 1000, 5, 0)))
    assert (opened.interval[1], opened.upper95) == (worse.interval[1], worse.upper95)


def test_the_bound_is_corrected_for_auditors_who_miss() -> None:
    got = escape_estimate(cells((0, 0.01, 100_000, 1000, 3, 0)), Seeds(found=77, judged=100))
    sensitivity = clopper_pearson_lower(77, 100, alpha=0.025)
    assert got.upper95_corrected == pytest.approx(got.interval[1] / sensitivity)
    assert got.upper95 / 0.77 < got.interval[1] / sensitivity


def test_auditors_who_found_no_seed_bound_nothing() -> None:
    got = escape_estimate(cells((0, 0.01, 100_000, 1000, 3, 0)), Seeds(found=0, judged=30))
    assert got.upper95_corrected == 1.0
    assert escape_estimate(cells((0, 0.1, 100, 10, 1, 0)), Seeds(0, 0)).upper95_corrected is None


def test_no_bound_is_above_one() -> None:
    got = escape_estimate(cells((0, 0.01, 100, 1, 1, 0)), Seeds(1, 2))
    assert got.interval[1] == got.upper95 == got.upper95_corrected == 1.0


def test_the_daily_interval_may_be_looked_at_every_day() -> None:
    """28 days, each with its look; the one for a fixed window misses in some stream of ten."""
    random = np.random.default_rng(5)
    audits, passed, rates = np.array([100, 60]), np.array([8000, 2000]), np.array([0.004, 0.012])
    truth = float((passed * rates).sum() / passed.sum())
    missed = {"daily": 0, "fixed": 0}
    for _ in range(120):
        finds = np.cumsum(random.binomial(audits, rates, (28, 2)), axis=0)
        met = {"daily": True, "fixed": True}
        for day, found in enumerate(finds, start=1):
            pi = audits / passed
            seen = Cells(np.array([0, 1]), pi, day * passed, day * audits, found, 0 * found)
            ends = {"daily": daily_interval(seen, None, day=day)}
            ends["fixed"] = escape_estimate(seen).interval
            met = {name: met[name] and low <= truth <= high for name, (low, high) in ends.items()}
        missed = {name: missed[name] + (not met[name]) for name in met}
    assert missed["daily"] / 120 <= 0.05
    assert missed["fixed"] / 120 > 0.05


def test_the_daily_interval_allows_for_auditors_who_miss_and_without_audits_knows_nothing() -> None:
    seen = cells((0, 0.01, 100_000, 1000, 3, 0))
    plain, corrected = (daily_interval(seen, one, day=3) for one in (None, Seeds(77, 100)))
    assert corrected[0] == plain[0]
    assert corrected[1] > plain[1] / 0.77
    assert daily_interval(cells((0, 0.01, 100_000, 0, 0, 0)), None, day=1) == (0.0, 1.0)
