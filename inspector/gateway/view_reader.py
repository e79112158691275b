"""Reads one camera: frames into the worker's queue, the camera's state to the line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from queue import Full, Queue
from threading import Event

from inspector.domain.frame import Frame
from inspector.errors import CameraLost, CameraTimeout
from inspector.gateway.line_link import LineLink
from inspector.ports import Camera, CountsLosses

WAIT_S = 0.2
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0)
COMPLETE_AGAIN = 100
"""After so many frames without a loss, packets are no longer said to be lost."""

log = logging.getLogger(__name__)


class ViewReader:
    """One view's camera, in a thread of its own: a camera that hangs holds up no other.

    Args:
        view: Its name.
        camera: Opened, and opened again, here.
        frames: Where they go; shared by the station's views, so the model takes them as they came.
        link: To the line, which hears of each frame before the model has looked.
        connected: Called after each connect.
    """

    def __init__(
        self,
        view: str,
        camera: Camera,
        *,
        frames: Queue[Frame],
        link: LineLink,
        connected: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.view = view
        self._camera, self._frames, self._link = camera, frames, link
        self._connected = connected
        self.up, self.why = False, "not connected yet"
        self.received = self.dropped = 0
        self._behind = False
        self._incomplete, self._lossy_until = 0, 0

    def run(self, stop: Event) -> None:
        """Read until `stop`; a camera that went away is opened again within a second."""
        failures = 0
        try:
            while not stop.is_set():
                received = self.received
                try:
                    self._camera.open()
                    self._connected(self.view)
                    self._tell(up=True, why="")
                    self._read(stop)
                except CameraLost as error:
                    # Only a frame counts as success: a camera may answer and hang up at once.
                    failures = 0 if self.received > received else failures + 1
                    # Before closing, which takes seconds where a camera does not answer any more.
                    self._tell(up=False, why=error.why)
                    self._camera.close()
                    stop.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
        finally:
            self._camera.close()

    def take(self) -> None:
        """Ask the camera for a picture."""
        self._camera.take()

    def figures(self) -> dict[str, object]:
        """Return the camera's state, and frames received and refused."""
        return {
            "up": self.up,
            "why": self.why,
            "session": self._camera.session,
            "frames": self.received,
            "dropped": self.dropped,
            **self._losses(),
        }

    def _read(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                frame = self._camera.frame(WAIT_S)
            except CameraTimeout:
                self._tell_losses()
                continue
            self._take(frame)

    def _losses(self) -> Mapping[str, int]:
        return self._camera.losses() if isinstance(self._camera, CountsLosses) else {}

    def _tell_losses(self) -> None:
        """Tell the line when frames come incomplete, and when that has ended."""
        before, self._incomplete = self._incomplete, self._losses().get("incomplete", 0)
        if self._incomplete > before:
            self._lossy_until = self.received + COMPLETE_AGAIN
            so_far = f"{self._incomplete} frames came incomplete so far"
            self._announce("losses", f"view {self.view}: packets are lost, {so_far}")
        elif self._lossy_until and self.received >= self._lossy_until:
            self._lossy_until = 0
            self._announce("losses", "")

    def _take(self, frame: Frame) -> None:
        self.received += 1
        self._tell_losses()
        self._link.send({"do": "frame", **frame_head(frame)})
        try:
            self._frames.put_nowait(frame)
        except Full:
            self.dropped += 1
            why = "the worker is behind, frame refused"
            log.warning("view %s: %s (%d so far)", self.view, why, self.dropped)
            self._link.send({"do": "seen", **frame_head(frame), **nothing_seen(why)})
            self._alarm(behind=True)
        else:
            self._alarm(behind=False)

    def _alarm(self, *, behind: bool) -> None:
        """Tell the line when the queue is full, and when it takes frames again."""
        if behind != self._behind:
            self._behind = behind
            self._announce("behind", "the worker is behind, frames are refused" if behind else "")

    def _announce(self, what: str, text: str) -> None:
        name = f"{self.view}_{what}"
        self._link.announce(name, {"do": "alarm", "name": name, "text": text, "on": bool(text)})

    def _tell(self, *, up: bool, why: str) -> None:
        if (up, why) == (self.up, self.why) and not up:
            return
        self.up, self.why = up, why
        log.log(logging.INFO if up else logging.WARNING, "camera %s: %s", self.view, why or "up")
        self._link.announce(
            f"camera {self.view}",
            {
                "do": "camera",
                "view": self.view,
                "session": self._camera.session,
                "up": up,
                "why": why,
            },
        )


def frame_head(frame: Frame) -> dict[str, object]:
    """Return what every message about a frame begins with (docs/architecture.md, "Messages")."""
    return {
        "view": frame.view,
        "session": frame.session,
        "counter": frame.counter,
        "taken_us": frame.taken_us,
        "ready_s": frame.ready_s,
    }


def nothing_seen(why: str) -> dict[str, object]:
    """Return the rest of a message about a frame that the model did not look at."""
    return {
        "missed": why,
        "picture": "",
        "width_px": 0,
        "height_px": 0,
        "findings": [],
        "top_scores": {},
        "model_ms": 0.0,
    }
