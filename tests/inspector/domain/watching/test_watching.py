"""Each watch keeps its budget of false alarms without drift, and finds a real drift soon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from inspector.domain.watching.finds import AuditDay, find_alarms
from inspector.domain.watching.limits import (
    cusum_limit,
    cusum_run_length,
    cusum_step,
    ewma_limit,
    ewma_run_length,
)
from inspector.domain.watching.rejects import Groups, joined, reject_alarms
from inspector.domain.watching.scores import Scores, ks_distance, score_alarms

RUN_LENGTH_DAYS = 135.0  # one of three charts of a site with one false alarm in 45 days
DAYS, DRIFT_DAY, STREAMS = 28, 14, 40
BUDGET = STREAMS * DAYS / 30
"""What all watches together may cry in vain; the tests hold each kind to half of it."""


# --- limits ---


def test_the_moving_averages_limit_gives_its_run_length() -> None:
    """3.0 standard deviations at a weight of 0.2: S. Crowder 1987 has 560 values."""
    assert ewma_run_length(3.0) == pytest.approx(560, rel=0.01)
    assert ewma_run_length(ewma_limit(720)) == pytest.approx(720, rel=0.01)


def test_the_cusums_limit_gives_its_run_length() -> None:
    random = np.random.default_rng(2)
    expected, wanted = 0.5, 100.0
    limit = cusum_limit(expected, wanted)
    lengths = []
    for _ in range(300):
        total, steps = 0.0, 0
        while total <= limit:
            total = max(0.0, total + random.poisson(expected) - cusum_step(expected))
            steps += 1
        lengths.append(steps)
    assert wanted * 0.8 < np.mean(lengths)
    assert cusum_run_length(expected, limit) >= wanted * 0.95


def test_the_cusum_loses_less_than_a_threefold_rise_brings() -> None:
    assert 1.0 < cusum_step(1.0) < 3.0


# --- rejects ---


def stream(
    random: np.random.Generator,
    per_day: int,
    *,
    hourly: float = 0.0,
    daily: float = 0.0,
    rise: float = 1.0,
) -> Groups:
    """Return a stream with 1 % rejects, whose true share wanders; it rises on `DRIFT_DAY`."""
    hours = 24
    share = 0.01 * np.exp(hourly * random.standard_normal((DAYS, hours)))
    share = share * np.exp(daily * random.standard_normal((DAYS, 1)))
    share[DRIFT_DAY:] *= rise
    parts = np.full(DAYS * hours, per_day // hours)
    rejected = random.binomial(parts, share.ravel())
    return joined(Groups(np.repeat(np.arange(DAYS), hours), parts, rejected))


WANDERS = [(10_000, {}), (10_000, {"hourly": 0.15}), (10_000, {"daily": 0.15}), (1000, {})]
RISES = [(10_000, 1.5), (10_000, 2.0), (2000, 2.0), (10_000, 0.5)]


@pytest.mark.parametrize(("per_day", "wander"), WANDERS)
def test_rejects_without_drift_keep_the_budget(per_day: int, wander: dict[str, float]) -> None:
    random = np.random.default_rng(11)
    streams = (stream(random, per_day, **wander) for _ in range(STREAMS))
    alarms = [day for one in streams for day in reject_alarms(one, RUN_LENGTH_DAYS)]
    # Where days differ by themselves, five to ten of them say little of by how much.
    assert len(alarms) <= BUDGET * (2 / 3 if "daily" in wander else 1 / 2)


@pytest.mark.parametrize(("per_day", "rise"), RISES)
def test_a_shift_of_rejects_is_found_in_a_few_days(per_day: int, rise: float) -> None:
    random = np.random.default_rng(12)
    found = [reject_alarms(stream(random, per_day, rise=rise), RUN_LENGTH_DAYS) for _ in range(12)]
    soon = sum(any(DRIFT_DAY <= day < DRIFT_DAY + 5 for day in days) for days in found)
    assert soon >= 11


def test_a_shift_that_stays_is_one_alarm_until_it_is_what_is_usual() -> None:
    days = reject_alarms(stream(np.random.default_rng(13), 10_000, rise=3.0), RUN_LENGTH_DAYS)
    assert days[0] == DRIFT_DAY
    assert [day for day in days[1:] if day <= DRIFT_DAY + 7] == []


def test_hours_are_joined_until_they_hold_five_rejects_and_never_across_days() -> None:
    one = stream(np.random.default_rng(14), 2400)
    assert len(one.day) < DAYS * 24 / 4
    assert one.rejected.mean() > 5
    assert one.parts.sum() == DAYS * 2400
    assert (np.bincount(one.day, weights=one.parts) == 2400).all()


def test_a_short_stream_has_no_alarm() -> None:
    one = stream(np.random.default_rng(15), 2400)
    first = one.day < 5
    few = Groups(one.day[first], one.parts[first], 5 * one.rejected[first])
    assert reject_alarms(few, RUN_LENGTH_DAYS) == []


def test_no_reject_at_all_is_no_alarm() -> None:
    day = np.arange(480) // 24
    none = joined(Groups(day, np.full(480, 100), np.zeros(480, dtype=np.int64)))
    assert reject_alarms(none, RUN_LENGTH_DAYS) == []


# --- scores ---


def scores(
    random: np.random.Generator, *, wander: float = 0.0, shift: float = 0.0, per_day: int = 1000
) -> Iterator[tuple[int, Scores]]:
    for day in range(DAYS):
        middle = wander * random.standard_normal() + (shift if day >= DRIFT_DAY else 0.0)
        yield day, middle + random.standard_normal(per_day)


@pytest.mark.parametrize("wander", [0.0, 0.1])
def test_scores_without_drift_keep_the_budget(wander: float) -> None:
    random = np.random.default_rng(21)
    streams = (scores(random, wander=wander) for _ in range(STREAMS))
    alarms = [day for one in streams for day in score_alarms(one, RUN_LENGTH_DAYS)]
    assert len(alarms) <= BUDGET / 2


def test_a_shift_of_a_quarter_standard_deviation_is_found_the_same_day() -> None:
    random = np.random.default_rng(22)
    found = [score_alarms(scores(random, shift=0.25), RUN_LENGTH_DAYS) for _ in range(10)]
    assert sum(DRIFT_DAY in days for days in found) >= 9


def test_days_with_few_scores_are_joined() -> None:
    random = np.random.default_rng(23)
    days = score_alarms(scores(random, shift=1.0, per_day=400), RUN_LENGTH_DAYS)
    assert [day for day in days if DRIFT_DAY <= day < DRIFT_DAY + 5]
    assert score_alarms(scores(random, shift=9.0, per_day=10), RUN_LENGTH_DAYS) == []


def test_equal_scores_are_no_distance() -> None:
    assert ks_distance(np.zeros(500), np.zeros(900)) == 0.0
    assert ks_distance(np.zeros(8), np.ones(8)) == pytest.approx(2.0)


# --- audit finds ---


def audits(random: np.random.Generator, *, rise: float = 1.0, more: float = 1.0) -> list[AuditDay]:
    """Return 200 audits a day; from `DRIFT_DAY` on there are so many times as many bad, or all."""
    rates, sizes = np.array([0.001, 0.01, 0.03]), np.array([140, 40, 20])
    found = []
    for day in range(DAYS):
        late = day >= DRIFT_DAY
        audited = random.poisson(sizes * (more if late else 1.0))
        bad = random.binomial(audited, rates * (rise if late else 1.0))
        found.append(AuditDay(day, audited, bad))
    return found


@pytest.mark.parametrize("more", [1.0, 3.0])
def test_finds_without_drift_keep_the_budget_when_the_audit_rate_changes_too(more: float) -> None:
    random = np.random.default_rng(31)
    streams = (audits(random, more=more) for _ in range(STREAMS))
    alarms = [day for one in streams for day in find_alarms(one, RUN_LENGTH_DAYS)]
    assert len(alarms) <= BUDGET / 2


def test_a_tenfold_rise_of_finds_is_noticed_within_two_days() -> None:
    random = np.random.default_rng(32)
    found = [find_alarms(audits(random, rise=10.0), RUN_LENGTH_DAYS) for _ in range(10)]
    soon = sum(any(DRIFT_DAY <= day < DRIFT_DAY + 2 for day in days) for days in found)
    assert soon >= 9
