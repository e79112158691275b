"""A pilot's comparison: exact against an oracle, and right however often one looks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from inspector.domain.piloting import DECIDES, Pair, compared, e_value, mcnemar


@pytest.mark.parametrize(("mended", "spoilt"), [(0, 0), (5, 0), (3, 9), (20, 7), (6, 6), (1, 2)])
def test_mcnemar_is_the_exact_binomial_test(mended: int, spoilt: int) -> None:
    total = mended + spoilt
    expected = binomtest(mended, total).pvalue if total else 1.0
    assert mcnemar(mended, spoilt) == pytest.approx(expected)


def test_the_e_value_is_one_on_average_where_nothing_is_better() -> None:
    total = 12
    weights = np.array([1.0])
    for _ in range(total):
        weights = np.convolve(weights, [0.5, 0.5])
    mean = sum(weight * e_value(k, total - k) for k, weight in enumerate(weights))
    assert mean == pytest.approx(1.0)


def test_looking_after_every_part_deceives_no_more_often_than_said() -> None:
    random = np.random.default_rng(1)
    deceived = 0
    for _ in range(300):
        wins = (random.random(400) < 0.5).cumsum().tolist()
        deceived += any(e_value(win, n - win) >= DECIDES for n, win in enumerate(wins, start=1))
    assert deceived <= 0.05 * 300 + 6


def test_a_true_improvement_is_shown_and_says_after_which_part() -> None:
    pairs = [Pair(n, f"{n % 6}", True, n % 3 > 0, n % 10 > 0) for n in range(200)]
    found = compared(pairs)
    assert found.baseline[0] == pytest.approx(67 / 200)
    assert found.assisted[0] == pytest.approx(20 / 200)
    assert found.decided
    assert found.path[found.decided - 1] >= DECIDES > found.path[found.decided - 2]
    assert found.difference == pytest.approx(-47 / 200)
    assert found.difference_interval
    assert found.difference_interval[0] < found.difference < found.difference_interval[1]


def test_what_gets_worse_is_never_called_better() -> None:
    pairs = [Pair(n, "a", True, baseline_right=True, assisted_right=n % 4 > 0) for n in range(200)]
    found = compared(pairs)
    assert (found.mended, found.spoilt, found.decided) == (0, 50, None)
    assert found.e_value < 0.1
    assert found.worse
    assert found.p_value < 1e-6
    assert found.difference_interval is None


def test_parts_count_in_the_order_of_their_times() -> None:
    pairs = [Pair(n, "a", True, n > 20, True) for n in range(100)]
    assert compared(pairs[::-1]).decided == compared(pairs).decided
