"""A video file, replayed at its rate or another speed, or as fast as pictures are fetched."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from inspector.cameras.capture import START_S, Capture, first_frame
from inspector.cameras.capture_process import Job
from inspector.cameras.schedule import Schedule
from inspector.domain.frame import Frame
from inspector.errors import CameraLost

OPTIONS = "protocol_whitelist;file"
"""A file may name others, and addresses: of the network none is followed."""


class VideoCamera:
    """Every picture of a file, in order; implements `ports.Camera`.

    A picture that nobody fetched in time stays until somebody does; its time stamp says when it
    was due.
    """

    def __init__(
        self,
        file: Path,
        view: str,
        *,
        speed: float = 1.0,
        loop: bool = True,
        waits: bool = False,
    ) -> None:
        """Take the settings; nothing is opened yet. A speed of 0: each picture when fetched."""
        self.session = 0
        self._file, self._view, self._speed = file, view, speed
        self._job = Job(str(file), options=OPTIONS, newest=False, loop=loop)
        self._schedule = Schedule(view, waits=waits)
        self._capture: Capture | None = None
        self._next: Frame | None = None

    def open(self) -> None:
        """Open the file and see its first picture, or raise `CameraLost`."""
        self.close()
        if not self._file.is_file():
            raise CameraLost(self._view, f"{self._file}: no such file")
        capture = Capture(self._view, self.session + 1, self._job)
        self._next = first_frame(self._view, capture, START_S)
        self._capture = capture
        self.session += 1
        self._schedule.start()

    def frame(self, timeout_s: float) -> Frame:
        """Return the next picture when it is due.

        Raises:
            CameraTimeout: It is not due in time, or the last one was and there is no loop.
            CameraLost: Not open, or the file cannot be read further.
        """
        if self._capture is None:
            raise CameraLost(self._view, "not open")
        if self._next is None:
            self._next = self._capture.frame(timeout_s)
        taken_us = self._schedule.until_due_us(self._after_s(self._next), timeout_s)
        frame, self._next = self._next, None
        return replace(frame, taken_us=taken_us, ready_s=time.monotonic())

    def take(self) -> None:
        """Deliver the next picture now."""
        if self._capture is not None:
            self._schedule.order()

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._capture is not None:
            self._capture.close()
            self._capture = None

    def _after_s(self, frame: Frame) -> float | None:
        return frame.taken_us / 1e6 / self._speed if self._speed else None
