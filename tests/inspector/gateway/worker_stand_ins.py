"""A line and a camera for the worker's tests, both under the test's hand."""

import socket
from collections import deque
from pathlib import Path
from queue import Empty, Queue
from typing import Self

import numpy as np

from inspector.domain.frame import BgrImage, Frame
from inspector.errors import CameraLost, CameraTimeout
from inspector.ipc import Message

PATIENCE_S = 30.0


def picture(seed: int, side_px: int = 64) -> BgrImage:
    """Return a picture with enough contrast to be judged; each seed has its own."""
    rng = np.random.default_rng(seed)
    return rng.integers(60, 180, (side_px, side_px, 3), np.uint8)


class StandInCamera:
    """Delivers what the test puts in: a picture, or an error to raise."""

    def __init__(self, view: str) -> None:
        self.view, self.session = view, 0
        self.events: Queue[BgrImage | CameraLost] = Queue()
        self.refuse_to_open = ""
        self._counter = self.taken = 0

    def open(self) -> None:
        if self.refuse_to_open:
            raise CameraLost(self.view, self.refuse_to_open)
        self.session += 1
        self._counter = 0

    def frame(self, timeout_s: float) -> Frame:
        try:
            event = self.events.get(timeout=timeout_s / 10)
        except Empty:
            raise CameraTimeout(self.view, timeout_s) from None
        if isinstance(event, CameraLost):
            raise event
        self._counter += 1
        return Frame(self.view, self.session, self._counter, self._counter * 1000, event, 1.5)

    def take(self) -> None:
        self.taken += 1

    def close(self) -> None:
        pass


class StandInLine:
    """Listens on the line's socket; the test reads what came, one message after the other."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(path))
        self._server.listen()
        self._server.settimeout(PATIENCE_S)
        self._worker: socket.socket | None = None
        self._rest = b""
        self.heard: deque[Message] = deque()

    def accept(self) -> Self:
        """Wait for a worker to connect, and to know of it: it says nothing again."""
        self._worker, _ = self._server.accept()
        self._worker.settimeout(PATIENCE_S)
        self._worker.recv(1, socket.MSG_PEEK)  # its hello
        return self

    def next(self) -> Message:
        """Wait for the worker's next message."""
        import json

        assert self._worker is not None
        while b"\n" not in self._rest:
            more = self._worker.recv(65536)
            assert more, "the worker went away"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        message: Message = json.loads(line)
        self.heard.append(message)
        return message

    def until(self, do: str, **having: object) -> Message:
        """Wait for a message of this kind, and return it."""
        while True:
            message = self.next()
            if message.get("do") == do and having.items() <= message.items():
                return message

    def say(self, text: str) -> None:
        """Send the worker a line."""
        assert self._worker is not None
        self._worker.sendall(text.encode() + b"\n")

    def hang_up(self) -> None:
        """Close the worker's connection."""
        if self._worker is not None:
            self._worker.close()
        self._worker, self._rest = None, b""

    def close(self) -> None:
        """Stop listening too."""
        self.hang_up()
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
