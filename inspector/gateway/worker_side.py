"""A station's worker as the line's process sees it: what it is told, and what it says."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from inspector.domain.finding import RanOn
from inspector.domain.health import State
from inspector.domain.sync import Arrival
from inspector.line.model import RunningModel
from inspector.line.station_line import StationLine

KEPT, KEPT_FOR_WORKER = ("keep", "drop"), 4096
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading a message raises that is not as docs/architecture.md says."""

log = logging.getLogger(__name__)


class WorkerLink:
    """What the line tells a station's worker; kept while the worker is away, but for orders."""

    def __init__(self) -> None:
        self._writer: asyncio.StreamWriter | None = None
        self._kept: deque[bytes] = deque(maxlen=KEPT_FOR_WORKER)

    def is_of(self, writer: asyncio.StreamWriter) -> bool:
        """Return whether this connection is the one that speaks for the station."""
        return self._writer is writer

    def tell(self, message: Mapping[str, object]) -> None:
        """Send, or keep until the worker is back: not what is about a part that is gone by then."""
        line = json.dumps(message).encode() + b"\n"
        if self._writer is None or self._writer.is_closing():
            if message["do"] in KEPT:
                self._kept.append(line)
        else:
            self._writer.write(line)

    def connected(self, writer: asyncio.StreamWriter) -> None:
        """A worker speaks for the station now; it gets what was kept."""
        self._writer = writer
        while self._kept:
            writer.write(self._kept.popleft())

    def gone(self, writer: asyncio.StreamWriter) -> bool:
        """Forget a worker's connection; False when a newer one has taken its place."""
        if self._writer is not writer:
            return False
        self._writer = None
        return True


def try_to_take(
    line: StationLine,
    message: bytes,
    note: Callable[[Mapping[str, Any]], None] = lambda _: None,
) -> None:
    """Hand a worker's message to its station's line; what cannot be read changes nothing.

    Args:
        line: The station's.
        message: One line of JSON.
        note: Called with what it says, before the line hears of it.
    """
    try:
        read = json.loads(message)
        note(read)
        take_from_worker(line, read)
    except MALFORMED as error:
        text = f"a message of the vision worker cannot be read: {error!r}"[:300]
        log.warning("%s: %s", line.layout.station, text)
        line.worker_alarm("malformed message", text, on=True)


def take_from_worker(line: StationLine, message: Mapping[str, Any]) -> None:
    """Hand one message of a worker to its station's line.

    Raises:
        KeyError, TypeError, ValueError, OverflowError: It is not as it must be; nothing is done.
    """
    match message["do"]:
        case "frame":
            ready_s = float(message["ready_s"])
            if not isfinite(ready_s):
                raise ValueError("ready_s is no time")
            arrival = Arrival(int(message["counter"]), int(message["taken_us"]), ready_s)
            line.frame(message["view"], int(message["session"]), arrival)
        case "seen":
            session, counter = int(message["session"]), int(message["counter"])
            line.seen(message["view"], session, counter, message)
        case "camera":
            line.camera(
                message["view"],
                session=int(message["session"]),
                up=bool(message["up"]),
                why=str(message["why"]),
            )
        case "alarm" | "ends" | "ready":
            _take_notice(line, message)
        case "model":
            _take_model(line, message)


def _take_model(line: StationLine, message: Mapping[str, Any]) -> None:
    line.ran_on = RanOn(
        recipe=str(message.get("recipe", "standard")),
        package=str(message["package"]),
        model_sha256=str(message["sha256"]),
        device_asked=str(message.get("device_asked", message["device"])),
        device=str(message["device"]),
        precision=str(message["precision"]),
        limits=_limits_in(message),
    )
    since = str(message.get("since", ""))
    if since != line.model.since:  # else a line that came back is told the same again
        asked, why = str(message.get("precision_asked", "")), str(message.get("why", ""))
        line.model = RunningModel(asked, why, since)


def _limits_in(message: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    limits = {str(kind): float(limit) for kind, limit in dict(message.get("limits", {})).items()}
    if not all(map(isfinite, limits.values())):
        raise ValueError("a limit is no number")
    return tuple(sorted(limits.items()))


def _take_notice(line: StationLine, message: Mapping[str, Any]) -> None:
    """Take what a worker says of itself."""
    match message["do"]:
        case "alarm":
            line.worker_alarm(
                str(message["name"]),
                str(message["text"]),
                on=bool(message["on"]),
                state=State(message.get("state", State.OUT_OF_SPECIFICATION)),
            )
        case "ready":
            line.change_model()
        case "ends":
            line.worker_ends(str(message["why"]))
