"""No figure without its evidence.

Every share is shown with count, total and interval; nothing judged gives no certainty.
"""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from inspector.domain.share import Share


@pytest.mark.parametrize(("count", "total"), [(0, 10), (3, 2500), (2500, 2500), (1, 1)])
def test_a_share_carries_wilsons_interval(count: int, total: int) -> None:
    share = Share(count, total)
    expected = binomtest(count, total).proportion_ci(0.95, method="wilson")
    assert share.interval == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert f"{count}/{total}" in str(share)


def test_nothing_judged_is_no_certainty() -> None:
    assert Share(0, 0).interval == (0.0, 1.0)
