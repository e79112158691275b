"""Marked pictures: the part's number, its truth and the view, printed as black and white cells.

The stand-in model reads the code back, so that it never errs: what is wrong in the sums then is
the way of a verdict, and never the model.
"""

from __future__ import annotations

import numpy as np
from blake3 import blake3

from inspector.domain.frame import BgrImage

NUMBER_BITS = 32
VIEW_BITS = 3
CELL_PX = 4
_WHITE = 255


def marked(number: int, *, bad: bool, view: int) -> BgrImage:
    """Return the picture of a part as camera number `view` sees it: one row of cells."""
    code = number | int(bad) << NUMBER_BITS | view << (NUMBER_BITS + 1)
    bits = [(code >> place) & 1 for place in range(NUMBER_BITS + 1 + VIEW_BITS)]
    row = np.repeat(np.array(bits, np.uint8) * _WHITE, CELL_PX)
    return np.repeat(np.tile(row, (CELL_PX, 1))[:, :, None], 3, axis=2)


def looks_bad(picture: BgrImage) -> bool:
    """Return what the printed code says of the part: the stand-in for a model."""
    middle = CELL_PX // 2
    return bool(picture[middle, NUMBER_BITS * CELL_PX + middle, 0] > _WHITE // 2)


def digest(picture: BgrImage) -> str:
    """Return what a worker calls the picture."""
    return blake3(picture.tobytes()).hexdigest()
