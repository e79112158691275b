"""Frames over a local socket, from another process: a header, then the pixels.

The header has the frame counter, the camera's own time in µs, width and height; the pixels are
blue-green-red. A width of 0 is an end: the height is then the length of the text that says why.
"""

from __future__ import annotations

import socket
import struct
import time

import numpy as np

from inspector.domain.frame import Frame
from inspector.errors import CameraLost, CameraTimeout

HEADER = struct.Struct("<QQII")
LARGEST_PX = 8192
LONGEST_WHY = 1000


class FrameSocket:
    """The receiving end of a connection that stands.

    Args:
        connection: Closed by `close`.
        view: Named in errors.
        session: Of the frames.
    """

    def __init__(self, connection: socket.socket, view: str, session: int) -> None:
        self._socket, self._view, self._session = connection, view, session
        self._head: tuple[int, int, int, int] | None = None
        self._expect(HEADER.size)

    def frame(self, timeout_s: float) -> Frame:
        """Return the next frame; a part of one that came before a time-out is kept.

        Raises:
            CameraTimeout: No whole one came in time.
            CameraLost: The other end said why it ended, closed, or speaks something else.
        """
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._fill(deadline_s, timeout_s)
            if self._head is not None:
                return self._whole_frame(self._head)
            head = self._checked(HEADER.unpack(self._buffer))
            _, _, width, height = head
            self._expect(3 * width * height if width else height, head)

    def send(self, order: bytes) -> None:
        """Send an order to the other end; raises OSError when it is gone."""
        self._socket.sendall(order)

    def close(self) -> None:
        """Disconnect."""
        self._socket.close()

    def _expect(self, size: int, head: tuple[int, int, int, int] | None = None) -> None:
        self._head, self._filled = head, 0
        self._buffer = bytearray(size)

    def _fill(self, deadline_s: float, timeout_s: float) -> None:
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

    def _whole_frame(self, head: tuple[int, int, int, int]) -> Frame:
        ready_s = time.monotonic()
        counter, taken_us, width, height = head
        if not width:
            raise CameraLost(self._view, self._buffer.decode(errors="replace"))
        image = np.frombuffer(self._buffer, np.uint8).reshape(height, width, 3)
        self._expect(HEADER.size)
        return Frame(self._view, self._session, counter, taken_us, image, ready_s)

    def _checked(self, head: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        _, _, width, height = head
        picture = 0 < width <= LARGEST_PX and 0 < height <= LARGEST_PX
        if not picture and not (width == 0 < height <= LONGEST_WHY):
            raise CameraLost(self._view, f"a frame of {width} × {height} px: not this protocol")
        return head
