"""A bench for each kind of camera: what the contract suite (test_cameras.py) runs over.

A new kind adds one line to `BENCHES`. Its function is a context manager that yields a `Bench`, or
leaves the test as not run (tests/needs.py) where the computer lacks something.
"""

import asyncio
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
from inspector.cameras.simulated import SimulatedCamera
from inspector.ports import Camera
from inspector.simulator.camera import Camera as Source
from inspector.simulator.camera import Shot
from inspector.simulator.camera_server import Outlet

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


BENCHES: Final[tuple[tuple[str, Callable[[Path], AbstractContextManager[Bench]]], ...]] = (
    ("folder", folder_bench),
    ("simulated", simulated_bench),
)
