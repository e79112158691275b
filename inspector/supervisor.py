"""Starts the processes of a gateway, restarts them, and stops them in reverse order."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event

BACK_OFF_S = (0.2, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
STEADY_S = 60.0
"""A process that ran so long starts again without waiting."""
SILENT_S = 5.0
"""A process whose own status is older than this hangs, and is killed."""
START_GRACE_S = 45.0
"""A model may compile so long on a slow machine before the first status."""
STOP_S, STOP_EACH_S = 4.0, 1.5
POLL_S = 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Child:
    """How one process is started.

    Attributes:
        name: Its name in messages and in `inspector status`.
        command: Arguments; `--parent` with our process id is added.
        environment: All of its environment.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(slots=True)
class _Running:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    since: str = ""
    failures: int = 0
    again_s: float = 0.0
    why: str = ""
    ended: list[str] = field(default_factory=list)


class Supervisor:
    """Owns every child process.

    Args:
        children: In the order they are started.
        beat_age_s: Age of a process's own status, or None when it has published none.
        publish: Called about twice a second with what `inspector status` shows.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        beat_age_s: Callable[[str], float | None],
        publish: Callable[[Mapping[str, object]], None],
    ) -> None:
        self._all = [_Running(child) for child in children]
        self._beat_age_s, self._publish = beat_age_s, publish
        self._since = datetime.now(UTC).isoformat(timespec="seconds")

    def run(self, stop: Event, *, each_poll: Callable[[], None] = lambda: None) -> None:
        """Keep every child running until `stop` is set; then stop them all, last first."""
        try:
            for one in self._all:
                self._start(one)
            polls = 0
            while not stop.wait(POLL_S):
                for one in self._all:
                    self._look_after(one)
                if polls % 5 == 0:
                    self._publish({"since": self._since, "processes": self.processes()})
                polls += 1
                each_poll()
        finally:
            self._stop()

    def processes(self) -> list[dict[str, object]]:
        """Return name, process id, start time and restarts of every child."""
        return [
            {
                "name": one.child.name,
                "pid": one.process.pid if one.process and one.process.poll() is None else None,
                "since": one.since,
                "restarts": len(one.ended),
                "why": one.ended[-1] if one.ended else "",
            }
            for one in self._all
        ]

    def _start(self, one: _Running) -> None:
        one.process = subprocess.Popen(
            [*one.child.command, "--parent", str(os.getpid())],
            env=dict(one.child.environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C at the terminal is ours to handle, not theirs
        )
        one.started_s = time.monotonic()
        one.since = datetime.now(UTC).isoformat(timespec="seconds")

    def _look_after(self, one: _Running) -> None:
        now_s = time.monotonic()
        if one.process is None:
            if now_s >= one.again_s:
                self._start(one)
            return
        code = one.process.poll()
        if code is None:
            self._kill_if_silent(one, now_s)
            return
        self._note_end(one, code, now_s)

    def _kill_if_silent(self, one: _Running, now_s: float) -> None:
        age_s = self._beat_age_s(one.child.name)
        ran_s = now_s - one.started_s
        limit_s = SILENT_S if age_s is not None and age_s < ran_s else START_GRACE_S
        if min(ran_s, ran_s if age_s is None else age_s) > limit_s and one.process:
            log.error("%s hangs: no sign of life for %.1f s, killed", one.child.name, limit_s)
            one.process.kill()

    def _note_end(self, one: _Running, code: int, now_s: float) -> None:
        steady = now_s - one.started_s > STEADY_S
        one.failures = 0 if steady else one.failures
        wait_s = BACK_OFF_S[min(one.failures, len(BACK_OFF_S) - 1)]
        one.failures += 1
        one.process, one.again_s = None, now_s + wait_s
        why = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        one.ended.append(why)
        log.error("%s ended with %s; again in %.1f s", one.child.name, why, wait_s)

    def _stop(self) -> None:
        """Stop the last started first, each before the next is asked: nothing is cut off."""
        deadline_s = time.monotonic() + STOP_S
        for one in reversed(self._all):
            if not one.process:
                continue
            one.process.terminate()
            try:
                one.process.wait(min(STOP_EACH_S, max(0.05, deadline_s - time.monotonic())))
            except subprocess.TimeoutExpired:
                log.warning("%s did not stop in time, killed", one.child.name)
                one.process.kill()
                one.process.wait()
