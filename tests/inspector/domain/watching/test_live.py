"""The watches speak within the day, once there is enough of it, and say what to do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from inspector.domain.watching.budget import run_length_days
from inspector.domain.watching.finds import AuditDay
from inspector.domain.watching.live import Watched, beyond_now
from inspector.domain.watching.rejects import Groups, joined
from inspector.domain.watching.scores import Scores
from inspector.domain.watching.words import Watch

RUN_LENGTH = run_length_days(1)
DAYS, HOURS = 20, 24
NOBODY = Groups(*(np.zeros(0, np.int64) for _ in range(3)))


def hours(last: list[int], parts: int = 400) -> Groups:
    """Return days with 1 % rejects, and then the first hours of the next day with these."""
    random = np.random.default_rng(6)
    rejected = [*random.binomial(parts, 0.01, DAYS * HOURS).tolist(), *last]
    day = np.repeat(np.arange(DAYS + 1), HOURS)[: len(rejected)]
    return Groups(day, np.full(len(rejected), parts), np.array(rejected))


def said(groups: Groups, run_length: float = RUN_LENGTH) -> str:
    return beyond_now(Watched(groups, DAYS), run_length)[Watch.REJECTS]


def test_a_rise_of_rejects_is_told_within_the_day_with_both_shares_and_what_to_do() -> None:
    assert said(hours([4, 3, 5, 4, 3, 4])) == ""
    text = said(hours([16, 15, 18, 17, 16, 15]))
    assert text.startswith("rejects: 2.80% of 4000 parts in the last hours, 1.03% of")
    assert "in the days before. Look at camera, lamp and lens first" in text


def test_rejects_that_stop_are_told_too() -> None:
    assert said(hours([0] * 14)).startswith("rejects: 0.00% of")


def test_it_stands_until_the_moving_average_has_forgotten_it() -> None:
    risen = [16, 15, 18, 17, 16]
    assert said(hours([*risen, *[4] * 4])) != ""
    assert said(hours([*risen, *[4] * 18])) == ""


def test_an_hour_of_the_open_day_with_too_few_rejects_waits_for_more() -> None:
    """At 4 rejects an hour two of them are a group; a lone hour of 20 might be chance."""
    assert said(hours([40])) == ""
    assert said(hours([40, 40, 40, 40])) != ""


def test_a_smaller_budget_takes_more_to_be_told() -> None:
    some = hours([9, 10, 9, 10])
    assert said(some, run_length_days(1, false_alarms_per_30_days=30)) != ""
    assert said(some, run_length_days(100, false_alarms_per_30_days=0.01)) == ""
    assert run_length_days(4, 0.5) == pytest.approx(4 * 3 * 1.5 * 60)


def test_a_station_without_parts_says_nothing() -> None:
    nothing = Watched(NOBODY, DAYS, scores=[], audits=[])
    assert beyond_now(nothing, RUN_LENGTH) == dict.fromkeys(Watch, "")
    for rejected in (5, 0):
        only_today = Groups(np.array([DAYS]), np.array([5]), np.array([rejected]))
        assert said(only_today) == ""


def test_hours_of_the_open_day_that_make_no_whole_group_are_left_out() -> None:
    """Five rejects at 1 % are 500 parts."""
    learned = Groups(np.arange(5), np.full(5, 10_000), np.full(5, 100))
    parts = np.array([300, 300, 100, 350, 200])
    today = Groups(np.full(5, 5), parts, np.zeros(5, np.int64))
    both = Groups(*(np.append(*pair) for pair in zip(fields(learned), fields(today), strict=True)))
    assert joined(both, open_day=5).parts.tolist()[5:] == [600, 650]
    assert joined(both.until(-1), open_day=5).parts.tolist()[5:] == [600]
    assert joined(both.until(-1)).parts.tolist()[5:] == [1050], "a day that is over has no rest"
    assert joined(both.until(-4), open_day=5).parts.tolist()[5:] == []


def fields(groups: Groups) -> tuple[NDArray[np.int64], ...]:
    return groups.day, groups.parts, groups.rejected


def test_scores_and_finds_are_only_asked_for_whole_days() -> None:
    assert [*beyond_now(Watched(NOBODY, DAYS), RUN_LENGTH)] == [Watch.REJECTS]


def days_of_scores(shift: float) -> list[tuple[int, Scores]]:
    random = np.random.default_rng(3)
    return [(day, random.normal(shift * (day == DAYS - 1), 1, 900)) for day in range(DAYS)]


def test_scores_that_lie_otherwise_on_the_last_day_are_told() -> None:
    for shift, told in ((0.0, False), (0.4, True)):
        seen = Watched(NOBODY, DAYS, scores=days_of_scores(shift), audits=[])
        assert bool(beyond_now(seen, RUN_LENGTH)[Watch.SCORES]) is told


def test_more_audit_finds_are_told_with_their_number() -> None:
    def day(number: int, found: int) -> AuditDay:
        return AuditDay(number, np.array([200]), np.array([found]))

    usual = [day(number, number % 5 == 0) for number in range(DAYS)]
    assert beyond_now(Watched(NOBODY, DAYS, [], usual), RUN_LENGTH)[Watch.FINDS] == ""
    more = [*usual, *(day(DAYS + n, 2) for n in range(7))]
    text = beyond_now(Watched(NOBODY, DAYS, [], more), RUN_LENGTH)[Watch.FINDS]
    assert "14 of 1400 on the last 7 audited days" in text
