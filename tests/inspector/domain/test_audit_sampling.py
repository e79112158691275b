"""The draw is uniform, repeatable and unforeseeable; the budget is spent as planned."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from inspector.domain.audit_sampling import (
    BUDGET_SHARES,
    LEAST_PI,
    PASSED_SHARES,
    AuditKey,
    AuditPlan,
    PartKey,
    Strata,
    audit_rates,
    cut,
    draw,
    gets_second_look,
    key_of_month,
    select,
    site_name,
    start_plan,
    strata_factor,
)
from inspector.domain.auditing import OPERATOR_STRATUM
from inspector.errors import BadInput

NOVEMBER = AuditKey("2026-11", b"n" * 32, datetime(2026, 11, 1, tzinfo=UTC))
DECEMBER = AuditKey("2026-12", b"d" * 32, datetime(2026, 12, 1, tzinfo=UTC))
PLAN = AuditPlan(Strata(7, (0.1, 0.2, 0.3)), (0.002, 0.003, 0.06, 0.2))
PART = PartKey("home", "ring", 1, 4711)


def parts(count: int) -> list[PartKey]:
    return [replace(PART, number=number) for number in range(count)]


def test_the_draw_is_hmac_sha_256_over_fields_with_their_lengths() -> None:
    text = b"5:audit4:home4:ring1:14:4711"
    digest = hmac.new(b"n" * 32, text, hashlib.sha256).digest()
    assert draw(NOVEMBER, PART, purpose="audit") == int.from_bytes(digest[:8], "big") / 2**64


@pytest.mark.parametrize(
    "other",
    [
        replace(PART, site="away"),
        replace(PART, station="board"),
        replace(PART, count_run=2),
        replace(PART, number=4712),
        PartKey("homer", "ing", 1, 4711),
        PartKey("home", "ring", 14, 711),
    ],
)
def test_stations_and_restarts_draw_other_parts(other: PartKey) -> None:
    assert draw(NOVEMBER, other, purpose="audit") != draw(NOVEMBER, PART, purpose="audit")


def test_a_new_key_draws_other_parts() -> None:
    plan = AuditPlan(Strata(1, ()), (0.1,))
    old = [select(plan, NOVEMBER, part, 0.0).selected for part in parts(2000)]
    new = [select(plan, DECEMBER, part, 0.0).selected for part in parts(2000)]
    both = sum(one and other for one, other in zip(old, new, strict=True))
    assert 5 < both < 45  # 1 % of 2000, as if they were independent


def test_as_many_are_drawn_as_the_probability_says() -> None:
    draws = np.array([draw(NOVEMBER, part, purpose="audit") for part in parts(20_000)])
    found, _ = np.histogram(draws, bins=20, range=(0, 1))
    assert ((found - 1000) ** 2 / 1000).sum() < 43.8  # chi square, 19 degrees, one in a thousand


def test_what_stands_on_the_record_is_all_that_an_estimate_needs() -> None:
    chosen = select(PLAN, NOVEMBER, PART, 0.25)
    assert (chosen.stratum, chosen.audit_pi) == (2, 0.06)
    assert (chosen.strata_version, chosen.key_id) == (7, "2026-11")
    assert chosen.selected is (draw(NOVEMBER, PART, purpose="audit") < 0.06)


@pytest.mark.parametrize(("score", "stratum"), [(-1, 0), (0.1, 1), (0.15, 1), (0.3, 3), (2, 3)])
def test_a_score_at_a_limit_lies_above_it(score: float, stratum: int) -> None:
    assert PLAN.strata.of(score) == stratum


def test_what_an_operator_passed_is_audited_in_full_by_default() -> None:
    chosen = [select(PLAN, NOVEMBER, part, 0.9, operator_passed=True) for part in parts(50)]
    assert {(one.stratum, one.audit_pi, one.selected) for one in chosen} == {
        (OPERATOR_STRATUM, 1.0, True)
    }


def test_a_second_look_does_not_follow_the_first() -> None:
    plan = AuditPlan(Strata(1, ()), (0.1,))
    audited = [part for part in parts(20_000) if select(plan, NOVEMBER, part, 0.0).selected]
    again = sum(gets_second_look(NOVEMBER, part) for part in audited)
    assert again / len(audited) == pytest.approx(0.1, abs=0.03)


def test_the_strata_hold_80_15_4_and_1_per_cent_of_what_passed() -> None:
    scores = np.random.default_rng(1).random(100_000)
    strata = cut(scores, version=3)
    held = np.bincount([strata.of(score) for score in scores], minlength=4) / 100_000
    assert held == pytest.approx(np.array(PASSED_SHARES), abs=1e-4)
    assert strata.version == 3


def test_no_passed_part_cuts_nothing() -> None:
    with pytest.raises(BadInput, match="no passed part"):
        cut(np.array([]), version=1)


PASSED = (16_000.0, 3_000.0, 800.0, 200.0)


def test_the_budget_is_split_65_17_10_8() -> None:
    rates = audit_rates(PASSED, 200, days_since_change=8)
    spent = [passed * rate for passed, rate in zip(PASSED, rates, strict=True)]
    assert spent == pytest.approx([200 * share for share in BUDGET_SHARES])


def test_a_new_model_is_audited_by_size_for_a_week() -> None:
    assert audit_rates(PASSED, 200, days_since_change=6.9) == pytest.approx([0.01] * 4)


def test_what_a_small_stratum_cannot_take_goes_to_the_others() -> None:
    passed = (800.0, 150.0, 40.0, 10.0)
    rates = audit_rates(passed, 200, days_since_change=30)
    assert rates[3] == 1.0
    assert sum(n * rate for n, rate in zip(passed, rates, strict=True)) == pytest.approx(200)


def test_a_line_with_fewer_parts_than_audits_is_audited_in_full() -> None:
    assert audit_rates((80, 15, 4, 1), 200, days_since_change=30) == (1, 1, 1, 1)


def test_no_stratum_is_out_of_reach() -> None:
    rates = audit_rates((8e7, 1.5e7, 4e6, 1e6), 50, days_since_change=30)
    assert min(rates) == LEAST_PI > 0
    with pytest.raises(BadInput, match="above 0"):
        AuditPlan(Strata(1, ()), (0.0,))


def test_a_bound_without_finds_takes_1_23_times_the_audits() -> None:
    assert strata_factor() == pytest.approx(1.23, abs=0.005)
    assert strata_factor(PASSED_SHARES) == 1


def test_wrong_plans_are_refused() -> None:
    with pytest.raises(BadInput, match="ascend"):
        Strata(1, (0.3, 0.1))
    with pytest.raises(BadInput, match="2 audit rates for 4 strata"):
        AuditPlan(PLAN.strata, (0.1, 0.2))


def test_parts_of_one_score_lie_in_the_stratum_of_the_many() -> None:
    scores = np.array([0.0] * 970 + [0.1] * 10 + [0.2] * 15 + [0.9] * 5)
    strata = cut(scores, version=1)
    assert [strata.of(one) for one in (0.0, 0.1, 0.9)] == [0, 2, 3]


def test_a_months_key_comes_from_the_sites_and_gives_away_no_other() -> None:
    november = key_of_month(b"s" * 32, datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    december = key_of_month(b"s" * 32, datetime(2026, 12, 1, tzinfo=UTC))
    assert november == key_of_month(b"s" * 32, datetime(2026, 11, 1, tzinfo=UTC))
    assert (november.id, december.id) == ("2026-11", "2026-12")
    secrets = {november.secret, december.secret, key_of_month(b"t" * 32, november.since).secret}
    assert len(secrets) == 3
    assert b"s" * 32 not in secrets
    assert site_name(b"s" * 32) != site_name(b"t" * 32)


def test_without_a_plan_every_part_has_the_start_share() -> None:
    one = select(start_plan(0.05), NOVEMBER, PART, score=0.7)
    assert (one.stratum, one.audit_pi, one.strata_version) == (0, 0.05, 0)
