"""What reads a stream, a device or a video file with OpenCV, in a process of its own.

A driver or decoder that hangs or crashes then takes nothing with it, and whoever waits for it can
end it. The job comes as one line of JSON over standard input, a socket, so that an address with
its password is in no argument and no environment. After it each byte is the order for one
picture; the pictures go back as `frame_socket` has them. What OpenCV and FFmpeg print may hold the
address, so it goes nowhere but through `reason_in`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from dataclasses import dataclass, field
from itertools import count
from threading import Semaphore, Thread
from typing import TYPE_CHECKING, Literal

from inspector.cameras.frame_socket import HEADER, LONGEST_WHY

if TYPE_CHECKING:
    import cv2

LATE_S = 1.0
"""A picture of a live stream that comes so much later than its neighbours did is not shown."""
FORGET_S = 30.0
_REFUSED = re.compile(r"failed: (\d{3}) \(?([A-Za-z ]+)")
_UNREACHABLE = re.compile(r"(?:failed|hostname [^ :]+): ([A-Z][A-Za-z ]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Job:
    """What to read, and how.

    Attributes:
        source: Address, device or file.
        backend: Which of OpenCV's.
        options: FFmpeg's, as OpenCV takes them from the environment.
        properties: OpenCV's properties by name, to be set at a device.
        newest: Whether pictures that nobody ordered are passed over; else each one waits.
        loop: Whether the first picture follows the last.
        open_s: Longest time until a stream stands.
        silent_s: Longest time without a picture.
    """

    source: str = field(repr=False)
    backend: Literal["FFMPEG", "V4L2"] = "FFMPEG"
    options: str = ""
    properties: tuple[tuple[str, float], ...] = ()
    newest: bool = True
    loop: bool = False
    open_s: float = 5.0
    silent_s: float = 2.0


class Ended(Exception):
    """Nothing more comes; the text says why, without any address."""


class Lateness:
    """How late a picture is against the quickest of the last half minute or minute.

    The camera's clock and ours drift apart, so only the recent ones are compared.
    """

    def __init__(self) -> None:
        self._best_s = self._next_s = float("inf")
        self._until_s = 0.0

    def of(self, now_s: float, taken_s: float) -> float:
        """Return by how many seconds a picture is late that came now."""
        behind_s = now_s - taken_s
        if now_s >= self._until_s:
            self._best_s, self._next_s = self._next_s, float("inf")
            self._until_s = now_s + FORGET_S
        self._next_s = min(self._next_s, behind_s)
        self._best_s = min(self._best_s, self._next_s)
        return behind_s - self._best_s


class Reader:
    """One source, from its opening to its end.

    Args:
        job: What to read.
        link: Where the pictures go.
        orders: Released once for each picture that is ordered.
    """

    def __init__(self, job: Job, link: socket.socket, orders: Semaphore) -> None:
        self._job, self._link, self._orders = job, link, orders
        self._late, self._fresh_s = Lateness(), 0.0
        self._offset_us = self._taken_us = self._step_us = 0

    def run(self) -> None:
        """Deliver until the other end is gone; raises `Ended`."""
        from cv2 import CAP_PROP_FPS  # noqa: PLC0415 - heavy

        self._capture = opened(self._job)
        self._fresh_s = time.monotonic()
        if not self._job.newest:  # the first one is due after an interval, like all others
            self._offset_us = round(1e6 / (self._capture.get(CAP_PROP_FPS) or 25.0))
        for counter in count():
            if not self._job.newest:
                self._orders.acquire()
            self._grab()
            if not self._job.newest or (self._fresh() and self._orders.acquire(blocking=False)):
                self._send(counter)

    def _grab(self) -> None:
        from cv2 import CAP_PROP_POS_MSEC  # noqa: PLC0415 - heavy

        if not self._capture.grab():
            self._end_or_begin_again()
        before_us = self._taken_us
        self._taken_us = self._offset_us + round(self._capture.get(CAP_PROP_POS_MSEC) * 1000)
        self._step_us = self._taken_us - before_us

    def _end_or_begin_again(self) -> None:
        if self._job.newest:
            raise Ended(f"no picture for {self._job.silent_s:g} s, or the stream ended")
        if not self._job.loop:
            Semaphore(0).acquire()  # the file is over: nothing comes until we are ended
        self._capture = opened(self._job)
        self._offset_us = self._taken_us + self._step_us
        if not self._capture.grab():
            raise Ended("it holds no picture that can be read")

    def _fresh(self) -> bool:
        """Return whether the picture is not a late one; raises `Ended` when all are."""
        now_s = time.monotonic()
        late_s = self._late.of(now_s, self._taken_us / 1e6)
        if late_s <= LATE_S:
            self._fresh_s = now_s
        elif now_s - self._fresh_s > self._job.silent_s:
            raise Ended(f"the pictures come {late_s:.1f} s late")
        return late_s <= LATE_S

    def _send(self, counter: int) -> None:
        from cv2 import COLOR_GRAY2BGR, cvtColor  # noqa: PLC0415 - heavy

        there, image = self._capture.retrieve()
        if not there:
            raise Ended("a picture could not be decoded")
        if image.ndim == 2:
            image = cvtColor(image, COLOR_GRAY2BGR)
        height, width = image.shape[:2]
        self._link.sendall(HEADER.pack(counter, self._taken_us, width, height))
        self._link.sendall(image.data)


def opened(job: Job) -> cv2.VideoCapture:
    """Return the source, open; raises `Ended` with the reason."""
    import cv2  # noqa: PLC0415 - heavy, and its options must stand before

    said = os.memfd_create("said")
    os.dup2(said, 2)
    wanted: list[float] = []
    if job.backend == "FFMPEG":
        wanted += [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, job.open_s * 1000]
        wanted += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, job.silent_s * 1000]
        wanted += [cv2.CAP_PROP_N_THREADS, 1]  # more would each keep a picture back
    started_s = time.monotonic()
    capture = cv2.VideoCapture()
    backend = getattr(cv2, f"CAP_{job.backend}")
    if not capture.open(job.source, backend, [round(one) for one in wanted]):
        took_s = time.monotonic() - started_s
        raise Ended(reason_in(os.pread(said, 1 << 16, 0).decode(errors="replace"), took_s, job))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    _set(capture, job)
    return capture


def _set(capture: cv2.VideoCapture, job: Job) -> None:
    """Set a device's properties and read each back."""
    import cv2  # noqa: PLC0415 - heavy

    properties = [(name, getattr(cv2, f"CAP_PROP_{name}"), value) for name, value in job.properties]
    for _, number, value in properties:
        capture.set(number, value)
    for name, number, value in properties:
        if (has := capture.get(number)) != value:
            raise Ended(f"it does not take {name.lower()} {value:g}, it has {has:g}")


