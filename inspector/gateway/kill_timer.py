"""Ends a worker whose model looks for longer than any look has a reason to."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event

PAST_S = 0.9
"""A look may take so much longer than the slowest golden picture took at the start; with the time
that saying why and ending take it is a second."""
CERTAIN_S = 3.0
"""The kernel ends the process after so much processor time past, whatever the model does to the
interpreter."""
POLL_S = 0.05

log = logging.getLogger(__name__)


def waits_for_processor_s() -> dict[str, float]:
    """Return how long each thread of this process was ready to run and did not."""
    waits = {}
    for file in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError):  # a thread that ended meanwhile
            waits[file.parent.name] = int(file.read_text().split()[1]) / 1e9
    return waits


class KillTimer:
    """A bound on each look; `with timer:` around it.

    `run` watches from a thread of its own, which a model in native code leaves free, and says why
    before it ends the process. Time in which the process waited for a processor is not the model's
    and does not count: a computer that is too busy must not lose its workers too.

    Args:
        longest_s: What the slowest golden picture took on this device at this start.
        give_up: Told why, once, just before the end.
        clock_s: Monotonic.
        waits_s: How long each thread has waited for a processor.
    """

    def __init__(
        self,
        longest_s: Callable[[], float],
        give_up: Callable[[str], None],
        *,
        clock_s: Callable[[], float] = time.monotonic,
        waits_s: Callable[[], Mapping[str, float]] = waits_for_processor_s,
    ) -> None:
        self._longest_s = longest_s
        self._give_up, self._clock_s, self._waits_s = give_up, clock_s, waits_s
        self._due_s = self._watched_due_s = float("inf")
        self._waits_before_s: Mapping[str, float] = {}

    @property
    def limit_s(self) -> float:
        """Return how long a look may take."""
        return self._longest_s() + PAST_S

    def __enter__(self) -> None:
        """A look begins."""
        self._due_s = self._clock_s() + self.limit_s
        signal.setitimer(signal.ITIMER_PROF, self._longest_s() + CERTAIN_S)

    def __exit__(self, *_: object) -> None:
        """It has ended, however."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._due_s = float("inf")

    def run(self, stop: Event) -> None:
        """Watch until `stop`; end the process when a look is overdue."""
        while not stop.wait(POLL_S):
            if self.overdue():
                why = f"the model looked for more than {self.limit_s:.1f} s"
                log.error("%s: this process ends", why)
                self._give_up(f"{why}, the vision worker was ended")
                os.kill(os.getpid(), signal.SIGALRM)

    def overdue(self) -> bool:
        """Return whether the look at hand takes too long; called each `POLL_S`."""
        now_s, due_s = self._clock_s(), self._due_s
        if now_s < due_s - PAST_S / 2:
            return False  # the usual look: no more is asked
        waits_s = self._waits_s()
        if self._watched_due_s != due_s:
            self._watched_due_s, self._waits_before_s = due_s, waits_s
        # That of the thread that waited longest: with it the look waited at most so long.
        waited_s = max(wait_s - self._waits_before_s.get(n, 0.0) for n, wait_s in waits_s.items())
        return now_s > due_s + waited_s
