"""How strong defects are: one stated range per kind, fixed before training.

**Sigma** is the mean grey difference that a defect makes over its core, divided by the standard
deviation of the local noise (`drawing.NOISE_SIGMA`), both at camera resolution. A share of
`FAINT_SHARE` of all draws lies between the range's low end and 2 sigma; the rest is spread evenly
on a logarithmic scale from 2 sigma to the high end. Light and lens blur then move what a picture
shows by a few per cent; a test holds the mean within 12 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

import numpy as np

FAINT_SIGMA = 2.0
FAINT_SHARE = 0.12


@dataclass(frozen=True, slots=True)
class Contrast:
    """A kind's range of contrast, in sigma."""

    low: float
    high: float

    def drawn(self, rng: np.random.Generator) -> float:
        """Return a contrast in sigma."""
        if rng.random() < FAINT_SHARE:
            return float(rng.uniform(self.low, FAINT_SIGMA))
        return exp(rng.uniform(log(FAINT_SIGMA), log(self.high)))
