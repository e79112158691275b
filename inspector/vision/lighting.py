"""Whether the light of a view drifts towards the limits of its pictures, before they are refused.

What is compared is the mean grey of the last pictures with that of the first ones since the camera
was connected: single parts differ, so both are means over many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from inspector.domain.health import Condition, State, worst
from inspector.vision.picture_check import CheckLimits

MANY = 50
WARNS, ALARMS = 1 / 3, 1 / 2
"""Share of the way from the first pictures to a limit: single parts lie far from their mean."""
BACK = 0.1
"""So much of the way it must have come back for what was said to end."""


@dataclass
class Light:
    """The light of one view.

    Attributes:
        view: Its name.
        limits: Of its pictures.
        state: What its drift means by now.
    """

    view: str
    limits: CheckLimits
    state: State = State.GOOD
    _first: list[float] = field(default_factory=list)
    _last: deque[float] = field(default_factory=lambda: deque(maxlen=MANY))

    def saw(self, mean: float) -> None:
        """Take in a picture's mean grey; the first ones count only within the limits."""
        if len(self._first) < MANY:
            if self.limits.darkest_mean <= mean <= self.limits.brightest_mean:
                self._first.append(mean)
            return
        self._last.append(mean)
        if len(self._last) == MANY:
            self.state = self._judged()

    def forget(self) -> None:
        """Begin anew: the camera was connected again."""
        self._first.clear()
        self._last.clear()
        self.state = State.GOOD

    def condition(self) -> Condition:
        """Return what is wrong with the light, and what to do; GOOD without text."""
        if self.state is State.GOOD:
            return Condition(State.GOOD, "")
        way = "darker" if self._drift < 0 else "brighter"
        if self.state is State.MAINTENANCE:
            return Condition(self.state, f"view {self.view} becomes {way}: see to its lamp")
        why = (
            f"view {self.view} is much {way}: its parts will soon not be inspected, see to its lamp"
        )
        return Condition(self.state, why)

    @property
    def _drift(self) -> float:
        return sum(self._last) / MANY - sum(self._first) / MANY

    def _judged(self) -> State:
        limit = self.limits.darkest_mean if self._drift < 0 else self.limits.brightest_mean
        room = abs(limit - sum(self._first) / MANY)
        share = abs(self._drift) / room if room else 0.0
        if share >= ALARMS - BACK * (self.state is State.OUT_OF_SPECIFICATION):
            return State.OUT_OF_SPECIFICATION
        if share >= WARNS - BACK * (self.state is not State.GOOD):
            return State.MAINTENANCE
        return State.GOOD


def worst_light(lights: Iterable[Light]) -> Condition:
    """Return the gravest that is wrong with the light of a station's views; GOOD without text."""
    return worst(light.condition() for light in lights)
