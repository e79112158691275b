"""What the line knows of the PLC's side of a station."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.domain.snapshot import PlcSnapshot

PROGRAM_SILENT_S = 1.0
"""The PLC's program beats each 100 ms; silent for so long, it is stopped."""


@dataclass(slots=True)
class Link:
    """The session, the last read, and when the PLC's program last beat (monotonic)."""

    up: bool = False
    why: str = "not connected yet"
    snapshot: PlcSnapshot | None = None
    program_beat: int = -1
    program_beat_s: float = 0.0

    @property
    def executes(self) -> bool:
        """True in production, as far as is known."""
        return self.snapshot is None or self.snapshot.executes

    @property
    def program_runs(self) -> bool:
        """False when reads have shown the same beat for too long: a PLC in STOP takes every write.

        By the reads and not by the clock: with a slow poll the newest beat is old, and still new.
        """
        seen = self.snapshot
        if seen is None or not seen.executes:
            return True
        return seen.read_s - self.program_beat_s <= PROGRAM_SILENT_S

    def opened(self, now_s: float) -> None:
        """A fresh session stands."""
        self.up, self.why, self.program_beat_s = True, "", now_s

    def ended(self, why: str) -> None:
        """The session ended."""
        self.up, self.why = False, why

    def read(self, snapshot: PlcSnapshot) -> None:
        """A station was read."""
        if snapshot.heartbeat != self.program_beat:
            self.program_beat = snapshot.heartbeat
            self.program_beat_s = snapshot.read_s
        self.snapshot = snapshot
