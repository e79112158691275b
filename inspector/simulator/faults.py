"""Faults that can be ordered: `KIND@PART[:STATION[.VIEW]]`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from inspector.errors import BadInput

CAMERA_KINDS = ("drop", "miss", "double", "delay", "freeze")
KINDS = (*CAMERA_KINDS, "phantom", "late-writes")
LATE_WRITES_US = 5_000_000
"""So long after the part at the eye, PASS words are not answered and executed late."""
_FORM = re.compile(r"([a-z-]+)@(\+?)(\d{1,18})(?::([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?)?")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, once.

    Attributes:
        kind: drop: exposed and counted, never delivered. miss: the camera does not notice the
            trigger. double: one exposure delivered as two frames. delay: delivered seconds late.
            freeze: the pixels of the frame before. phantom: the eye sees an edge where no part
            is. late-writes: PASS words are executed late from this part on.
        part: Number of the trigger, counted from 1; or with `relative`, so many after now.
        station: Where; empty: at every station.
        view: Which camera; empty: the station's first.
        relative: `part` counts from the last trigger.
    """

    kind: str
    part: int
    station: str = ""
    view: str = ""
    relative: bool = False


def parse_fault(text: str) -> Fault:
    """Return the fault that a person wrote as `KIND@PART[:STATION[.VIEW]]`.

    Raises:
        BadInput: With what would be right.
    """
    found = _FORM.fullmatch(text)
    if not found or found[1] not in KINDS or int(found[3]) < 1:
        kinds = ", ".join(KINDS)
        raise BadInput(f"fault {text!r}: must be KIND@PART[:STATION], KIND one of {kinds}")
    return Fault(found[1], int(found[3]), found[4] or "", found[5] or "", relative=bool(found[2]))


class FaultOrders:
    """The faults still to come at one station."""

    def __init__(self, station: str, views: tuple[str, ...], faults: Iterable[Fault]) -> None:
        """Take the faults that concern this station."""
        self._station, self._views = station, views
        self._orders: dict[tuple[str, int], set[str]] = {}
        for fault in faults:
            self.add(fault, newest=0)

    def add(self, fault: Fault, *, newest: int) -> None:
        """Take one more; `newest` is the number of the last trigger."""
        if fault.station not in ("", self._station):
            return
        number = fault.part + newest if fault.relative else fault.part
        where = fault.view or self._views[0]
        key = where if fault.kind in CAMERA_KINDS else ""
        self._orders.setdefault((key, number), set()).add(fault.kind)

    def phantom_at(self, number: int) -> bool:
        """Return whether this trigger shall be one without a part."""
        return "phantom" in self._orders.get(("", number), ())

    def late_writes_from(self, number: int) -> bool:
        """Return whether PASS words shall be late from this trigger on."""
        return "late-writes" in self._orders.get(("", number), ())

    def of_camera(self, view: str, number: int) -> str:
        """Return what shall go wrong with this part's picture; empty: nothing."""
        kinds = self._orders.get((view, number), set())
        return min(kinds, key=CAMERA_KINDS.index, default="")
