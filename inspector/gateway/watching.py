"""Has the watches look once an hour, and tells the line what they say. In the recorder's loop."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from inspector.clock import SystemClock
from inspector.domain.health import Condition
from inspector.domain.watching.words import Watch
from inspector.gateway.told_file import Telling
from inspector.gateway.watch_file import write_watched
from inspector.ipc import Runtime
from inspector.storage.closing import GRACE
from inspector.storage.watch_alarms import Key, WatchAlarms

WHOLE_DAYS: Final = "whole-days"
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""At the lowest priority two threads that wait for each other take minutes for what one does in a
second, and a processor all that time."""
LOOK_LIMIT_S: Final = 600.0
"""A look that takes longer will not end any more."""

log = logging.getLogger(__name__)


class LookFailed(Exception):
    """A look ended without a word."""


class Look(Protocol):
    """One look of the watches, which takes its time elsewhere."""

    def found(self) -> Mapping[Key, str] | None:
        """Return what the watches say, None while they look; raises `LookFailed`."""
        ...


class Watching:
    """Starts the looks, takes what they find, and writes what the line shows.

    Args:
        alarms: Where what they find is kept.
        look: Starts one; its argument says whether whole days are due too.
        file: Where the line reads what stands.

    Attributes:
        why: Why the last look failed, or "".
    """

    def __init__(self, alarms: WatchAlarms, look: Callable[[bool], Look], file: Path) -> None:
        self._alarms, self._start, self._file = alarms, look, file
        self.why = ""
        self._look: Look | None = None
        self._found: Mapping[Key, str] | None = None
        self._hour: int | None = None
        self._day = self._days_due = -1
        self._told: dict[str, list[Condition]] | None = None
        self._telling = Telling("what the watches say")

    def step(self, now: datetime, *, counted: bool) -> None:
        """Do what is due.

        Args:
            now: UTC.
            counted: Every hour that has closed is counted.

        Raises:
            StoreRefused: The database cannot be written now; what was found waits.
        """
        if self._look:
            self._take_look(self._look)
        if self._found is not None:
            self._alarms.take(self._found, now)
            self._found = None
        hour = int((now - GRACE).timestamp()) // 3600
        if self._hour is None:
            self._hour = hour  # what stood then, stands: the database says it
        if counted and hour != self._hour and not self._look:
            self._hour, self._days_due = hour, hour // 24
            self._begin_look()
        self._tell()

    def _begin_look(self) -> None:
        try:
            self._look = self._start(self._days_due != self._day)
        except OSError as error:
            self._failed(error)

    def _take_look(self, look: Look) -> None:
        try:
            self._found = look.found()
        except LookFailed as error:
            self._failed(error)
            return
        if self._found is not None:
            self._look, self._day, self.why = None, self._days_due, ""

    def _failed(self, error: Exception) -> None:
        self._look, self.why = None, f"the watches did not look at the last hour: {error}"
        log.error(self.why)

    def _tell(self) -> None:
        conditions = self._alarms.conditions()
        if conditions == self._told:
            return
        if self._telling.wrote(lambda: write_watched(self._file, conditions)):
            self._told = conditions


class ProcessLook:
    """A look in a process of its own (`watches_process`)."""

    def __init__(self, runtime: Runtime, whole_days: bool) -> None:  # noqa: FBT001 - as `Watching` asks
        self._output = tempfile.TemporaryFile(dir=runtime.folder)  # noqa: SIM115 - `found` closes
        self._began_s = SystemClock().monotonic_s()
        command = [sys.executable, "-m", "inspector.gateway", "watches"]
        command += [WHOLE_DAYS] if whole_days else []
        command += ["--runtime", str(runtime.folder), "--parent", str(os.getpid())]
        environment = {**os.environ, **ONE_THREAD}
        self._process = subprocess.Popen(command, stdout=self._output, env=environment)

    def found(self) -> Mapping[Key, str] | None:
        """Return what it printed, None while it runs; raises `LookFailed`."""
        code = self._process.poll()
        if code is None and SystemClock().monotonic_s() - self._began_s < LOOK_LIMIT_S:
            return None
        self._process.kill()
        self._process.wait()
        with self._output as output:
            output.seek(0)
            said = output.read()
        if code != 0:
            raise LookFailed("it took too long" if code is None else f"its process ended ({code})")
        try:
            return found_in(json.loads(said))
        except (ValueError, TypeError) as error:
            raise LookFailed(f"what its process said cannot be read ({error})") from error


def found_in(said: Sequence[Sequence[str]]) -> dict[Key, str]:
    """Return what `watches_process` printed, by station and watch."""
    return {(station, Watch(watch)): text for station, watch, text in said}
