"""A clock that is held back shows, from the files that Linux has of each CPU."""

from pathlib import Path

import pytest

from inspector.gateway.processor_clock import LOOK_EACH_S, SHOWN_S, ProcessorClock


def put(cpus: Path, file: str, value: object) -> None:
    (cpus / file).parent.mkdir(parents=True, exist_ok=True)
    (cpus / file).write_text(f"{value}\n")


@pytest.fixture
def cpus(tmp_path: Path) -> Path:
    """Two CPUs at their full clock that throttled some time before."""
    for cpu in ("cpu0", "cpu1"):
        put(tmp_path, f"{cpu}/cpufreq/cpuinfo_max_freq", 3_000_000)
        put(tmp_path, f"{cpu}/cpufreq/scaling_max_freq", 3_000_000)
        put(tmp_path, f"{cpu}/thermal_throttle/core_throttle_count", 7)
        put(tmp_path, f"{cpu}/thermal_throttle/package_throttle_count", 9)
    return tmp_path


def test_a_clock_that_runs_free_is_no_complaint_whatever_was_before(cpus: Path) -> None:
    clock = ProcessorClock(cpus)
    assert [clock.complaint(at_s) for at_s in (0.0, 100.0)] == ["", ""]


def test_where_linux_shows_nothing_nothing_is_said(tmp_path: Path) -> None:
    assert ProcessorClock(tmp_path).complaint(0.0) == ""


@pytest.mark.parametrize("what", ["core", "package"])
def test_throttling_for_heat_is_said_until_a_minute_after_the_last_time(
    what: str, cpus: Path
) -> None:
    clock = ProcessorClock(cpus)
    put(cpus, f"cpu1/thermal_throttle/{what}_throttle_count", 10)
    assert clock.complaint(0.0) == "the processor throttles its clock: it is too hot"
    put(cpus, f"cpu1/thermal_throttle/{what}_throttle_count", 11)
    assert clock.complaint(30.0)
    assert clock.complaint(30.0 + SHOWN_S - 1)
    assert clock.complaint(30.0 + SHOWN_S + LOOK_EACH_S) == ""


def test_a_limit_below_the_full_clock_is_said_with_both(cpus: Path) -> None:
    clock = ProcessorClock(cpus)
    put(cpus, "cpu1/cpufreq/scaling_max_freq", 1_200_000)
    assert clock.complaint(0.0) == "the processor's clock is held at 1200 of 3000 MHz"
    put(cpus, "cpu1/cpufreq/scaling_max_freq", 3_000_000)
    assert clock.complaint(LOOK_EACH_S - 1), "it looks now and then, not at each beat"
    assert clock.complaint(LOOK_EACH_S) == ""


def test_a_cpu_that_is_taken_away_has_nothing_to_say(cpus: Path) -> None:
    clock = ProcessorClock(cpus)
    (cpus / "cpu1/cpufreq/scaling_max_freq").unlink()
    (cpus / "cpu1/thermal_throttle/core_throttle_count").write_text("")
    assert clock.complaint(0.0) == ""