def reason_in(said: str, took_s: float, job: Job) -> str:
    """Return why a source did not open, of all that was printed only what is known to be safe."""
    if refused := _REFUSED.search(said):
        code, words = refused.groups()
        if code == "401":
            return "the camera refuses this user or password"
        return f"the camera refuses the stream: {code} {words.strip()}"
    if unreachable := _UNREACHABLE.search(said):
        return unreachable[1].strip().lower()
    if took_s >= 0.9 * job.open_s:
        return f"no stream within {job.open_s:g} s"
    return "it cannot be opened, or holds no video"


def take_orders(link: socket.socket, orders: Semaphore) -> None:
    """Count the orders that come; when the other end is gone, end this process, whatever it does.

    Reading and decoding release the interpreter, so this runs though they hang.
    """
    while came := link.recv(64):
        for _ in came:
            orders.release()
    os._exit(0)


def main() -> None:
    """Do the job that comes over standard input."""
    link = socket.socket(fileno=0)
    line = b""
    while not line.endswith(b"\n"):
        line += link.recv(1) or os._exit(0)
    job = Job(**json.loads(line))
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = job.options
    os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] = str(round(job.silent_s))
    orders = Semaphore(0)
    Thread(target=take_orders, args=(link, orders), daemon=True).start()
    try:
        Reader(job, link, orders).run()
    except Ended as error:
        why = str(error).encode()[:LONGEST_WHY]
        link.sendall(HEADER.pack(0, 0, 0, len(why)) + why)


if __name__ == "__main__":
    main()
