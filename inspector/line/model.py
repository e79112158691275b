"""What the worker says of the model that runs, and how long it took for the last pictures."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

PICTURES = 200


@dataclass(slots=True)
class RunningModel:
    """Beside `RanOn`, which is on each record; a model that takes its place is another one.

    Attributes:
        precision_asked: "auto" included; empty until the worker has said so.
        why: How device and precision were chosen.
        since: UTC, ISO 8601.
        took_ms: Of the last pictures it looked at, of all views.
    """

    precision_asked: str = ""
    why: str = ""
    since: str = ""
    took_ms: deque[float] = field(default_factory=lambda: deque(maxlen=PICTURES))
