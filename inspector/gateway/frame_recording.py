"""Records the frames that a worker looks at: each as a lossless picture with what came with it."""

from __future__ import annotations

import json
import logging
from itertools import count
from pathlib import Path

import cv2

from inspector.domain.frame import Frame
from inspector.gateway.recording import FRAMES, Tape, order_in
from inspector.gateway.view_reader import frame_head
from inspector.ipc import Runtime

MOST_WAITING = 24
"""Of the largest cameras some hundred MB."""
QUICK = (cv2.IMWRITE_PNG_COMPRESSION, 1)

log = logging.getLogger(__name__)


class FrameRecording:
    """What one station's worker looks at.

    Args:
        runtime: Where the order stands.
        station: The worker's.
    """

    def __init__(self, runtime: Runtime, station: str) -> None:
        self._runtime, self._station = runtime, station
        self._tape: Tape[Frame] | None = None
        self._folder: Path | None = None

    def obey(self) -> None:
        """Begin or end recording as is ordered."""
        order = order_in(self._runtime)
        folder = order.folder if order and self._station in order.stations else None
        if folder == self._folder:
            return
        if self._tape is not None:
            self._tape.end()
        self._folder, self._tape = folder, None
        if folder is not None:
            try:
                file = folder / self._station / FRAMES
                numbers = count()
                self._tape = Tape(
                    file,
                    most=MOST_WAITING,
                    line_of=lambda frame: written(frame, file.parent, next(numbers)),
                )
            except OSError as error:  # also when another life of this process has begun it
                log.warning("%s cannot be recorded: %s", self._station, error)

    def note(self, frame: Frame) -> None:
        """Record a frame that is about to be looked at."""
        if self._tape is not None:
            self._tape.put(frame)


def written(frame: Frame, folder: Path, number: int) -> bytes:
    """Write a frame's picture, and return the line about it."""
    name = f"{number:08d}.png"
    done, content = cv2.imencode(".png", frame.image, QUICK)
    if not done:
        raise OSError(f"{name} cannot be encoded")
    (folder / name).write_bytes(content.tobytes())
    return json.dumps({"picture": name, **frame_head(frame)}).encode()
