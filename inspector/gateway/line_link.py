"""A worker's connection to the line: it comes and goes, the worker stays."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock

from inspector.ipc import JsonLines, Message

WAIT_S = 0.2
BACK_OFF_S = (0.05, 0.1, 0.2, 0.5)

log = logging.getLogger(__name__)


class _Connection(JsonLines):
    """One that gives its socket back when nobody answers: here that is everyday."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        try:
            super().__init__(path, timeout_s)
        except OSError:
            self.close()
            raise


class LineLink:
    """Sends from any thread; `run` connects, hears, and connects again.

    Args:
        path: The line's socket.
        station: Whose worker speaks.
        hear: Called with each message of the line, in the thread of `run`.
        idle: Called about each `WAIT_S` in the same thread.
    """

    def __init__(
        self,
        path: Path,
        station: str,
        *,
        hear: Callable[[Message], None],
        idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._path, self._station = path, station
        self._hear, self._idle = hear, idle
        self._connection: JsonLines | None = None
        self._said: dict[str, Mapping[str, object]] = {}
        self._lock = Lock()
        self.unsent = 0

    @property
    def up(self) -> bool:
        """Return whether the line is there."""
        return self._connection is not None

    def send(self, message: Mapping[str, object]) -> bool:
        """Send, or count it as unsent; False when the line is away or does not read."""
        with self._lock:
            return self._send(message)

    def announce(self, topic: str, message: Mapping[str, object]) -> None:
        """Send what is true until further notice; a line that comes back is told again."""
        with self._lock:
            self._said[topic] = message
            if self._connection is not None:
                self._send(message)

    def run(self, stop: Event) -> None:
        """Stay connected until `stop`."""
        failures = 0
        while not stop.is_set():
            connection = self._connected()
            if connection is None:
                stop.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
                failures += 1
                self._idle()
                continue
            failures = 0
            with connection:
                self._listen(connection, stop)
            with self._lock:
                self._connection = None

    def _connected(self) -> JsonLines | None:
        try:
            connection = _Connection(self._path, WAIT_S)
        except OSError:
            return None
        with self._lock:
            self._connection = connection
            hello = {"hello": "worker", "station": self._station}
            for message in (hello, *self._said.values()):
                self._send(message)
        return connection

    def _send(self, message: Mapping[str, object]) -> bool:
        if self._connection is not None:
            try:
                self._connection.send(message)
            except OSError as error:
                log.warning("the line does not take messages: %s", error)
                self._connection = None  # `run` closes it: it may be waiting in it
            else:
                return True
        self.unsent += 1
        return False

    def _listen(self, connection: JsonLines, stop: Event) -> None:
        while not stop.is_set() and self._connection is connection:
            try:
                message = connection.receive()
            except TimeoutError:
                self._idle()
                continue
            except (OSError, json.JSONDecodeError) as error:
                log.warning("the line went away: %s", error)
                return
            if message is None:
                return
            self._hear(message)


def say_end(path: Path, station: str, why: str) -> None:
    """Tell the line why a station's worker ends that has no connection; nothing when it is away."""
    with suppress(OSError), _Connection(path, WAIT_S) as connection:
        connection.send({"hello": "worker", "station": station})
        connection.send({"do": "ends", "why": why})
