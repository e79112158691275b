"""Shifts follow the clock on the wall, and every moment lies in exactly one."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from inspector.domain.periods import Shifts

BERLIN = Shifts(ZoneInfo("Europe/Berlin"), (time(6), time(14), time(22)))


def of_day(shifts: Shifts, first: datetime, n: int = 3) -> list[float]:
    """Return how many hours the n shifts last that follow a moment."""
    lengths, moment = [], first
    for _ in range(n):
        shift = shifts.at(moment)
        assert shift
        lengths.append((shift.ended_at - shift.began_at) / timedelta(hours=1))
        moment = shift.ended_at
    return lengths


def test_a_shift_is_named_by_when_it_began_at_the_wall_clock() -> None:
    shift = BERLIN.at(datetime(2026, 7, 1, 3, 30, tzinfo=UTC))  # 05:30 in Berlin
    assert shift
    assert shift.name == "2026-06-30 22:00"
    assert (shift.began_at.hour, shift.ended_at.hour) == (20, 4)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (datetime(2026, 3, 28, 5, tzinfo=UTC), [8, 8, 7]),  # 23 hours: the clock is put forward
        (datetime(2026, 10, 24, 4, tzinfo=UTC), [8, 8, 9]),  # 25 hours: it is put back
        (datetime(2026, 6, 30, 4, tzinfo=UTC), [8, 8, 8]),  # a day on which leap seconds came
    ],
)
def test_a_shift_in_which_the_clock_is_set_is_an_hour_shorter_or_longer(
    day: datetime, hours: list[float]
) -> None:
    assert of_day(BERLIN, day) == hours


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
def test_shifts_follow_each_other_without_a_hole_for_a_year(zone: str) -> None:
    shifts = Shifts(ZoneInfo(zone), (time(2, 30), time(14)))
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    while moment < datetime(2027, 1, 1, tzinfo=UTC):
        shift = shifts.at(moment)
        assert shift
        assert shift.began_at <= moment < shift.ended_at
        before = shifts.at(shift.ended_at - timedelta(microseconds=1))
        assert before == shift
        moment = shift.ended_at


def test_without_shifts_there_are_none() -> None:
    assert Shifts(ZoneInfo("UTC")).at(datetime(2026, 7, 1, tzinfo=UTC)) is None
