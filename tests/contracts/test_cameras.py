"""What every camera does (ports.Camera): the simulated one and the folder."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

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
        self.outlet = Outlet(Source("ring", "ring", "top", started_us=0), path)
        self._server = self._run(self.outlet.opened())

    def take(self, pictures: int) -> None:
        """Deliver pictures to everybody who is connected, once somebody is."""
        while not self.outlet.figures()["clients"]:
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
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _run[T](self, work: "asyncio.coroutines.Coroutine[object, object, T]") -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)
