"""When pictures that were taken long ago are due: at a steady rate, when ordered, or at once."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue

from inspector.errors import CameraTimeout


class Schedule:
    """The times of one camera's pictures, from `start` on.

    Args:
        view: Named in errors.
        waits: Whether pictures come only when ordered.
    """

    def __init__(self, view: str, *, waits: bool) -> None:
        self._view, self._waits = view, waits
        self.start()

    def start(self) -> None:
        """Begin now, with no orders."""
        self._started_s = time.monotonic()
        self._orders: SimpleQueue[float] = SimpleQueue()

    def order(self) -> None:
        """Order the next picture now."""
        self._orders.put(time.monotonic())

    def until_due_us(self, after_s: float | None, timeout_s: float) -> int:
        """Wait until the next picture is due and return when that was, in µs from the start.

        Args:
            after_s: When its time is, from the start; None: as soon as somebody wants it.
            timeout_s: Longest wait.

        Raises:
            CameraTimeout: It is not due, or was not ordered, in time.
        """
        due_s = self._due_s(after_s, timeout_s)
        wait_s = due_s - time.monotonic()
        time.sleep(max(min(wait_s, timeout_s), 0))
        if wait_s > timeout_s:
            raise CameraTimeout(self._view, timeout_s)
        return round((due_s - self._started_s) * 1e6)

    def _due_s(self, after_s: float | None, timeout_s: float) -> float:
        if not self._waits:
            return time.monotonic() if after_s is None else self._started_s + after_s
        try:
            return self._orders.get(timeout=max(timeout_s, 0))
        except Empty:
            raise CameraTimeout(self._view, timeout_s) from None
