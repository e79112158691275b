"""A bench for each kind of camera: what the contract suite (test_cameras.py) runs over.

A new kind adds one line to `BENCHES`. Its function is a context manager that yields a `Bench`, or
leaves the test as not run (tests/needs.py) where the computer lacks something.
"""

import asyncio
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import cv2
import numpy as np

from inspector.cameras.folder import FolderCamera
from inspector.cameras.genicam import GenicamCamera
from inspector.cameras.genicam_connection import Wanted
from inspector.cameras.rtsp import rtsp_camera
from inspector.cameras.simulated import SimulatedCamera
from inspector.cameras.usb import usb_camera
from inspector.cameras.video import VideoCamera
from inspector.ports import Camera
from inspector.simulator.camera import Camera as Source
from inspector.simulator.camera import Shot
from inspector.simulator.camera_server import Outlet
from tests.gige import ADDRESS, SMALL, fake_gige
from tests.needs import impossible, require_program
from tests.rtsp_streams import BALL_SIZE, BALL_STEP_US, RtspServer

WAIT_S = 5.0
PICTURES = 3
RATE_HZ = 50.0
T = TypeVar("T")


@dataclass(frozen=True)
class Bench:
    """A camera of view `top`, not yet open, and how to let it take its pictures and to break it.

    Attributes:
        camera: Opened and closed by the test.
        take: Lets it take so many pictures; one that runs by itself need not be told.
        break_it: Takes the camera away.
        mend: Brings it back.
        absent: One of the kind that is nowhere to be found.
        waits: The same camera as one that waits to be asked; None: the kind has no such.
        size: Height and width of its pictures.
        interval_us: Between two pictures by the camera's own clock.
        tolerance_us: Of the interval.
        skips: Whether it passes over pictures that nobody fetched, as its counter then says.
    """

    camera: Camera
    take: Callable[[int], None]
    break_it: Callable[[], None]
    mend: Callable[[], None]
    absent: Camera
    waits: Camera | None = None
    size: tuple[int, int] = (30, 40)
    interval_us: int = 20_000
    tolerance_us: int = 0
    skips: bool = False


def handles() -> int:
    """Return how many files and threads, of any library, this process has now."""
    return sum(len(list(Path(f"/proc/self/{of}").iterdir())) for of in ("fd", "task"))


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
        """End the loop and its thread; may be called twice."""
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


@contextmanager
def simulated_bench(folder: Path) -> Iterator[Bench]:
    """Yield a camera of the demo factory."""
    path = folder / "camera.sock"
    sides = [Served(path)]
    camera = SimulatedCamera(path, "top")
    before = 0

    def take(pictures: int) -> None:
        sides[-1].take(pictures, connections=camera.session - before)

    def break_it() -> None:
        sides[-1].close()

    def mend() -> None:
        nonlocal before
        before = camera.session
        sides.append(Served(path))

    absent = SimulatedCamera(folder / "none", "top")
    yield Bench(camera, take, break_it, mend, absent, waits=SimulatedCamera(path, "top"))
    sides[-1].close()


@contextmanager
def folder_bench(folder: Path) -> Iterator[Bench]:
    """Yield a folder of pictures."""
    pictures = folder / "pictures"
    pictures.mkdir()

    def mend() -> None:
        for number in range(PICTURES):
            image = np.full((30, 40, 3), number, np.uint8)
            assert cv2.imwrite(str(pictures / f"{number}.png"), image)

    def break_it() -> None:
        for file in pictures.iterdir():
            file.unlink()

    mend()
    yield Bench(
        FolderCamera(pictures, "top", rate_hz=RATE_HZ),
        lambda _: None,
        break_it,
        mend,
        absent=FolderCamera(folder / "none", "top", rate_hz=1),
        waits=FolderCamera(pictures, "top", rate_hz=1000, waits=True),
    )


@contextmanager
def video_bench(folder: Path) -> Iterator[Bench]:
    """Yield a video file."""
    file = folder / "video.avi"

    def mend() -> None:
        writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), RATE_HZ, (40, 30))
        for number in range(PICTURES):
            writer.write(np.full((30, 40, 3), 40 * number, np.uint8))
        writer.release()

    mend()
    yield Bench(
        VideoCamera(file, "top"),
        lambda _: None,
        file.unlink,
        mend,
        absent=VideoCamera(folder / "none", "top"),
        waits=VideoCamera(file, "top", waits=True),
    )


@contextmanager
def rtsp_bench(_: Path) -> Iterator[Bench]:
    """Yield the stream of a real RTSP server, whose camera runs by itself."""
    with RtspServer() as server:
        yield Bench(
            rtsp_camera("top", server.address),
            lambda _: None,
            server.stop,
            server.start,
            absent=rtsp_camera("top", server.address + "/none"),
            waits=rtsp_camera("top", server.address, waits=True),
            size=BALL_SIZE,
            interval_us=BALL_STEP_US,
            tolerance_us=20,  # a stream's clock ticks each 11 µs
            skips=True,
        )


@contextmanager
def usb_bench(_: Path) -> Iterator[Bench]:
    """Yield the output of a v4l2 loopback, where the kernel has one."""
    names = Path("/sys/class/video4linux").glob("*/name")
    loops = [name.parent.name for name in names if "loopback" in name.read_text().lower()]
    if not loops:
        impossible("the kernel has no v4l2loopback")
    launch = require_program("gst-launch-1.0", package="gstreamer1.0-tools")
    ball = "video/x-raw,format=YUY2,width=640,height=480,framerate=25/1"
    sink = ["v4l2sink", f"device=/dev/{loops[0]}"]
    command = [launch, "-q", "videotestsrc", "is-live=true", "pattern=ball", "!", ball, "!", *sink]
    running: list[subprocess.Popen[bytes]] = []

    def break_it() -> None:
        running[-1].kill()
        running[-1].wait()

    def mend() -> None:
        running.append(subprocess.Popen(command))

    mend()
    yield Bench(
        usb_camera("top", f"/dev/{loops[0]}"),
        lambda _: None,
        break_it,
        mend,
        absent=usb_camera("top", "/dev/video999"),
        waits=usb_camera("top", f"/dev/{loops[0]}", waits=True),
        size=BALL_SIZE,
        interval_us=BALL_STEP_US,
        tolerance_us=10_000,
        skips=True,
    )
    break_it()


@contextmanager
def genicam_bench(_: Path) -> Iterator[Bench]:
    """Yield Aravis' fake GigE Vision camera, which runs by itself and keeps its own time."""
    by_order = {**SMALL, "TriggerMode": "On"}
    with fake_gige() as camera:
        yield Bench(
            GenicamCamera(Wanted(ADDRESS, features=SMALL), "top"),
            lambda _: None,
            camera.kill,
            camera.start,
            absent=GenicamCamera(Wanted("127.0.0.9"), "top"),
            waits=GenicamCamera(Wanted(ADDRESS, features=by_order, waits=True), "top"),
            size=(48, 64),
            tolerance_us=500_000,  # on a computer that has other things to do
        )


BENCHES: Final[tuple[tuple[str, Callable[[Path], AbstractContextManager[Bench]]], ...]] = (
    ("folder", folder_bench),
    ("genicam", genicam_bench),
    ("rtsp", rtsp_bench),
    ("simulated", simulated_bench),
    ("usb", usb_bench),
    ("video", video_bench),
)
