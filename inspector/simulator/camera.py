"""One simulated camera: what it delivers when its trigger input sees an edge.

Pure but for the drawing: the edge's instant is handed in, frames come out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from blake3 import blake3

from inspector.domain.frame import BgrImage
from inspector.simulator.cell import COUNT_RUN, Line, Pulse
from inspector.simulator.parts import draw_empty, draw_part, make_part

DOUBLE_AFTER_US = 3_000
ZERO_US = 86_400_000_000
"""A camera's clock has been running for a day when its process starts, so no zero is the PLC's."""
STAYS_US = 300_000
"""A part lies before a camera that waits for so long after its edge."""
DRIFT = 20e-6
"""Its quartz is faster than the PLC's by so much: an ordinary one."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame on its way to whoever listens.

    Attributes:
        counter: The camera's own.
        taken_us: By the camera's own clock.
        image: Contiguous pixels.
        after_s: It is delivered so long after it was taken; 0: at once.
    """

    counter: int
    taken_us: int
    image: BgrImage
    after_s: float = 0.0


class Camera:
    """One camera of one station."""

    def __init__(
        self, station: str, product: str, view: str, *, started_us: int, waits: bool = False
    ) -> None:
        """Start it: its counter at 0, its clock at a zero of its own.

        One that waits takes no picture at an edge, but when it is ordered to: of the part whose
        edge came last, if that is not long ago.
        """
        self.station, self.view = station, view
        self._waits = waits
        self._before_it: Pulse | None = None
        self.counter = 0
        self._product = product
        self._zero_us = started_us - ZERO_US
        self._last: BgrImage | None = None

    def edge(self, pulse: Pulse) -> tuple[list[Shot], list[Line]]:
        """Return the frames of one edge of its input, and the truth about them."""
        if self._waits:
            self._before_it = pulse
            return [], []
        return self._exposed(pulse)

    def ordered(self, now_us: int) -> tuple[list[Shot], list[Line]]:
        """Return the frames of an order, and the truth about them; none of one that waits not."""
        if not self._waits:
            return [], []
        pulse = self._before_it
        if pulse is None or now_us - pulse.at_us > STAYS_US:
            pulse = Pulse(self.view, 0, now_us, now_us, "phantom")
        return self._exposed(replace(pulse, at_us=now_us))

    def _exposed(self, pulse: Pulse) -> tuple[list[Shot], list[Line]]:
        if pulse.fault == "miss":
            return [], []
        image = self._seen(pulse)
        lines = [self._line(pulse, image)]
        taken_us = round((pulse.at_us - self._zero_us) * (1 + DRIFT))
        shots = [Shot(self._counted(), taken_us, image, pulse.delay_s)]
        if pulse.fault == "double":
            lines.append(self._line(pulse, image))
            shots.append(Shot(self._counted(), taken_us + DOUBLE_AFTER_US, image))
        return ([] if pulse.fault == "drop" else shots), lines

    def _counted(self) -> int:
        counter, self.counter = self.counter, self.counter + 1
        return counter

    def _seen(self, pulse: Pulse) -> BgrImage:
        if pulse.fault == "freeze" and self._last is not None:
            return self._last
        self._last = self._drawn(pulse)
        return self._last

    def _drawn(self, pulse: Pulse) -> BgrImage:
        if pulse.truth == "phantom":
            image = draw_empty(self._product, self.view, pulse.seed)
        else:
            part = make_part(self._product, pulse.seed, bad=pulse.truth == "bad")
            image = draw_part(part, self.view)
        return np.ascontiguousarray(image)

    def _line(self, pulse: Pulse, image: BgrImage) -> Line:
        """Return the evidence on the frame with the present counter."""
        return {
            "who": "camera",
            "station": self.station,
            "view": self.view,
            "run": COUNT_RUN,
            "part": pulse.number,
            "seed": pulse.seed,
            "picture": blake3(image.data).hexdigest(),
            "counter": self.counter,
            "fault": pulse.fault,
        }
