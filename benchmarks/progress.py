"""What runs now, on stderr; never silent for more than 10 s."""

from __future__ import annotations

import sys
import time
from threading import Event, Thread
from types import TracebackType
from typing import Self

SILENCE_S = 8.0


class Progress:
    """Says what it is told, and when nothing is told, that it goes on."""

    def __init__(self) -> None:
        self._started_s = self._said_s = time.monotonic()
        self._now = ""
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def say(self, text: str) -> None:
        """Print a line, with the seconds since the start."""
        self._now = text
        self._print(text)

    def tick(self, text: str) -> None:
        """Print a line if none was printed for a while; cheap."""
        self._now = text
        if time.monotonic() - self._said_s > SILENCE_S / 2:
            self._print(text)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            if time.monotonic() - self._said_s > SILENCE_S:
                self._print(f"still: {self._now}")

    def _print(self, text: str) -> None:
        self._said_s = time.monotonic()
        print(f"[{self._said_s - self._started_s:5.0f} s] {text}", file=sys.stderr, flush=True)
