"""What the line knows of the PLC's side of a station."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.domain.snapshot import PlcSnapshot


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
