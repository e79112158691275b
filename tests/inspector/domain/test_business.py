"""What a figure means in parts, time and money, with its interval and with what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.domain import incidents, iso22400, quality
from inspector.domain.business import NO_TABLE, Business, paired
from inspector.domain.incidents import Failure, Incident
from inspector.domain.kpi import Kpi
from inspector.domain.prices import Costs, Prices
from inspector.domain.quality import Rejects
from tests.inspector.domain.test_kpis import REJECTS, WINDOW, after, escapes

PRICES = Prices("EUR", Costs(100, 2, 0.5, 10), bad_part=8, standstill_hour=600)


def figures(rejects: Rejects = REJECTS) -> list[Kpi]:
    escaped = escapes()
    return [
        *(escaped, quality.miss_rate(escaped, rejects)),
        quality.false_reject_rate(rejects, escaped),
        *(quality.false_call_share(rejects, WINDOW), quality.reviewed_share(rejects, WINDOW)),
        quality.not_inspected_rate(40, 1000, WINDOW),
        iso22400.first_pass_yield(100_000, 100_000 + rejects.rejected, WINDOW),
        iso22400.throughput_rate(36_000, 36_000, WINDOW),
        incidents.time_to_respond([Incident(after(5), action=after(7))], WINDOW),
        incidents.mean_time_to_restoration([Failure(after(0), after(30))], WINDOW),
        incidents.mean_time_between_failures([Failure(after(0), after(30))], [], WINDOW),
    ]


def pairs(
    kpis: list[Kpi], prices: Prices | None = PRICES, look_s: float | None = None
) -> dict[str, Business]:
    found = paired(kpis, prices, look_s)
    return {one.kpi.definition.id: one.business for one in found if one.business}


def test_escapes_cost_what_the_site_says_with_the_interval_of_their_rate() -> None:
    rate = escapes()
    cost = pairs(figures())["escape_rate"]
    assert cost.amount == rate.numerator
    assert cost.money == pytest.approx(100 * rate.numerator)
    assert rate.interval is not None
    ends = [100 * 100_000 * one for one in rate.interval]
    assert cost.money_interval == pytest.approx(ends)
    assert str(cost) == "Escapes: 107.1 [39.3, 233.2] parts, 10,714.3 [3,932.0, 23,320.5] EUR"


@pytest.mark.parametrize(
    ("name", "amount", "money"),
    [
        ("false_reject_rate", 30, 60),
        ("not_inspected_rate", 40, 80),
        ("false_call_share", 30 * 10 / 60, 30 * 0.5),
        ("reviewed_share", 100 * 10 / 60, 50),
        ("first_pass_yield", 70, 560),
        ("time_to_respond", 120, None),
        ("mean_time_to_restoration", 0.5, 300),
    ],
)
def test_what_it_comes_to(name: str, amount: float, money: float | None) -> None:
    found = pairs(figures())[name]
    assert found.amount == pytest.approx(amount)
    assert found.money == (None if money is None else pytest.approx(money))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("miss_rate", "escape_rate"),
        ("mean_operating_time_between_failures", "mean_time_to_restoration"),
    ],
)
def test_two_figures_of_one_thing_have_the_same_cost(one: str, other: str) -> None:
    found = pairs(figures())
    assert found[one] == found[other]
    assert found[one].money is not None


def test_a_look_that_was_measured_goes_before_the_one_that_was_entered() -> None:
    found = pairs(figures(), look_s=6)["false_call_share"]
    assert found.amount == pytest.approx(30 * 6 / 60)
    assert found.money == pytest.approx(30 * 0.5), "a look costs what it costs"


def test_without_a_table_there_are_parts_and_the_words_what_to_enter() -> None:
    found = pairs(figures(), None, 6)
    assert found["false_reject_rate"].amount == 30
    assert {one.money for one in found.values()} == {None}
    assert found["false_reject_rate"].missing == NO_TABLE
    bare = replace(PRICES, standstill_hour=None)
    why = pairs(figures(), bare)["mean_time_to_restoration"].missing
    assert why == "no money: enter costs.standstill_hour in site.toml"


def test_a_figure_that_may_not_be_shown_gives_no_amount_either() -> None:
    unjudged = Rejects(rejected=100, reviewed=0, called_good=0, good=0)
    found = pairs(figures(unjudged))
    for name in ("false_reject_rate", "first_pass_yield"):
        assert found[name].amount is None
        assert found[name].missing == "no reject was judged"
    assert found["false_call_share"].missing == "nothing to count"
    no_time = pairs(figures(), None)["false_call_share"]
    assert no_time.missing == "no look was measured: enter costs.review_s in site.toml"
