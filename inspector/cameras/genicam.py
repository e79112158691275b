"""GigE Vision and USB3 Vision cameras, by Aravis.

Aravis receives in a thread of its own, puts packets together and asks again for lost ones. What is
here: which frame is which, which are not to be used, and that a camera which went away is lost
within a second and a half.
"""

from __future__ import annotations

import logging
import time
from threading import Lock
from typing import Final

from inspector.cameras.aravis import GenicamFailed
from inspector.cameras.genicam_connection import COMPLETE, OTHER_SIZE, Buffer, Connection, Wanted
from inspector.cameras.pixel_formats import FORMATS, bgr_of
from inspector.domain.frame import Frame
from inspector.errors import CameraLost, CameraTimeout

NUMBERS: Final = 0xFFFF
"""A GigE Vision frame's number has 16 bits and leaves out 0; newer cameras' have 64."""
MOST_MISSED: Final = 1000
"""A number that lies further ahead around the end of 16 bits is a camera that counts anew."""

log = logging.getLogger(__name__)


class GenicamCamera:
    """One industrial camera; implements `ports.Camera` and `ports.CountsLosses`."""

    def __init__(self, wanted: Wanted, view: str) -> None:
        """Take the settings; nothing is opened yet."""
        self.session = 0
        self._wanted, self._view = wanted, view
        self._connection: Connection | None = None
        self._counter: int | None = None
        self._incomplete = self._resent_before = 0
        self._gone = False
        self._ordering = Lock()  # a picture is ordered in another thread than the one that closes

    def open(self) -> None:
        """Connect, make the camera what the station file says, and start it, or `CameraLost`."""
        self.close()
        try:
            self._connection = Connection(self._wanted)
        except GenicamFailed as error:
            raise self._lost(error) from error
        self.session += 1
        self._counter, self._gone = None, False

    def frame(self, timeout_s: float) -> Frame:
        """Return the next complete frame; those with missing packets are counted and left out."""
        if self._connection is None:
            raise CameraLost(self._view, "not open")
        ends_s = time.monotonic() + timeout_s
        try:
            while (buffer := self._connection.next_buffer(ends_s - time.monotonic())) is not None:
                try:
                    frame = self._frame_of(buffer, time.monotonic())
                finally:
                    self._connection.give_back(buffer)
                if frame is not None:
                    return frame
            self._connection.must_be_there(time.monotonic())
        except GenicamFailed as error:
            self._gone = True
            raise self._lost(error) from error
        raise CameraTimeout(self._view, timeout_s)

    def take(self) -> None:
        """Order one picture."""
        with self._ordering:
            if self._connection is None or self._gone:
                return
            try:
                self._connection.order()
            except GenicamFailed as error:  # `frame` meets the same end of it
                log.warning("camera of view %s took no picture: %s", self._view, error)

    def close(self) -> None:
        """Disconnect; may be called twice."""
        with self._ordering:
            if self._connection is not None:
                self._resent_before += self._connection.resent_packets()
                self._connection.close(stop=not self._gone)
                self._connection = None

    def losses(self) -> dict[str, int]:
        """Return incomplete frames, and packets that came only when asked for again."""
        now = self._connection.resent_packets() if self._connection is not None else 0
        return {"incomplete": self._incomplete, "resent_packets": self._resent_before + now}

    def _lost(self, error: GenicamFailed) -> CameraLost:
        return CameraLost(self._view, f"{self._wanted}: {error}")

    def _frame_of(self, buffer: Buffer, ready_s: float) -> Frame | None:
        if buffer.status == OTHER_SIZE:
            msg = "it changed the size of its pictures"
            raise GenicamFailed(msg)
        if buffer.status != COMPLETE:
            self._incomplete += 1
            so_far = self._incomplete
            log.warning("camera of view %s: incomplete frame (%d so far)", self._view, so_far)
            return None
        if buffer.pixel_format not in FORMATS:
            msg = f"pixels of format {buffer.pixel_format:#010x} are not read: set PixelFormat"
            raise GenicamFailed(msg)
        counter = carried_on(self._counter, buffer.number)
        if counter is None:
            msg = "it began to count its frames anew"
            raise GenicamFailed(msg)
        self._counter = counter
        image = bgr_of(
            buffer.pixels,
            buffer.pixel_format,
            width=buffer.width,
            height=buffer.height,
            padding=buffer.padding,
        )
        taken_us = buffer.taken_ns // 1000
        return Frame(self._view, self.session, counter, taken_us, image, ready_s)


def carried_on(counter: int | None, number: int) -> int | None:
    """Return the frame counter that a frame's number means, or None when the camera counts anew.

    Args:
        counter: Of the frame before it; None: it is the first.
        number: As the camera sent it, of 16 bits or of 64.
    """
    if counter is None or number > counter:
        return number
    ahead = (number - counter) % NUMBERS
    return counter + ahead if 0 < ahead <= MOST_MISSED else None
