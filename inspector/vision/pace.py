"""Whether a model keeps up with the parts that come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEAST_JUDGED = 100
"""Pictures below which there is no 99th percentile, only a slowest one."""


def too_slow(took_ms: Sequence[float], *, takt_ms: float, views: int) -> str:
    """Return why the model does not keep up, in words; "" while it does, or nobody can say yet.

    Args:
        took_ms: Of the last pictures, of all views: one model looks at them in turns.
        takt_ms: Shortest time between two parts.
        views: Pictures that each part brings.
    """
    if len(took_ms) < LEAST_JUDGED:
        return ""
    p99_ms = float(np.percentile(np.fromiter(took_ms, float), 99))
    if p99_ms * views <= takt_ms:
        return ""
    pictures = f"{views} pictures of a part" if views > 1 else "the picture of a part"
    return (
        f"the model is too slow: {p99_ms:.0f} ms a picture (99 of the last 100 took less), "
        f"and there are {takt_ms:.0f} ms for {pictures}"
    )
