"""Starts the real RTSP server (rtsp_server.py) beside a test, with the system's Python."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Final, Self

import numpy as np

from inspector.domain.frame import BgrImage
from tests.needs import not_run

SYSTEM_PYTHON: Final = "/usr/bin/python3"
PACKAGES: Final = (
    "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
    "gstreamer1.0-plugins-ugly"
)
BALL_SIZE: Final = (480, 640)
BALL_STEP_US: Final = 40_000


class RtspServer:
    """A server of rtsp://127.0.0.1:port/top, which stays at its port over `stop` and `start`.

    Args:
        words: For rtsp_server.py.
    """

    def __init__(self, *words: str) -> None:
        self._words, self.port = words, 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/top"

    def start(self) -> None:
        """Start it, or leave the test as not run."""
        script = Path(__file__).with_name("rtsp_server.py")
        self.process = subprocess.Popen(
            [SYSTEM_PYTHON, str(script), *self._words, "--port", str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if not said:
            self.stop()
            not_run(f"no RTSP server (apt-get install {PACKAGES})")
        self.port = int(said)

    def feed(self, image: BgrImage, taken_us: int) -> None:
        """Stream a picture, of a server that was started with --fed."""
        assert self.process is not None
        assert self.process.stdin is not None
        height, width = image.shape[:2]
        self.process.stdin.write(struct.pack("<QQQ", width, height, taken_us))
        self.process.stdin.write(np.ascontiguousarray(image).tobytes())
        self.process.stdin.flush()

    def stop(self) -> None:
        """Kill it; may be called twice."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
