"""Whether a view's camera was moved: its good pictures' mean look against that of the last ones.

A part's own place differs from part to part; that of the mean of many does not. A shift of much
less than one of a look's cells shows in how the grey values along its slopes have changed (the
least squares of Lucas and Kanade, 1981, once). One of more than half a cell is another scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot

import numpy as np

from inspector.domain.health import Condition, State
from inspector.vision.likeness import SIDE, Look, look_from_text, mean_look
from inspector.vision.picture_check import CheckLimits

BLOCK = 100
"""Pictures of a view that are looked at together: their mean strays a tenth as far as one part."""
BACK = 0.75
"""It is over when the shift is below this share of the limit: it does not come and go."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How much further right and down something lies, in pixels of the camera."""

    right_px: float
    down_px: float

    @property
    def length_px(self) -> float:
        """Return how far that is."""
        return hypot(self.right_px, self.down_px)


def shift(look: Look, usual: Look, size_px: tuple[int, int]) -> Shift:
    """Return where what a look shows lies, against another look of the same.

    Args:
        look: Of a picture, or the mean of several.
        usual: Of the good pictures.
        size_px: Width and height of the pictures.
    """
    here, there = look.reshape(SIDE, SIDE), usual.reshape(SIDE, SIDE)
    down, right = np.gradient((here + there) / 2)
    slopes = np.stack([right.ravel(), down.ravel(), there.ravel()], axis=1)
    (right_cells, down_cells, _), *_ = np.linalg.lstsq(slopes, (there - here).ravel(), rcond=None)
    width_px, height_px = size_px
    return Shift(float(right_cells) * width_px / SIDE, float(down_cells) * height_px / SIDE)


class Moves:
    """Where the last pictures of each view lie.

    Args:
        checks: Of the station's views; those without a learned look or limit are not watched.
    """

    def __init__(self, checks: Mapping[str, CheckLimits]) -> None:
        self._checks = {
            view: one for view, one in checks.items() if one.looks_like and one.most_shift_px
        }
        self._last: dict[str, list[Look]] = {view: [] for view in self._checks}
        self._said = dict.fromkeys(checks, "")

    def note(self, view: str, look: Look, size_px: tuple[int, int]) -> None:
        """Take in the look of a picture that is the view's own."""
        if view not in self._checks:
            return
        last = self._last[view]
        last.append(look)
        if len(last) < BLOCK:
            return
        self._last[view] = []
        check = self._checks[view]
        moved = shift(mean_look(last), look_from_text(check.looks_like), size_px)
        limit_px = check.most_shift_px * (BACK if self._said[view] else 1.0)
        if moved.length_px <= limit_px:
            self._said[view] = ""
        elif not self._said[view]:
            self._said[view] = _said(view, moved, check.most_shift_px)

    def forget(self, view: str) -> None:
        """Begin anew with a view whose camera was connected again; from the camera's thread."""
        self._last[view] = []

    def conditions(self) -> dict[str, Condition]:
        """Return what is to be said of each view; without text there is nothing."""
        return {
            view: Condition(State.OUT_OF_SPECIFICATION, text) for view, text in self._said.items()
        }


def _said(view: str, moved: Shift, limit_px: float) -> str:
    across = f"{abs(moved.right_px):.0f} px further {'right' if moved.right_px > 0 else 'left'}"
    along = f"{abs(moved.down_px):.0f} px further {'down' if moved.down_px > 0 else 'up'}"
    return (
        f"view {view}: its parts lie about {across} and {along} than the good ones did, "
        f"{limit_px:.3g} px are allowed: see whether the camera or what guides the parts was "
        "moved, set it back or learn anew"
    )
