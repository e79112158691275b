"""A camera of the demo factory: frames over a Unix socket from the cameras' own process.

To a camera that waits to be asked, each byte sent is the order to take a picture.
The other side of the wire is `simulator/camera_server.py`.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

from inspector.cameras.frame_socket import FrameSocket
from inspector.domain.frame import Frame
from inspector.errors import CameraLost

TAKE = b"t"
CONNECT_TIMEOUT_S = 2.0


class SimulatedCamera:
    """One simulated camera; implements `ports.Camera`."""

    def __init__(self, path: Path, view: str) -> None:
        """Take the socket's path; nothing is opened yet."""
        self.session = 0
        self._path, self._view = path, view
        self._frames: FrameSocket | None = None

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
        self.session += 1
        self._frames = FrameSocket(connection, self._view, self.session)

    def frame(self, timeout_s: float) -> Frame:
        """Return the next frame; a part of one that came before a time-out is kept."""
        if self._frames is None:
            raise CameraLost(self._view, "not open")
        return self._frames.frame(timeout_s)

    def take(self) -> None:
        """Order one picture."""
        frames = self._frames
        if frames is not None:
            with suppress(OSError):  # `frame` meets the same end of it
                frames.send(TAKE)

    def close(self) -> None:
        """Disconnect; may be called twice."""
        if self._frames is not None:
            self._frames.close()
            self._frames = None
