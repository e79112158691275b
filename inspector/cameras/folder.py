"""Pictures from a folder at a steady rate: for trying things out without a camera."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

from inspector.cameras.schedule import Schedule
from inspector.domain.frame import BgrImage, Frame
from inspector.errors import CameraLost, CameraTimeout

KINDS = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


class FolderCamera:
    """Pictures in the order of their names; implements `ports.Camera`.

    The schedule is the camera's own: a frame that nobody fetched in time stays until somebody
    does, and its time stamp says when it was due. One that waits to be asked has no schedule.
    """

    def __init__(
        self, folder: Path, view: str, *, rate_hz: float, loop: bool = True, waits: bool = False
    ) -> None:
        """Take the settings; nothing is opened yet. A rate of 0: each picture when fetched."""
        self.session = 0
        self._folder, self._view = folder, view
        self._rate_hz, self._loop = rate_hz, loop
        self._schedule = Schedule(view, waits=waits)
        self._files: list[Path] = []
        self._broken: set[Path] = set()
        self._counter = 0

    def open(self) -> None:
        """List the folder, or raise `CameraLost`."""
        self.close()
        try:
            there = (f for f in self._folder.iterdir() if f.suffix.lower() in KINDS)
            files = sorted(f for f in there if f not in self._broken)
        except OSError as error:
            raise CameraLost(self._view, f"{self._folder}: {error.strerror}") from error
        if not files:
            raise CameraLost(self._view, f"{self._folder}: no pictures")
        self._files, self._counter = files, 0
        self._schedule.start()
        self.session += 1

    def frame(self, timeout_s: float) -> Frame:
        """Return the next picture when it is due.

        Raises:
            CameraTimeout: It is not due in time, or the last one was and there is no loop.
            CameraLost: Not open, or the file is not a picture.
        """
        if not self._files:
            raise CameraLost(self._view, "not open")
        if not self._loop and self._counter >= len(self._files):
            time.sleep(max(timeout_s, 0))
            raise CameraTimeout(self._view, timeout_s)
        after_s = (self._counter + 1) / self._rate_hz if self._rate_hz else None
        taken_us = self._schedule.until_due_us(after_s, timeout_s)
        counter, file = self._counter, self._files[self._counter % len(self._files)]
        self._counter += 1
        return Frame(
            self._view, self.session, counter, taken_us, self._picture(file), time.monotonic()
        )

    def take(self) -> None:
        """Deliver the next picture now."""
        if self._files:
            self._schedule.order()

    def close(self) -> None:
        """Forget the folder; may be called twice."""
        self._files = []

    def _picture(self, file: Path) -> BgrImage:
        try:
            content = np.frombuffer(file.read_bytes(), np.uint8)
        except OSError as error:
            raise CameraLost(self._view, f"{file}: {error.strerror}") from error
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
        if image is None:
            self._broken.add(file)  # else every session would end at it
            raise CameraLost(self._view, f"{file}: not a picture")
        return image.astype(np.uint8, copy=False)
