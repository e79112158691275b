"""What a target takes is told before anybody promises it."""

from __future__ import annotations

import pytest

from inspector.domain.charter import evidence


def test_a_hundred_ppm_with_fifty_audits_a_day_takes_years() -> None:
    found = evidence("escape_rate", 1e-4, days=28, audits=50, seeds=10)
    assert (found.planned, found.demonstrable) == (1400, False)
    assert found.needed == pytest.approx(29_956 * 16 / 13, abs=1)
    assert found.days == -(-found.needed // 50)


def test_the_budget_that_is_just_enough_is_enough() -> None:
    needed = evidence("escape_rate", 1e-2, days=1, audits=1, seeds=0).needed
    assert evidence("escape_rate", 1e-2, days=1, audits=needed, seeds=0).demonstrable
    assert not evidence("escape_rate", 1e-2, days=1, audits=needed - 1, seeds=0).demonstrable


def test_the_miss_rate_rests_on_seeds_and_what_every_part_shows_on_nothing() -> None:
    assert evidence("miss_rate", 0.02, days=28, audits=0, seeds=10).needed == 149
    assert not evidence("miss_rate", 0.02, days=28, audits=1000, seeds=0).demonstrable
    assert evidence("false_call_share", 0.3, days=1, audits=0, seeds=0).demonstrable
