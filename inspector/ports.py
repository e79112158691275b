"""Every edge on one page: what the line and the recorder ask of the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from inspector.domain.finding import ViewResult
from inspector.domain.frame import BgrImage, Frame
from inspector.domain.snapshot import PlcSnapshot


class Clock(Protocol):
    """Time: the wall for records, monotonic for waiting."""

    def now(self) -> datetime:
        """Return UTC with its zone."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that never step; comparable between processes of one machine."""
        ...


class Camera(Protocol):
    """One camera. Opening connects; `close` gives everything back."""

    session: int
    """Counts up at each (re)connect within this process's life; set after `open`."""

    def open(self) -> None:
        """Connect, or raise `CameraLost`."""
        ...

    def frame(self, timeout_s: float) -> Frame:
        """Return the next frame, oldest first.

        Raises:
            CameraTimeout: None came in time; the camera may still be well.
            CameraLost: It went away; `close`, then `open` again.
        """
        ...

    def take(self) -> None:
        """Take one picture now, of a camera that waits to be asked; `frame` returns it.

        May be called while another thread waits in `frame`. A camera that is not connected takes
        none.
        """
        ...

    def close(self) -> None:
        """Disconnect; may be called twice."""
        ...


@runtime_checkable
class CountsLosses(Protocol):
    """A camera that knows what was lost on the way from it."""

    def losses(self) -> Mapping[str, int]:
        """Return counts by name that only go up; `incomplete`: frames that were not delivered."""
        ...


class Vision(Protocol):
    """A model that runs on a proven device."""

    def look(self, view: str, image: BgrImage) -> ViewResult:
        """Return findings and top scores of one picture; raises `ModelFailed`."""
        ...


class Journal(Protocol):
    """The line's memory that survives its own death."""

    def append(self, entry: Mapping[str, object]) -> int:
        """Return the entry's offset once it is in shared memory; raises `JournalFull`."""
        ...

    def since(self, offset: int) -> Sequence[tuple[int, dict[str, object]]]:
        """Return (offset after the entry, entry) from `offset` on, oldest first."""
        ...


class PlcEvents(Protocol):
    """What the PLC's side tells the line; called in the line's own event loop, never at once."""

    def plc_up(self) -> None:
        """A fresh session stands; namespaces and nodes were found; snapshots follow."""
        ...

    def plc_read(self, snapshot: PlcSnapshot) -> None:
        """A station was read."""
        ...

    def plc_down(self, why: str) -> None:
        """The session ended; nothing written and not acknowledged is known to be done."""
        ...

    def plc_acked(self, token: object, at_s: float) -> None:
        """The write that carried `token` was acknowledged with Good at monotonic `at_s`."""
        ...


class Plc(Protocol):
    """The PLC of some stations, one session for all of them.

    The queue holds at most one word per (station, table, slot): a newer word for the same
    slot replaces an unsent older one. Operator words go first. One write is in flight per
    queue. What is queued when the session ends is thrown away; the line says again what is
    still undecided.
    """

    def say(self, station: str, part_id: int, word: int, token: object) -> None:
        """Queue a machine word for the part's slot."""
        ...

    def say_operator(self, station: str, part_id: int, word: int, token: object) -> None:
        """Queue an operator word for the part's slot."""
        ...

    def raise_epoch(self, station: str, epoch: int) -> None:
        """Queue our epoch; goes before every word queued after it."""
        ...

    def ask_sync(self, station: str, view: str, request: int) -> None:
        """Queue a request for a gap on that camera's output."""
        ...

    def beat(self, station: str, count: int) -> None:
        """Queue the heartbeat."""
        ...

    def read_soon(self, station: str) -> None:
        """Ask for a snapshot now rather than at the next 50 ms; several asks become one."""
        ...
