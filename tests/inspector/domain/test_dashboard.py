"""Trends in eighths, limits of the rejects, how far the audits have come."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from inspector.domain.dashboard import MOST_POINTS, Point, control_chart, eighths, strata_of
from inspector.domain.kpi import Window
from tests.web.boards import seen
from tests.web.fakes import START

HOUR = timedelta(hours=1)


def hour(n: int, passed: int, rejected: int) -> Point:
    return Point(START + n * HOUR, passed + rejected, rejected)


@pytest.mark.parametrize("hours", [1, 5, 24, 28 * 24])
def test_eighths_cover_the_window_and_meet_at_whole_hours(hours: int) -> None:
    window = Window(START + timedelta(minutes=20), START + timedelta(minutes=20) + hours * HOUR)
    parts = eighths(window)
    assert len(parts) == min(8, hours)
    assert (parts[0].since, parts[-1].until) == (window.since, window.until)
    for one, after in pairwise(parts):
        assert one.until == after.since
        assert one.until.minute == 0
        assert one.since < one.until


def test_a_window_of_minutes_is_one_part() -> None:
    window = Window(START, START + timedelta(minutes=5))
    assert eighths(window) == (window,)


def test_steady_rejects_lie_within_their_limits_and_a_jump_beyond() -> None:
    steady = [hour(n, 97 + n % 2, 3 - n % 2) for n in range(20)]
    points = control_chart(steady)
    assert len(points) == 20
    assert not any(one.is_out for one in points)
    jumped = control_chart([*steady, hour(20, 80, 20)])
    assert [one.is_out for one in jumped] == [False] * 20 + [True]


def test_wandering_rejects_widen_their_own_limits() -> None:
    """Laney's sigma: what varies by more than chance from hour to hour is no alarm."""
    wandering = [hour(n, 1000 - 60 * (n % 2), 20 + 60 * (n % 2)) for n in range(20)]
    assert not any(one.is_out for one in control_chart(wandering))


def test_few_points_have_no_limits_and_none_rejected_neither() -> None:
    assert {one.high for one in control_chart([hour(n, 90, 10) for n in range(7)])} == {None}
    assert {one.high for one in control_chart([hour(n, 90, 0) for n in range(20)])} == {None}
    assert control_chart([]) == ()


def test_stations_are_summed_by_hour_and_long_windows_joined() -> None:
    both = [hour(0, 90, 10), hour(0, 80, 20)]
    (point,) = control_chart(both)
    assert (point.parts, point.rejected) == (200, 30)
    year = control_chart([hour(n, 99, 1) for n in range(2000)])
    assert len(year) <= MOST_POINTS
    assert sum(one.parts for one in year) == 200_000


def test_each_stratum_says_what_was_drawn_judged_and_bad() -> None:
    rows = strata_of(seen(bad=3))
    assert [one.drawn for one in rows] == [1600, 450, 240, 200]
    assert (rows[3].name, rows[3].judged, rows[3].bad) == ("scores, stratum 4", 194, 3)
