"""One simulated camera: counter, clock, and what goes wrong on order."""

import numpy as np
import pytest
from blake3 import blake3

from inspector.simulator.camera import DOUBLE_AFTER_US, STAYS_US, Camera
from inspector.simulator.cell import Pulse

STARTED_US = 5_000_000


def camera() -> Camera:
    return Camera("ring", "ring", "top", started_us=STARTED_US)


def pulse(number: int, fault: str = "", *, truth: str = "good", delay_s: float = 0.0) -> Pulse:
    at_us = STARTED_US + number * 100_000
    return Pulse("top", number, at_us, 10_000_000 + number, truth, fault, delay_s)


def test_the_counter_starts_at_zero_and_counts_exposures() -> None:
    one = camera()
    shots = [one.edge(pulse(number))[0][0] for number in (1, 2, 3)]
    assert [shot.counter for shot in shots] == [0, 1, 2]


def test_its_clock_has_another_zero_but_the_same_intervals() -> None:
    one = camera()
    shots = [one.edge(pulse(number))[0][0] for number in (1, 2)]
    assert shots[1].taken_us - shots[0].taken_us == pytest.approx(100_000, abs=10)
    assert shots[0].taken_us != pulse(1).at_us


def test_the_truth_has_the_digest_of_the_very_pixels() -> None:
    (shot,), (line,) = camera().edge(pulse(7))
    assert line["picture"] == blake3(shot.image.tobytes()).hexdigest()
    assert (line["part"], line["counter"], line["view"]) == (7, 0, "top")


def test_a_dropped_frame_is_counted_but_never_delivered() -> None:
    one = camera()
    shots, lines = one.edge(pulse(1, "drop"))
    assert (shots, [line["fault"] for line in lines]) == ([], ["drop"])
    assert one.edge(pulse(2))[0][0].counter == 1


def test_a_missed_trigger_is_not_even_counted() -> None:
    one = camera()
    assert one.edge(pulse(1, "miss")) == ([], [])
    assert one.edge(pulse(2))[0][0].counter == 0


def test_a_doubled_frame_is_one_exposure_with_two_counts() -> None:
    shots, lines = camera().edge(pulse(1, "double"))
    assert [shot.counter for shot in shots] == [0, 1]
    assert shots[1].taken_us - shots[0].taken_us == DOUBLE_AFTER_US
    assert np.array_equal(shots[0].image, shots[1].image)
    assert [line["counter"] for line in lines] == [0, 1]


def test_a_frozen_frame_has_the_very_pixels_of_the_last() -> None:
    one = camera()
    before = one.edge(pulse(1))[0][0].image
    assert np.array_equal(one.edge(pulse(2, "freeze"))[0][0].image, before)
    assert not np.array_equal(one.edge(pulse(3))[0][0].image, before)


def test_a_delayed_frame_says_how_late_it_is_delivered() -> None:
    (shot,), _ = camera().edge(pulse(1, "delay", delay_s=1.5))
    assert shot.after_s == pytest.approx(1.5)


def test_a_phantom_shows_the_empty_belt() -> None:
    part = camera().edge(pulse(1))[0][0].image
    empty = camera().edge(pulse(1, truth="phantom"))[0][0].image
    assert empty.shape == part.shape
    assert empty.std() < part.std()


def test_a_camera_that_waits_shows_at_its_own_time_what_lies_before_it() -> None:
    one = Camera("ring", "ring", "top", started_us=STARTED_US, waits=True)
    assert one.edge(pulse(7)) == ([], [])
    late_us = pulse(7).at_us + 50_000
    (shot,), (line,) = one.ordered(late_us)
    (same,), _ = camera().edge(pulse(7))
    assert np.array_equal(shot.image, same.image)
    assert (line["part"], shot.counter) == (7, 0)
    assert shot.taken_us - same.taken_us == pytest.approx(50_000, abs=10)


def test_a_camera_that_waits_shows_an_empty_belt_when_the_part_is_gone() -> None:
    one = Camera("ring", "ring", "top", started_us=STARTED_US, waits=True)
    (_,), (line,) = one.ordered(STARTED_US)
    assert line["part"] == 0
    one.edge(pulse(7))
    (_,), (line,) = one.ordered(pulse(7).at_us + STAYS_US + 1)
    assert line["part"] == 0


def test_a_camera_with_a_trigger_input_takes_no_orders() -> None:
    assert camera().ordered(STARTED_US) == ([], [])
