"""A camera of the demo factory: frames over a Unix socket from the cameras' own process.

Each frame is a header (frame counter, the camera's own time in µs, width, height) and the pixels,
blue-green-red. To a camera that waits to be asked, each byte sent is the order to take a picture.
The other side of the wire is `simulator/camera_server.py`.
"""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from inspector.domain.frame import Frame
from inspector.errors import CameraLost, CameraTimeout

HEADER = struct.Struct("<QQII")
TAKE = b"t"
LARGEST_PX = 8192
CONNECT_TIMEOUT_S = 2.0


class SimulatedCamera:
    """One simulated camera; implements `ports.Camera`."""

    def __init__(self, path: Path, view: str) -> None:
        """Take the socket's path; nothing is opened yet."""
        self.session = 0
        self._path, self._view = path, view
        self._socket: socket.socket | None = None
        self._buffer = bytearray(HEADER.size)
        self._filled = 0
        self._head: tuple[int, int, int, int] | None = None

    def open(self) -> None:
        """Connect, or raise `CameraLost`."""
        self.close()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_TIMEOUT_S)
        try:
            connection.connect(str(self._path))
        except OSError as error:
            connection.close()
            raise CameraLost(self._view, error.strerror or "no answer") from error
        self._socket = connection
        self.session += 1
        self._expect_header()

    def frame(self, timeout_s: float) -> Frame:
        """Return the next frame; a part of one that came before a time-out is kept."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._fill(deadline_s, timeout_s)
            if self._head is not None:
                return self._whole_frame()
            self._head = self._checked(HEADER.unpack(self._buffer))
            _, _, width, height = self._head
            self._buffer, self._filled = bytearray(3 * width * height), 0

    def take(self) -> None:
        """Order one picture."""
        connection = self._socket
        if connection is not None:
            with suppress(OSError):  # `frame` meets the same end of it
                connection.send(TAKE)

    def close(self) -> None:
        """Disconnect; may be called twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _fill(self, deadline_s: float, timeout_s: float) -> None:
        if self._socket is None:
            raise CameraLost(self._view, "not open")
        rest = memoryview(self._buffer)
        while self._filled < len(self._buffer):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise CameraTimeout(self._view, timeout_s)
            self._socket.settimeout(left_s)
            try:
                came = self._socket.recv_into(rest[self._filled :])
            except TimeoutError:
                raise CameraTimeout(self._view, timeout_s) from None
            except OSError as error:
                raise CameraLost(self._view, error.strerror or "connection broken") from error
            if not came:
                raise CameraLost(self._view, "the camera closed the connection")
            self._filled += came

    def _whole_frame(self) -> Frame:
        ready_s = time.monotonic()
        counter, taken_us, width, height = self._head or (0, 0, 0, 0)
        image = np.frombuffer(self._buffer, np.uint8).reshape(height, width, 3)
        self._expect_header()
        return Frame(self._view, self.session, counter, taken_us, image, ready_s)

    def _checked(self, head: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        _, _, width, height = head
        if not (0 < width <= LARGEST_PX and 0 < height <= LARGEST_PX):
            raise CameraLost(self._view, f"a frame of {width} × {height} px: not this protocol")
        return head

    def _expect_header(self) -> None:
        self._head = None
        self._buffer, self._filled = bytearray(HEADER.size), 0
