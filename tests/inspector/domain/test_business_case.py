"""The business case: by hand where all is certain, intervals carried through where it is not."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from inspector.domain.business_case import NAMES, Horizon, Inputs, Quantity, business_case


def certain(value: float) -> Quantity:
    return Quantity(value, value, value, "2026-01-01 to 2026-01-31")


BASE = Inputs(*map(certain, dict.fromkeys(NAMES, 0.0).values()))
PLAIN = replace(
    BASE,
    hardware=certain(6000),
    integration=certain(4000),
    operations=certain(1000),
    audits=certain(7200),
    audit_s=certain(10),
    parts=certain(1_000_000),
    escape_before=certain(0.001),
    escape_after=certain(0.0005),
    escape_cost=certain(20),
    false_calls_before=certain(0.02),
    false_calls_after=certain(0.01),
    review_s=certain(9),
    scrap_before=certain(0.01),
    scrap_after=certain(0.009),
    scrap_cost=certain(2),
    downtime_before=certain(20),
    downtime_after=certain(15),
    downtime_cost=certain(100),
    hour_cost=certain(40),
)


def test_where_all_is_certain_it_is_as_by_hand() -> None:
    case = business_case(PLAIN, Horizon(2, 0.1))
    yearly = {name: one.value for name, one in case.yearly.items()}
    assert yearly == pytest.approx(
        {
            **{"escapes avoided": 10_000, "false calls avoided": 1000, "scrap avoided": 2000},
            **{"downtime avoided": 500, "audits": -800, "operations": -1000},
        }
    )
    assert case.once.value == 10_000
    assert case.payback_months.value == pytest.approx(12 * 10_000 / 11_700)
    assert case.net_present_value.value == pytest.approx(11_700 * (1 / 1.1 + 1 / 1.21) - 10_000)
    assert case.net_present_value.interval == pytest.approx([case.net_present_value.value] * 2)
    assert (case.drivers, case.assumed, case.pays_back) == ((), (), 1.0)


def test_an_input_s_interval_is_that_of_its_draws() -> None:
    drawn = Quantity(10, 4, 30).drawn(np.random.default_rng(1))
    assert np.quantile(drawn, (0.025, 0.5, 0.975)) == pytest.approx([4, 10, 30], rel=0.04)
    assert Quantity(1, 0, 1).drawn(np.random.default_rng(1)).min() >= 0


def test_the_interval_of_one_input_is_carried_through() -> None:
    case = business_case(replace(PLAIN, escape_cost=Quantity(20, 10, 50)), Horizon(1, 0.0))
    low, high = case.net_present_value.interval
    assert (low, high) == pytest.approx((1700 - 5000, 1700 + 15_000), rel=0.06)
    assert [one.name for one in case.drivers] == ["escape_cost"]
    assert case.drivers[0].at_low == pytest.approx(-3300)
    assert case.assumed == ("escape_cost",)
    assert 0.5 < case.pays_back < 1


def test_the_five_largest_drivers_stand_in_their_order() -> None:
    wide = {
        name: replace(one, low=one.value * 0.5, high=one.value * 1.5)
        for name in NAMES
        if (one := getattr(PLAIN, name)).value
    }
    drivers = business_case(replace(PLAIN, **wide), Horizon(3, 0.0)).drivers
    swings = [one.swing for one in drivers]
    assert len(drivers) == 5
    assert swings == sorted(swings, reverse=True)
    assert drivers[0].name == "escape_before"


def test_what_never_pays_back_says_so() -> None:
    case = business_case(replace(PLAIN, operations=certain(50_000)), Horizon(3, 0.0))
    assert case.payback_months.value == inf
    assert case.payback_months.interval == (inf, inf)
    assert case.pays_back == 0


def test_the_same_seed_gives_the_same_intervals() -> None:
    wide = replace(PLAIN, escape_cost=Quantity(20, 10, 50))
    assert business_case(wide, Horizon(1, 0.0)) == business_case(wide, Horizon(1, 0.0))
