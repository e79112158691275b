"""Ends a worker whose model looks for longer than any look has a reason to."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from threading import Event

PAST_S = 1.0
"""A look may take so much longer than the slowest golden picture took at the start."""
TELLS_S = 0.2
"""So long before its end the worker says why it ends: what must be on the records goes out."""
POLL_S = 0.05

log = logging.getLogger(__name__)


class KillTimer:
    """A bound on each look; `with timer:` around it.

    The kernel ends the process, so the bound holds whatever the model does to the interpreter.
    Shortly before, `run` says why, from a thread of its own: a model in native code leaves it free.

    Args:
        longest_s: What the slowest golden picture took on this device at this start.
        give_up: Told why, once, just before the end.
    """

    def __init__(self, longest_s: float, give_up: Callable[[str], None]) -> None:
        self.limit_s = longest_s + PAST_S
        self._give_up = give_up
        self._due_s = float("inf")

    def __enter__(self) -> None:
        """A look begins."""
        self._due_s = time.monotonic() + self.limit_s
        signal.setitimer(signal.ITIMER_REAL, self.limit_s)

    def __exit__(self, *_: object) -> None:
        """It has ended, however."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._due_s = float("inf")

    def run(self, stop: Event) -> None:
        """Watch until `stop`; end the process when a look is overdue."""
        while not stop.wait(POLL_S):
            if time.monotonic() > self._due_s - TELLS_S:
                why = f"the model looked for more than {self.limit_s - TELLS_S:.1f} s"
                log.error("%s: this process ends", why)
                self._give_up(f"{why}, the vision worker was ended")
                os.kill(os.getpid(), signal.SIGALRM)
