"""A camera's end of a capture process, and the live cameras that are read through one."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from queue import Empty, SimpleQueue

from inspector.cameras import capture_process
from inspector.cameras.capture_process import Job
from inspector.cameras.frame_socket import FrameSocket
from inspector.domain.frame import Frame
from inspector.errors import CameraLost, CameraTimeout

ORDER = b"n"
START_S = 10.0
"""Longest time that a busy computer takes to start the process, or to hand on a picture."""


class Capture:
    """A running capture process.

    Args:
        view: Named in errors.
        session: Of its frames.
        job: What it reads.
    """

    def __init__(self, view: str, session: int, job: Job) -> None:
        ours, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", capture_process.__name__],
                stdin=its.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._frames = FrameSocket(ours, view, session)
        self._view, self._silent_s = view, job.silent_s + START_S
        self._ordered_s: float | None = None
        self._send(json.dumps(asdict(job)).encode() + b"\n")

    def frame(self, timeout_s: float) -> Frame:
        """Return a picture that was ready after this, or an earlier call that timed out, began.

        Raises:
            CameraTimeout: It did not come in time.
            CameraLost: The process has ended or says no more.
        """
        if self._ordered_s is None:
            self._send(ORDER)
            self._ordered_s = time.monotonic()
        try:
            frame = self._frames.frame(timeout_s)
        except CameraTimeout:
            if time.monotonic() - self._ordered_s > self._silent_s:
                raise CameraLost(self._view, f"no answer for {self._silent_s:g} s") from None
            raise
        self._ordered_s = None
        return frame

    def close(self) -> None:
        """End the process."""
        self._frames.close()
        self._process.kill()
        self._process.wait()

    def _send(self, order: bytes) -> None:
        with suppress(OSError):  # `frame` meets the same end of it
            self._frames.send(order)


def first_frame(view: str, capture: Capture, within_s: float) -> Frame:
    """Return the first picture: the proof that something comes; else close, raise `CameraLost`."""
    try:
        return capture.frame(within_s)
    except CameraTimeout:
        capture.close()
        raise CameraLost(view, f"no picture within {within_s:g} s") from None
    except CameraLost:
        capture.close()
        raise


class LiveCamera:
    """A camera that runs by itself, of which only the newest picture counts; `ports.Camera`.

    Args:
        view: Its view.
        job: What is read.
        waits: Whether it delivers only what `take` orders.
        delay_s: From an exposure until its picture is here: a picture that was ordered is the
            first that comes so long after the order.
    """

    def __init__(self, view: str, job: Job, *, waits: bool = False, delay_s: float = 0.0) -> None:
        self.session = 0
        self._view, self._job = view, job
        self._waits, self._delay_s = waits, delay_s
        self._orders: SimpleQueue[float] = SimpleQueue()
        self._capture: Capture | None = None
        self._due_s: float | None = None
        self._delivered = 0
        self._shape: tuple[int, ...] = ()

    def open(self) -> None:
        """Connect and see a first picture, or raise `CameraLost`."""
        self.close()
        capture = Capture(self._view, self.session + 1, self._job)
        within_s = START_S + self._job.open_s + self._job.silent_s
        self._shape = first_frame(self._view, capture, within_s).image.shape
        self._orders, self._due_s, self._delivered = SimpleQueue(), None, 0
        self.session += 1
        self._capture = capture

    def frame(self, timeout_s: float) -> Frame:
        """Return the newest picture once there is one that was not returned yet.

        Raises:
            CameraTimeout: None came in time, or none was ordered.
            CameraLost: The stream ended, fell silent, or has pictures of another size.
        """
        if self._capture is None:
            raise CameraLost(self._view, "not open")
        deadline_s = time.monotonic() + timeout_s
        if self._waits:
            self._await_order(timeout_s)
        frame = self._capture.frame(max(deadline_s - time.monotonic(), 0.0))
        self._same_size(frame)
        if not self._waits:
            return frame
        self._due_s, self._delivered = None, self._delivered + 1
        return replace(frame, counter=self._delivered - 1)

    def take(self) -> None:
        """Order one picture."""
        if self._capture is not None:
            self._orders.put(time.monotonic())

    def close(self) -> None:
        """Disconnect; may be called twice."""
        if self._capture is not None:
            self._capture.close()
            self._capture = None

    def _await_order(self, timeout_s: float) -> None:
        deadline_s = time.monotonic() + timeout_s
        if self._due_s is None:
            try:
                self._due_s = self._orders.get(timeout=max(timeout_s, 0)) + self._delay_s
            except Empty:
                raise CameraTimeout(self._view, timeout_s) from None
        time.sleep(max(min(self._due_s, deadline_s) - time.monotonic(), 0))
        if self._due_s > deadline_s:
            raise CameraTimeout(self._view, timeout_s)

    def _same_size(self, frame: Frame) -> None:
        if frame.image.shape != self._shape:
            (height, width), (new_height, new_width) = self._shape[:2], frame.image.shape[:2]
            why = f"the pictures changed from {width} × {height} to {new_width} × {new_height} px"
            raise CameraLost(self._view, why)
