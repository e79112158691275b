"""The line around what a mask fills, with few corners."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.finding import LEAST_CORNERS, MOST_CORNERS

Corners = npt.NDArray[np.float32]
"""(N, 2): x and y; N is 0 or `LEAST_CORNERS` to `MOST_CORNERS`."""
NO_CORNERS: Corners = np.zeros((0, 2), np.float32)
_FIRST_STRAY_PX, _WIDER = 0.5, 1.5
"""How far the line may stray from the mask's edge, and how much farther while it has too many
corners."""


def outlined(logits: npt.NDArray[np.float32], *, cell: tuple[float, float]) -> Corners:
    """Return the line around the largest piece that a mask fills, from the mask's own corner.

    Args:
        logits: (rows, columns) of the mask; what is above 0 is filled.
        cell: Width and height of one of them, in the pixels that are returned.
    """
    rows, columns = logits.shape
    size = max(round(columns * cell[0]), 1), max(round(rows * cell[1]), 1)
    fine = cv2.resize(logits, size, interpolation=cv2.INTER_LINEAR)
    pieces, _ = cv2.findContours(
        (fine > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    if not pieces:
        return NO_CORNERS
    line, stray_px = max(pieces, key=cv2.contourArea), _FIRST_STRAY_PX
    corners = cv2.approxPolyDP(line, stray_px, closed=True)
    while len(corners) > MOST_CORNERS:
        stray_px *= _WIDER
        corners = cv2.approxPolyDP(line, stray_px, closed=True)
    if len(corners) < LEAST_CORNERS:
        return NO_CORNERS
    # The line runs through the middle of the pixels at the edge.
    scale = np.array([columns * cell[0] / size[0], rows * cell[1] / size[1]], np.float32)
    return ((corners.reshape(-1, 2) + 0.5) * scale).astype(np.float32)
