"""What every kind of camera does (ports.Camera); the kinds stand in camera_benches.py.

What only one kind does is in tests/inspector/cameras/.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from inspector.errors import CameraLost, CameraTimeout
from tests.contracts.camera_benches import BENCHES, PICTURES, WAIT_S, Bench, handles

NO_TIME_S = 0.02
AT_ONCE_S = 2.0
RECONNECTS = 5


@pytest.fixture(params=[made for _, made in BENCHES], ids=[kind for kind, _ in BENCHES])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    made: Callable[[Path], AbstractContextManager[Bench]] = request.param
    with made(tmp_path) as one:
        yield one
        one.camera.close()
        if one.waits:
            one.waits.close()


def test_frames_come_oldest_first_with_the_cameras_own_counter_and_clock(bench: Bench) -> None:
    bench.camera.open()
    bench.take(2 * PICTURES)
    frames = [bench.camera.frame(WAIT_S) for _ in range(2 * PICTURES)]
    for before, after in pairwise(frames):
        steps = after.counter - before.counter
        assert steps == 1 or (bench.skips and steps > 1)
        apart_us = steps * bench.interval_us
        assert abs(after.taken_us - before.taken_us - apart_us) <= bench.tolerance_us
        assert after.ready_s >= before.ready_s
    assert abs(frames[-1].ready_s - time.monotonic()) < WAIT_S
    assert {(frame.view, frame.session) for frame in frames} == {("top", 1)}


def test_a_frame_is_a_bgr_picture_that_no_later_one_overwrites(bench: Bench) -> None:
    bench.camera.open()
    bench.take(1 + PICTURES)
    image = bench.camera.frame(WAIT_S).image
    as_it_came = image.copy()
    later = [bench.camera.frame(WAIT_S).image for _ in range(PICTURES)]
    assert [one.shape for one in (image, *later)] == [(*bench.size, 3)] * (1 + PICTURES)
    assert all(one.dtype == np.uint8 for one in (image, *later))
    assert np.array_equal(image, as_it_came)
    assert not np.array_equal(image, later[0])


def test_no_frame_in_time_is_a_time_out_and_the_camera_is_still_well(bench: Bench) -> None:
    bench.camera.open()
    with pytest.raises(CameraTimeout):
        none_takes_them_that_fast(bench)
    bench.take(1)
    assert bench.camera.frame(WAIT_S).session == 1


def none_takes_them_that_fast(bench: Bench) -> None:
    for _ in range(PICTURES):
        bench.camera.frame(0.001)


def test_each_connection_is_a_session_of_its_own(bench: Bench) -> None:
    bench.camera.open()
    assert bench.camera.session == 1
    bench.camera.close()
    bench.camera.open()
    bench.take(1)
    assert bench.camera.frame(WAIT_S).session == 2


def test_a_camera_that_is_not_open_has_no_frames(bench: Bench) -> None:
    with pytest.raises(CameraLost, match="not open"):
        bench.camera.frame(NO_TIME_S)
    bench.camera.open()
    bench.camera.close()
    bench.camera.close()
    with pytest.raises(CameraLost, match="not open"):
        bench.camera.frame(NO_TIME_S)


def test_a_camera_that_went_away_is_lost_and_found_again_when_it_is_back(bench: Bench) -> None:
    bench.camera.open()
    bench.take(1)
    bench.camera.frame(WAIT_S)
    bench.break_it()
    with pytest.raises(CameraLost, match="top"):
        until_lost(bench)
    bench.mend()
    bench.camera.close()
    bench.camera.open()
    bench.take(1)
    assert bench.camera.frame(WAIT_S).session == 2


def until_lost(bench: Bench) -> None:
    """Read as the gateway does; a camera may need some time-outs to be sure that it is gone."""
    deadline_s = time.monotonic() + 4 * WAIT_S
    while time.monotonic() < deadline_s:
        try:
            bench.camera.frame(0.2)
        except CameraTimeout:
            continue


def test_a_camera_that_waits_takes_one_picture_for_each_order_and_none_without(
    bench: Bench,
) -> None:
    camera = bench.waits
    if camera is None:
        pytest.skip("this kind cannot be asked for a picture")
    camera.take()  # nobody is connected: nothing comes of it
    camera.open()
    with pytest.raises(CameraTimeout):
        camera.frame(NO_TIME_S)
    camera.take()
    first = camera.frame(WAIT_S)
    camera.take()
    assert camera.frame(WAIT_S).counter == first.counter + 1
    with pytest.raises(CameraTimeout):
        camera.frame(NO_TIME_S)


def test_a_camera_that_is_not_there_is_lost(bench: Bench) -> None:
    with pytest.raises(CameraLost, match="top"):
        bench.absent.open()


def test_a_reconnecting_camera_leaves_nothing_open(bench: Bench) -> None:
    bench.camera.open()
    bench.camera.close()
    before = handles()
    for _ in range(RECONNECTS):
        bench.camera.open()
        bench.camera.close()
    deadline_s = time.monotonic() + AT_ONCE_S
    while handles() > before and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert handles() <= before
