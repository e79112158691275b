"""Whose camera stands where a PLC's output fires: by the belt's encoder, whatever the nodes' names.

A standstill of the belt shows in every camera's frames. With the rings of two cameras exchanged, as
one wrong name in a PLC's profile does, all intervals still agree within what is allowed, while
each frame is given to the part before or behind.
"""

from __future__ import annotations

from collections.abc import Mapping

from inspector.domain.numbers import travelled
from inspector.domain.snapshot import PlcSnapshot

ANOTHERS_RING = (
    "its output fires where the camera of view {} stands: correct Camera.Ring in the PLC's profile,"
    " or at_counts"
)


def owner_of(view: str, snapshot: PlcSnapshot, cameras_at: Mapping[str, int]) -> str:
    """Return the view whose camera stands nearest to where the output of `view` fires.

    That is `view` itself where nothing shows another, as before the first part.

    Args:
        view: Whose ring is looked at.
        snapshot: With the rings of the eye and of the camera.
        cameras_at: Encoder counts from the eye to each view's camera.
    """
    fired = snapshot.fired[view]
    both = fired.keys() & snapshot.triggers.keys()
    if not both or view not in cameras_at:
        return view
    newest = max(both)
    at = travelled(snapshot.triggers[newest][0], fired[newest][0])
    off = {other: abs(counts - at) for other, counts in cameras_at.items()}
    nearest = min(off, key=off.__getitem__)
    return nearest if off[nearest] < off[view] else view
