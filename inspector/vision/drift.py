"""Whether a view's pictures drift towards a limit of the picture check, before it costs parts.

How far they have come is measured from where they lay when the limits were learned, not from an
hour ago: a lamp that fades over months hardly moves in one. Where that was not learned, the first
pictures since the camera was connected are the measure. The median of many parts does not move with
the parts themselves, only with lamp, lens and camera.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from statistics import median

from inspector.domain.health import Condition, State
from inspector.vision.picture_check import CheckLimits, Features, features_trouble

BLOCK = 100
"""Pictures of a view that are looked at together. Where the parts' own spread sets a limit, it lies
4.7 standard deviations from the middle (`picture_limits.learned`); the median of so many strays by
0.13."""
LEVELS = (1 / 3, 1 / 2)
"""Of the way to a limit: from the first on, somebody has to see to it; from the second, parts begin
to be lost. A limit that lies 4.7 standard deviations off then refuses 1 in 1000 and 1 in 100."""
BACK = 1 / 6
"""A level is over when the pictures lie so much of the way before it: it does not come and go."""
AT_ONCE = 1 / 4
"""More of the way than this within two blocks is a sudden change and no drift."""
STATES = (State.GOOD, State.MAINTENANCE, State.OUT_OF_SPECIFICATION)


@dataclass(frozen=True, slots=True)
class Course:
    """One way in which pictures come nearer to a limit.

    Attributes:
        feature: Of `Features`.
        limit: Of `CheckLimits`, which the feature comes nearer to.
        becomes: What the pictures become, for people.
        see_to: What a person does about it.
    """

    feature: str
    limit: str
    becomes: str
    see_to: str


COURSES = (
    Course("mean", "darkest_mean", "darker", "clean the lamp and the lens, see to the lamp's age"),
    Course("mean", "brightest_mean", "brighter", "keep other light out, see to lamp and exposure"),
    Course("sharpness", "least_sharpness", "less sharp", "clean the lens, focus it and fix it"),
    Course("contrast", "least_contrast", "flatter", "clean the lens and what lies before it"),
)
"""The plainest first: less light is less contrast, too."""


class Drifts:
    """What the last pictures of each view have come to.

    Args:
        checks: Of the station's views; a limit of 0 is not watched.
    """

    def __init__(self, checks: Mapping[str, CheckLimits]) -> None:
        self._checks = dict(checks)
        self._views = {view: list(_watched(view, check)) for view, check in checks.items()}
        self._last: dict[str, list[Features]] = {view: [] for view in checks}

    def note(self, view: str, features: Features) -> None:
        """Take in a picture of the view, also one that is refused for what it is like."""
        check = self._checks[view]
        if features.part_share < check.least_part_share and features.mean >= check.darkest_mean:
            return  # an empty belt is neither a darker nor a flatter part
        last = self._last[view]
        last.append(features)
        if len(last) < BLOCK:
            return
        self._last[view] = []
        middle = Features(*(median(values) for values in zip(*map(astuple, last), strict=True)))
        good = not features_trouble(middle, check)
        for one in self._views[view]:
            one.take(getattr(middle, one.course.feature), good=good)

    def forget(self, view: str) -> None:
        """Begin anew with a view whose camera was connected again, but for what was learned.

        Called from the camera's thread: what `note` holds then is replaced and never changed.
        """
        self._last[view] = []
        for one in self._views[view]:
            one.forget()

    def conditions(self) -> dict[str, Condition]:
        """Return what is to be said of each view; GOOD without text when there is nothing."""
        return {view: _worst(watched) for view, watched in self._views.items()}


class _Watched:
    """One course of one view. What is said keeps its figures until the level is another one."""

    def __init__(self, view: str, course: Course, learned: float, limit: float) -> None:
        self.course = course
        self.level, self.text = 0, ""
        self._view, self._limit = view, limit
        self._learned = self._usual = learned if self._within(learned) else 0.0
        self._before: tuple[float, ...] = ()
        self._sudden = False

    def forget(self) -> None:
        """Begin anew, unless it was learned where the pictures lie."""
        if not self._learned:
            self._usual, self.level, self.text = 0.0, 0, ""
            self._before = ()

    def take(self, value: float, *, good: bool) -> None:
        """Take in the median of a block; without another measure, a good one is it."""
        if not self._usual:
            self._usual = value if good and self._within(value) else 0.0
            return
        way = (value - self._usual) / (self._limit - self._usual)
        before, self.level = self.level, _level(way, self.level)
        if self.level and not before:
            self._sudden = way - min(self._before, default=way) > AT_ONCE
        if self.level != before:
            self.text = self._said(value) if self.level else ""
        self._before = (*self._before[-1:], way)

    def _within(self, value: float) -> bool:
        upper = self.course.limit == "brightest_mean"
        return 0 < value < self._limit if upper else value > self._limit

    def _said(self, value: float) -> str:
        course, words = self.course, "have become {} at once" if self._sudden else "become {}"
        called = "mean grey" if course.feature == "mean" else course.feature
        return (
            f"view {self._view}: its pictures {words.format(course.becomes)}, {called} "
            f"{value:.3g} where it was {self._usual:.3g}; parts are refused at {self._limit:.3g}: "
            + ("see what was changed at lamp, lens or camera" if self._sudden else course.see_to)
        )


def _level(way: float, before: int) -> int:
    return sum(way >= at - BACK * (before > number) for number, at in enumerate(LEVELS))


def _watched(view: str, check: CheckLimits) -> Iterator[_Watched]:
    for course in COURSES:
        if limit := getattr(check, course.limit):
            yield _Watched(view, course, getattr(check, f"usual_{course.feature}"), limit)


def _worst(watched: list[_Watched]) -> Condition:
    worst = max(watched, key=lambda one: one.level, default=None)
    return Condition(STATES[worst.level], worst.text) if worst else Condition(State.GOOD, "")
