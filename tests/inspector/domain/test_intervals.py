"""Each interval against hand-made cases, scipy.stats as an oracle, and simulated streams."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from scipy.stats import beta, binomtest, gamma

from inspector.domain.intervals import (
    WeightedCount,
    always_valid,
    audits_needed,
    clopper_pearson,
    clopper_pearson_lower,
    clopper_pearson_upper,
    fay_feuer,
    fay_feuer_lower,
    fay_feuer_upper,
)


def one_stratum(count: int, total: int) -> WeightedCount:
    return WeightedCount(count / total, count / total**2, 1 / total)


@pytest.mark.parametrize(("count", "total"), [(0, 10), (3, 2500), (2500, 2500), (1, 1), (7, 12)])
def test_clopper_pearson_is_that_of_scipy(count: int, total: int) -> None:
    exact = binomtest(count, total).proportion_ci(0.95, method="exact")
    assert clopper_pearson(count, total) == pytest.approx((exact.low, exact.high), rel=1e-9)


def test_nothing_looked_at_is_no_certainty() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert always_valid(0, 0, expected=0.001) == (0.0, 1.0)


def test_a_sided_bound_is_the_end_of_an_interval_that_may_miss_twice_as_often() -> None:
    assert clopper_pearson(4, 90, alpha=0.1) == (
        clopper_pearson_lower(4, 90),
        clopper_pearson_upper(4, 90),
    )


def test_no_find_gives_the_rule_of_three() -> None:
    assert fay_feuer_upper(one_stratum(0, 5600)) * 5600 == pytest.approx(-log(0.05), rel=1e-12)
    assert fay_feuer_upper(one_stratum(0, 5600)) * 5600 == pytest.approx(2.996, abs=0.001)
    assert fay_feuer_lower(one_stratum(0, 5600)) == 0.0


@pytest.mark.parametrize("count", [1, 6, 40])
def test_one_stratum_gives_the_exact_poisson_interval(count: int) -> None:
    """F. Garwood 1936: gamma quantiles of the count and of the count and one more."""
    low, high = fay_feuer(one_stratum(count, 1000))
    assert low == pytest.approx(gamma.ppf(0.025, count) / 1000, rel=1e-9)
    assert high == pytest.approx(gamma.ppf(0.975, count + 1) / 1000, rel=1e-9)


def test_unequal_weights_are_as_the_formula_has_them() -> None:
    low, high = fay_feuer(WeightedCount(0.004, 0.000005, 0.002))
    assert low == pytest.approx(gamma.ppf(0.025, 3.2, scale=0.00125), rel=1e-9)
    assert high == pytest.approx(gamma.ppf(0.975, 4.0, scale=0.0015), rel=1e-9)


def test_without_any_weight_there_is_nothing_to_miss() -> None:
    assert fay_feuer(WeightedCount(0.0, 0.0, 0.0)) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("share", "found", "needed"), [(0.01, 1, 473), (0.003, 1, 1580), (0.001, 1, 4742)]
)
def test_the_audits_needed_are_the_fewest_that_show_it(
    share: float, found: int, needed: int
) -> None:
    assert audits_needed(share, found=found) == pytest.approx(needed, abs=2)
    fewest = audits_needed(share, found=found)
    assert beta.ppf(0.95, found + 1, fewest - found) <= share
    assert beta.ppf(0.95, found + 1, fewest - 1 - found) > share


def test_one_per_cent_needs_299_audits_without_a_find() -> None:
    """0.99 ** 298 is still above 5 %."""
    assert audits_needed(0.01) == 299
    assert 0.99**299 < 0.05 < 0.99**298


def test_the_always_valid_interval_ends_where_its_inequality_does() -> None:
    low, high = always_valid(6, 5600, expected=0.001)
    a, b = 0.5, 500.0
    mixed = log_beta(a + 6, b + 5594) - log_beta(a, b)
    for share in (low, high):
        assert mixed - 6 * log(share) - 5594 * log(1 - share) == pytest.approx(log(20), abs=1e-6)
    assert low < 6 / 5600 < high


def log_beta(a: float, b: float) -> float:
    from math import lgamma

    return lgamma(a) + lgamma(b) - lgamma(a + b)


def test_the_always_valid_interval_may_be_looked_at_every_day() -> None:
    """28 days, each with its look; Clopper-Pearson misses in one stream of six or so."""
    random = np.random.default_rng(5)
    finds = np.cumsum(random.binomial(200, 0.005, (400, 28)), axis=1)
    missed = {"always": 0, "fixed": 0}
    for stream in finds:
        days = list(enumerate(stream, start=1))
        always = (always_valid(int(x), 200 * day, expected=0.005) for day, x in days)
        fixed = (clopper_pearson(int(x), 200 * day) for day, x in days)
        missed["always"] += any(not low <= 0.005 <= high for low, high in always)
        missed["fixed"] += any(not low <= 0.005 <= high for low, high in fixed)
    assert missed["always"] / 400 <= 0.05
    assert missed["fixed"] / 400 > 0.08


def test_the_always_valid_interval_is_wider_but_not_by_much() -> None:
    low, high = always_valid(28, 5600, expected=0.005)
    fixed_low, fixed_high = clopper_pearson(28, 5600)
    assert low < fixed_low
    assert fixed_high < high
    assert (high - low) / (fixed_high - fixed_low) < 2.1
