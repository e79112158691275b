"""Whether a picture is of its own view: what the view's good pictures look like on the whole.

A view's look is the mean of its good pictures, each brought down to `SIDE` by `SIDE` grey values
without its brightness and contrast, so that neither lamp nor exposure counts, and what is small (a
defect, the sensor's noise) hardly does. The likeness of two looks is their correlation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.frame import BgrImage
from inspector.vision.picture_check import CheckLimits

CLEARLY = 0.05
"""A picture shows what another view shows when it is liker to that by more than this."""
IN_A_ROW = 3
"""So many strange pictures of a view one after the other are its camera's fault, not a part's."""
SIDE = 8
_SAMPLES = 64

Look = npt.NDArray[np.float32]


def look_of(image: BgrImage) -> Look:
    """Return what a picture looks like: mean 0, length 1; zeros when it shows nothing."""
    few = cv2.resize(image, (_SAMPLES, _SAMPLES), interpolation=cv2.INTER_NEAREST)
    grey = cv2.cvtColor(few, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return _normal(small.ravel().astype(np.float32))


def mean_look(looks: Sequence[Look]) -> Look:
    """Return what pictures look like together."""
    return _normal(np.mean(looks, axis=0))


def likeness(one: Look, other: Look) -> float:
    """Return how like two looks are: 1 the same, 0 unrelated."""
    return float(one @ other)


def look_as_text(look: Look) -> str:
    """Return a look as it stands in a station's file: two hex digits for each grey value."""
    greatest = float(np.abs(look).max()) or 1.0
    levels = np.rint(look / greatest * 127 + 128).astype(np.uint8)
    return bytes(levels).hex()


def look_from_text(text: str) -> Look:
    """Return a look as `look_as_text` wrote it."""
    return _normal(np.frombuffer(bytes.fromhex(text), np.uint8).astype(np.float32))


def unlike(look: Look, limits: CheckLimits) -> str:
    """Return why a picture is not one of a view with these limits, or ""."""
    if not limits.looks_like:
        return ""
    alike = likeness(look, look_from_text(limits.looks_like))
    return _too_unlike(alike, limits.least_likeness)


class OwnViews:
    """Tells pictures of their own view from those of another one.

    Args:
        checks: Of the station's views, by name.
        elsewhere: Of all other views of the site, by what people call them.

    Attributes:
        likeness: By view, how like its last picture is to its good ones.
        looks: By view, of its last picture.
    """

    def __init__(
        self, checks: Mapping[str, CheckLimits], elsewhere: Mapping[str, CheckLimits]
    ) -> None:
        named = {**elsewhere, **{_named(view): one for view, one in checks.items()}}
        self._known = {
            name: (look_from_text(one.looks_like), one.least_likeness)
            for name, one in named.items()
            if one.looks_like
        }
        self._strange = {view: deque[str](maxlen=IN_A_ROW) for view in checks}
        self.likeness: dict[str, float] = {}
        self.looks: dict[str, Look] = {}

    def trouble(self, view: str, image: BgrImage) -> str:
        """Return why the model may not look at this picture of a view, or ""."""
        if (own := self._known.get(_named(view))) is None:
            return ""
        look, (own_look, least) = look_of(image), own
        self.looks[view] = look
        mine = self.likeness[view] = likeness(look, own_look)
        other, best = self._best(look, _named(view))
        if best > mine + CLEARLY:
            why = f"swapped camera: it shows what {other} shows ({best:.2f} alike)"
        else:
            other, why = "", _too_unlike(mine, least)
        if why:
            self._strange[view].append(other)
        else:
            self._strange[view].clear()
        return why

    def forget(self, view: str) -> None:
        """Begin anew with a view whose camera was connected again."""
        self._strange[view].clear()

    def complaint(self) -> str:
        """Return which cameras do not show their own views, or ""."""
        strange = {_named(view): tuple(others) for view, others in self._strange.items()}
        shown = {view: others[-1] for view, others in strange.items() if len(others) == IN_A_ROW}
        return "; ".join(dict.fromkeys(_told(view, shown) for view in shown))

    def _best(self, look: Look, own: str) -> tuple[str, float]:
        """Return which other view this could be, and how like it is; -1: none."""
        best = [("", -1.0)]
        for name, (other, least) in self._known.items():
            if name != own and (alike := likeness(look, other)) >= least:
                best.append((name, alike))
        return max(best, key=lambda one: one[1])


def _too_unlike(alike: float, least: float) -> str:
    return f"another scene: likeness {alike:.2f}, at least {least:g}" if alike < least else ""


def _told(view: str, shown: Mapping[str, str]) -> str:
    other = shown[view]
    if not other:
        return f"{view} shows another scene than its good pictures: see to its camera"
    if shown.get(other) == view:
        return " and ".join(sorted((view, other))) + " show each other: their cameras are exchanged"
    return f"{view} shows what {other} shows: another camera is in its place"


def _named(view: str) -> str:
    return f"view {view}"


def _normal(values: Look) -> Look:
    values = values - values.mean()
    length = float(np.linalg.norm(values))
    return (values / length if length > 0 else values).astype(np.float32)
