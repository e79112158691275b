"""Advice on a limit: near the optimum from weighted audits, and within its rails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from inspector.domain.advice import (
    FLAGGED_ONLY,
    Advice,
    Rails,
    advised,
)
from inspector.domain.escapes import Seeds
from inspector.domain.prices import Costs
from inspector.domain.threshold_cost import Judged, cost_curve, escapes_at
from inspector.errors import BadInput

NOW = datetime(2026, 11, 1, tzinfo=UTC)
APART = 3.0
SHARES = np.array((0.65, 0.17, 0.10, 0.08))


def made(*, limit: float, bad: float = 0.005, parts: int = 140_000, seed: int = 1) -> Judged:
    """Scores of good parts are normal, those of bad ones lie `APART` higher; 2,800 audits."""
    random = np.random.default_rng(seed)
    truth = random.random(parts) < bad
    score = random.standard_normal(parts) + APART * truth
    passed = score < limit
    stratum = np.searchsorted(np.quantile(score[passed], (0.8, 0.95, 0.99)), score, side="right")
    sizes = np.bincount(stratum[passed], minlength=4)
    pi = np.minimum(1.0, 2800 * SHARES / sizes)[stratum]
    looked = ~passed | (random.random(parts) < pi)
    found = truth & looked
    none = np.zeros(parts, bool)
    return Judged(score, passed, stratum, pi, looked, found, none, found, hours=14 * 24.0)


def true_cost(limit: float, costs: Costs, bad: float) -> float:
    escapes = bad * ndtr(limit - APART)
    false = (1 - bad) * ndtr(-limit)
    return float(costs.escape * escapes + costs.false_reject * false)


def tried(judged: Judged, costs: Costs, rails: Rails = Rails()) -> Advice:  # noqa: B008
    return advised(judged, costs, rails, now=NOW)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("costs", "limit", "bad", "most"),
    [
        (Costs(100, 1), 3.5, 0.005, 1.25),
        (Costs(1000, 1), 3.0, 0.005, 1.6),
        (Costs(20, 1), 2.7, 0.005, 1.1),
        (Costs(1000, 1), 3.0, 0.002, 2.0),
    ],
)
def test_weighted_audits_come_near_the_optimum_and_flagged_parts_never_move_down(
    costs: Costs, limit: float, bad: float, most: float
) -> None:
    grid = np.linspace(-1, 6, 1401)
    optimum = min(true_cost(float(one), costs, bad) for one in grid)
    ratios = []
    for seed in range(12):
        judged = made(limit=limit, bad=bad, seed=seed)
        curve = cost_curve(judged, costs)
        ratios.append(true_cost(curve.limit[curve.cost.argmin()], costs, bad) / optimum)
        blind = replace(judged, bad=judged.bad & ~judged.passed)  # passed parts taken for good
        curve = cost_curve(blind, costs)
        assert curve.limit[curve.cost.argmin()] >= judged.limit
    assert np.median(ratios) < most
    assert np.median(ratios) < max(1.02, true_cost(limit, costs, bad) / optimum)


@pytest.mark.slow
def test_the_band_holds_the_cost_about_as_often_as_it_says() -> None:
    costs, inside = Costs(100, 1), 0
    for seed in range(40):
        curve = cost_curve(made(limit=2.5, parts=40_000, bad=0.02, seed=seed), costs, seed=seed)
        at = int(np.searchsorted(curve.limit, 2.5))
        true = 1000 * true_cost(float(curve.limit[at]), costs, 0.02)
        inside += bool(curve.low[at] <= true <= curve.high[at])
    assert inside >= 30


def test_the_same_seed_gives_the_same_band() -> None:
    judged = made(limit=2.5, parts=20_000)
    one, other = (cost_curve(judged, Costs(100, 1), seed=3) for _ in range(2))
    assert (one.low == other.low).all()


def test_a_step_changes_rejects_by_half_at_most_and_says_what_it_does() -> None:
    said = tried(made(limit=3.2), Costs(1000, 1, review=0.1, review_s=10))
    assert said.proposed
    assert said.cheapest.limit < said.proposed.limit < said.now.limit
    assert said.now.rejects < said.proposed.rejects <= 1.5 * said.now.rejects
    assert said.proposed.escapes_at_most < said.now.escapes_at_most
    assert said.proposed.rejects_per_hour == pytest.approx(said.proposed.rejects / 336)
    minutes = said.proposed.operator_minutes_per_hour
    assert minutes == pytest.approx(said.proposed.rejects_per_hour / 6)
    assert said.proposed.band[0] < said.proposed.cost < said.proposed.band[1]
    assert said.lowers_protection is False
    assert said.finds >= 10


def test_flagged_parts_alone_give_no_advice() -> None:
    judged = made(limit=3.0, parts=20_000)
    with pytest.raises(BadInput, match="no passed part was audited") as told:
        tried(replace(judged, looked=judged.looked & ~judged.passed), Costs(100, 1))
    assert str(told.value) == FLAGGED_ONLY


def test_too_few_confirmed_finds_give_none() -> None:
    judged = made(limit=3.2)
    one_word = replace(judged, confirmed=np.zeros(len(judged.score), bool))
    said = tried(one_word, Costs(1000, 1))
    assert said.proposed is None
    assert said.refusals == ("not enough confirmed finds among passed parts: 0 of 10",)


def test_the_second_step_waits_a_week() -> None:
    judged, costs = made(limit=3.2), Costs(1000, 1)
    assert not tried(judged, costs, Rails(changed_at=NOW - timedelta(days=7))).refusals
    (why,) = tried(judged, costs, Rails(changed_at=NOW - timedelta(days=6))).refusals
    assert why.startswith("one step in 7 days")


def test_protection_is_not_lowered_beyond_the_charter() -> None:
    judged, costs = made(limit=1.5, bad=0.01), Costs(5, 1)
    free = tried(judged, costs)
    assert free.proposed
    assert free.proposed.limit > free.now.limit
    at_most = free.now.escapes_at_most * 1.05
    held = tried(judged, costs, Rails(most_escapes=at_most))
    assert held.proposed is None or held.proposed.escapes_at_most <= at_most
    assert held.proposed != free.proposed
    said = tried(judged, costs, Rails(most_escapes=free.now.escapes_at_most / 2))
    assert said.proposed is None
    assert "escapes of at most" in said.refusals[0]


def test_seeds_that_were_missed_raise_the_bound() -> None:
    judged = made(limit=3.0, parts=40_000)
    missed = replace(judged, seeds=Seeds(found=80, judged=100))
    plain, corrected = (tried(one, Costs(100, 1)).now.escapes_at_most for one in (judged, missed))
    assert corrected > 1.25 * plain


def test_escapes_at_another_limit_count_what_it_would_have_passed() -> None:
    judged = made(limit=2.0, bad=0.02)
    for limit in (1.5, 2.0, 3.0):
        true = 0.02 * ndtr(limit - APART) / (0.02 * ndtr(limit - APART) + 0.98 * ndtr(limit))
        low, high = escapes_at(judged, limit).interval
        assert low < true < high


def test_parts_of_two_limits_are_refused() -> None:
    judged = made(limit=2.0, parts=5_000)
    passed = judged.passed.copy()
    passed[judged.score.argmax()] = True
    with pytest.raises(BadInput, match="take parts of one limit"):
        tried(replace(judged, passed=passed), Costs(100, 1))


def test_where_the_limit_is_the_cheapest_nothing_is_proposed() -> None:
    best = float(-ndtri(0.001))
    said = tried(replace(made(limit=best, bad=0.0)), Costs(1, 0.0))
    assert said.proposed is None
    assert said.refusals
