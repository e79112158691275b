"""Pictures from a folder at a steady rate: for trying things out without a camera."""

from __future__ import annotations

import time
from pathlib import Path
from queue import Empty, SimpleQueue

import cv2
import numpy as np

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
        """Take the settings; nothing is opened yet."""
        self.session = 0
        self._waits = waits
        self._asked: SimpleQueue[float] = SimpleQueue()
        self._folder, self._view = folder, view
        self._rate_hz, self._loop = rate_hz, loop
        self._files: list[Path] = []
        self._opened_s: float | None = None
        self._counter = 0

    def open(self) -> None:
        """List the folder, or raise `CameraLost`."""
        self.close()
        try:
            files = sorted(f for f in self._folder.iterdir() if f.suffix.lower() in KINDS)
        except OSError as error:
            raise CameraLost(self._view, f"{self._folder}: {error.strerror}") from error
        if not files:
            raise CameraLost(self._view, f"{self._folder}: no pictures")
        self._files, self._counter, self._asked = files, 0, SimpleQueue()
        self._opened_s = time.monotonic()
        self.session += 1

    def frame(self, timeout_s: float) -> Frame:
        """Return the next picture when it is due.

        Raises:
            CameraTimeout: It is not due in time, or the last one was and there is no loop.
            CameraLost: Not open, or the file is not a picture.
        """
        if self._opened_s is None:
            raise CameraLost(self._view, "not open")
        due_s = self._due_s(self._opened_s, timeout_s)
        wait_s = due_s - time.monotonic()
        ended = not self._loop and self._counter >= len(self._files)
        if ended or wait_s > timeout_s:
            time.sleep(max(timeout_s, 0))
            raise CameraTimeout(self._view, timeout_s)
        time.sleep(max(wait_s, 0))
        counter, file = self._counter, self._files[self._counter % len(self._files)]
        self._counter += 1
        taken_us = round((due_s - self._opened_s) * 1e6)
        return Frame(
            self._view, self.session, counter, taken_us, self._picture(file), time.monotonic()
        )

    def take(self) -> None:
        """Deliver the next picture now."""
        if self._opened_s is not None:
            self._asked.put(time.monotonic())

    def _due_s(self, opened_s: float, timeout_s: float) -> float:
        """Return when the next picture is due, or was asked for."""
        if not self._waits:
            return opened_s + (self._counter + 1) / self._rate_hz
        try:
            return self._asked.get(timeout=max(timeout_s, 0))
        except Empty:
            raise CameraTimeout(self._view, timeout_s) from None

    def close(self) -> None:
        """Forget the folder; may be called twice."""
        self._opened_s = None

    def _picture(self, file: Path) -> BgrImage:
        try:
            content = np.frombuffer(file.read_bytes(), np.uint8)
        except OSError as error:
            raise CameraLost(self._view, f"{file}: {error.strerror}") from error
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
        if image is None:
            raise CameraLost(self._view, f"{file}: not a picture")
        return image.astype(np.uint8, copy=False)
