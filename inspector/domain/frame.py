"""What a camera delivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BgrImage = npt.NDArray[np.uint8]
"""A picture: (height, width, 3), uint8, blue-green-red. No other order exists outside `vision`."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture as the camera delivered it. It carries no part id: no camera knows one.

    Attributes:
        view: The view's name in the station file.
        session: Counts up each time the camera (re)connects; counters of two sessions have
            nothing to do with each other.
        counter: The camera's own frame counter, +1 for each exposure of this session.
        taken_us: The camera's own clock at the exposure, microseconds; only differences within
            a session mean anything.
        image: The pixels.
        ready_s: The gateway's monotonic clock when the last pixel had arrived, seconds.
    """

    view: str
    session: int
    counter: int
    taken_us: int
    image: BgrImage
    ready_s: float
