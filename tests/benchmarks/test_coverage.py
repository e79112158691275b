"""The coverage study, cut short: the interval holds, the unweighted share does not."""

from __future__ import annotations

import pytest

from benchmarks.coverage import SETTINGS, Covered, Setting, bad_shares, covered


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_interval_holds_the_truth(setting: Setting) -> None:
    row = covered(setting, 1e-3, runs=60, seed=3)
    assert not row.fails, row
    if setting.apart:
        assert row.naive < 0.5 * row.runs


def test_a_score_that_says_nothing_leaves_the_bad_parts_where_all_are() -> None:
    assert bad_shares(0.0) == pytest.approx([0.80, 0.15, 0.04, 0.01])


def test_a_method_that_holds_too_rarely_or_is_too_wide_fails() -> None:
    assert Covered(SETTINGS[0], 1e-3, runs=1000, held=930, naive=0, width=1.0).fails
    assert not Covered(SETTINGS[0], 1e-3, runs=1000, held=940, naive=0, width=1.0).fails
    assert Covered(SETTINGS[0], 1e-3, runs=1000, held=990, naive=0, width=1.31).fails
