"""What every camera does (ports.Camera): the simulated one and the folder."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pytest

from inspector.cameras import simulated
from inspector.cameras.folder import FolderCamera
from inspector.cameras.simulated import SimulatedCamera
from inspector.errors import CameraLost, CameraTimeout
from inspector.ports import Camera
from inspector.simulator import camera_server
from inspector.simulator.camera import Camera as Source
from inspector.simulator.camera import Shot
from inspector.simulator.camera_server import Outlet

WAIT_S = 5.0
NO_TIME_S = 0.02
PICTURES = 3
RATE_HZ = 50.0
T = TypeVar("T")


@dataclass
class Bench:
    """A camera, and how to let it take its pictures and to break it."""

    camera: Camera
    take: Callable[[int], None]
    break_it: Callable[[], None]


class Served:
    """The simulated camera's own side, in an event loop beside the test."""

    def __init__(self, path: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        source = Source("ring", "ring", "top", started_us=0)
        self.outlet = Outlet(source, path, lambda _: self._deliver())
        self._run(self.outlet.open())

    def take(self, pictures: int, *, connections: int) -> None:
        """Deliver pictures to everybody, once so many connections have come."""
        while self.outlet.figures()["connections"] < connections:
            time.sleep(0.001)
        for _ in range(pictures):
            self._loop.call_soon_threadsafe(self._deliver)

    def close(self) -> None:
        if self._thread.is_alive():
            self._run(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _deliver(self) -> None:
        counter = self.outlet.camera.counter
        self.outlet.camera.counter += 1
        image = np.full((30, 40, 3), counter % 256, np.uint8)
        self.outlet.deliver(Shot(counter, counter * 20_000, image))

    async def _end(self) -> None:
        await self._some_turns()  # whoever connected just now gets as far as being served
        await self.outlet.close()
        await self._some_turns()  # and their sockets are closed

    @staticmethod
    async def _some_turns() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    def _run(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    side = Served(tmp_path / "camera.sock")
    yield side
    side.close()


def simulated_bench(served: Served, tmp_path: Path) -> Bench:
    camera = SimulatedCamera(tmp_path / "camera.sock", "top")

    def take(pictures: int) -> None:
        served.take(pictures, connections=camera.session)

    return Bench(camera, take, served.close)


def folder_bench(tmp_path: Path) -> Bench:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(PICTURES):
        image = np.full((30, 40, 3), number, np.uint8)
        assert cv2.imwrite(str(folder / f"{number}.png"), image)

    def break_it() -> None:
        for file in folder.iterdir():
            file.unlink()

    return Bench(FolderCamera(folder, "top", rate_hz=RATE_HZ), lambda _: None, break_it)


@pytest.fixture(params=["simulated", "folder"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "simulated":
        one = simulated_bench(request.getfixturevalue("served"), tmp_path)
    else:
        one = folder_bench(tmp_path)
    yield one
    one.camera.close()


def test_frames_come_oldest_first_with_the_cameras_own_counter_and_clock(bench: Bench) -> None:
    bench.camera.open()
    bench.take(2 * PICTURES)
    frames = [bench.camera.frame(WAIT_S) for _ in range(2 * PICTURES)]
    assert [frame.counter for frame in frames] == list(range(2 * PICTURES))
    for before, after in pairwise(frames):
        assert after.taken_us - before.taken_us == 20_000
        assert after.ready_s >= before.ready_s
    assert abs(frames[-1].ready_s - time.monotonic()) < WAIT_S
    assert {(frame.view, frame.session) for frame in frames} == {("top", 1)}


def test_a_frame_is_a_bgr_picture(bench: Bench) -> None:
    bench.camera.open()
    bench.take(2)
    images = [bench.camera.frame(WAIT_S).image for _ in range(2)]
    assert [image.shape for image in images] == [(30, 40, 3)] * 2
    assert all(image.dtype == np.uint8 for image in images)
    assert [int(image.max()) for image in images] == [0, 1]


def test_no_frame_in_time_is_a_time_out_and_the_camera_is_still_well(bench: Bench) -> None:
    bench.camera.open()
    with pytest.raises(CameraTimeout):
        bench.camera.frame(0.001)
    bench.take(1)
    assert bench.camera.frame(WAIT_S).counter == 0


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


def test_a_camera_that_went_away_is_lost(bench: Bench) -> None:
    bench.camera.open()
    bench.take(1)
    bench.camera.frame(WAIT_S)
    bench.break_it()
    with pytest.raises(CameraLost):
        bench.camera.frame(WAIT_S)


@pytest.mark.parametrize("kind", ["simulated", "folder"])
def test_a_camera_that_waits_takes_one_picture_for_each_order_and_none_without(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if kind == "simulated":
        camera = simulated_bench(request.getfixturevalue("served"), tmp_path).camera
    else:
        folder_bench(tmp_path)
        camera = FolderCamera(tmp_path / "pictures", "top", rate_hz=1000, waits=True)
    camera.take()  # nobody is connected: nothing comes of it
    camera.open()
    with pytest.raises(CameraTimeout):
        camera.frame(0.02)
    camera.take()
    camera.take()
    assert [camera.frame(WAIT_S).counter for _ in range(2)] == [0, 1]
    with pytest.raises(CameraTimeout):
        camera.frame(0.02)
    camera.close()


@pytest.mark.parametrize("kind", ["simulated", "folder"])
def test_a_camera_that_is_not_there_is_lost(kind: str, tmp_path: Path) -> None:
    camera: Camera = SimulatedCamera(tmp_path / "none", "top")
    if kind == "folder":
        camera = FolderCamera(tmp_path / "none", "top", rate_hz=1)
    with pytest.raises(CameraLost, match="top"):
        camera.open()


# --- the simulated camera alone ---


def test_both_ends_of_the_wire_mean_the_same_header() -> None:
    assert simulated.HEADER.format == camera_server.HEADER.format


def test_a_frame_that_comes_in_pieces_survives_a_time_out(tmp_path: Path) -> None:
    path = tmp_path / "camera.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        camera = SimulatedCamera(path, "top")
        camera.open()
        other, _ = listener.accept()
        whole = struct.pack("<QQII", 9, 77, 2, 1) + bytes(range(6))
        for piece in (whole[:10], whole[10:26]):
            other.sendall(piece)
            with pytest.raises(CameraTimeout):
                camera.frame(NO_TIME_S)
        other.sendall(whole[26:])
        frame = camera.frame(WAIT_S)
        assert (frame.counter, frame.taken_us) == (9, 77)
        assert frame.image.tobytes() == bytes(range(6))
        camera.close()
        other.close()


def test_what_is_not_this_protocol_is_lost_not_read_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "camera.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        camera = SimulatedCamera(path, "top")
        camera.open()
        other, _ = listener.accept()
        other.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n")
        with pytest.raises(CameraLost, match="protocol"):
            camera.frame(WAIT_S)
        camera.close()
        other.close()


def test_a_client_that_does_not_read_loses_its_oldest_frames_and_delays_nobody(
    served: Served, tmp_path: Path
) -> None:
    slow, quick = (SimulatedCamera(tmp_path / "camera.sock", "top") for _ in range(2))
    slow.open()
    quick.open()
    for number in range(200):
        served.take(1, connections=2)
        assert quick.frame(WAIT_S).counter == number
    counters = [slow.frame(WAIT_S).counter]
    while counters[-1] < 199:
        counters.append(slow.frame(WAIT_S).counter)
    assert counters == sorted(set(counters))
    assert served.outlet.figures()["dropped"] == 200 - len(counters) > 0
    slow.close()
    quick.close()


# --- the folder alone ---


def test_a_folder_without_loop_ends_in_time_outs(tmp_path: Path) -> None:
    folder_bench(tmp_path)
    camera = FolderCamera(tmp_path / "pictures", "top", rate_hz=1000, loop=False)
    camera.open()
    for _ in range(PICTURES):
        camera.frame(WAIT_S)
    with pytest.raises(CameraTimeout):
        camera.frame(NO_TIME_S)
    camera.close()


def test_a_folder_without_pictures_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    camera = FolderCamera(tmp_path, "top", rate_hz=1000)
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(CameraLost, match="no pictures"):
        camera.open()
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    camera.open()
    with pytest.raises(CameraLost, match=r"broken\.png"):
        camera.frame(WAIT_S)
    camera.close()
