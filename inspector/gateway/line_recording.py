"""Records what the lines of a gateway are told, and what they judge."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from inspector.domain.snapshot import PlcSnapshot
from inspector.gateway.recording import LINE, NOTED, Happened, Noted, Tape, order_in
from inspector.ipc import Runtime
from inspector.line.station_line import StationLine
from inspector.ports import Clock, Journal

MOST_WAITING = 2000
"""Some ten seconds of a busy station."""

log = logging.getLogger(__name__)


class LineRecording:
    """A tape for each station that is recorded now.

    Args:
        runtime: Where the order stands.
        clock: The lines'.
        lines: By station; filled later.
    """

    def __init__(self, runtime: Runtime, clock: Clock, lines: Mapping[str, StationLine]) -> None:
        self._runtime, self._clock, self._lines = runtime, clock, lines
        self._tapes: dict[str, Tape[Noted]] = {}
        self._ordered = False

    def obey(self) -> None:
        """Begin or end recording as is ordered; called between two events."""
        order = order_in(self._runtime)
        ordered = order is not None and order.line
        if ordered == self._ordered:
            return
        self._ordered = ordered
        if order is None or not ordered:
            for tape in self._tapes.values():
                tape.end()
            self._tapes = {}
            return
        for station in order.stations:
            file = order.folder / station / LINE
            try:
                tape = Tape(file, most=MOST_WAITING, line_of=NOTED.dump_json)
            except OSError as error:  # also when another life of this process has begun it
                log.warning("%s cannot be recorded: %s", station, error)
                continue
            self._tapes[station] = tape
            self._begin(station, self._lines[station])

    def _begin(self, station: str, line: StationLine) -> None:
        ran_on = asdict(line.ran_on)
        limits = dict(line.ran_on.limits)
        model = {"do": "model", **ran_on, "sha256": ran_on["model_sha256"], "limits": limits}
        up, boot = line.link.up, line.belt.boot
        what = {"epoch": line.epoch, "up": up, "boot": boot, "model": model}
        noted = Noted("begin", self._clock.monotonic_s(), self._clock.now(), what, belt=line.belt)
        self._tapes[station].put(noted)

    def note(
        self,
        station: str,
        do: Happened,
        what: Mapping[str, Any] | None = None,
        snapshot: PlcSnapshot | None = None,
    ) -> None:
        """Record what happens to a station's line, or what it judged."""
        tape = self._tapes.get(station)
        if tape is not None:
            now_s, now = self._clock.monotonic_s(), self._clock.now()
            tape.put(Noted(do, now_s, now, what or {}, snapshot=snapshot))


class RecordedJournal:
    """The journal, of which what is judged is recorded too; implements `ports.Journal`."""

    def __init__(self, journal: Journal, recording: LineRecording) -> None:
        self._journal, self._recording = journal, recording

    def append(self, entry: Mapping[str, object]) -> int:
        """Append to the journal."""
        offset = self._journal.append(entry)
        if entry["kind"] == "judged":
            self._recording.note(str(entry["station"]), "judged", entry)
        return offset

    def since(self, offset: int) -> Sequence[tuple[int, dict[str, object]]]:
        """Return what the journal has."""
        return self._journal.since(offset)
