"""From a camera's picture to the model's input. The one place where another colour order exists.

What is left to do to the grey values is put in front of the model itself: `onnx_input.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.finding import Box, Outline
from inspector.domain.frame import BgrImage
from inspector.vision.manifest import Input
from inspector.vision.outlines import Corners

Prepared = npt.NDArray[np.uint8]
"""What a model takes: (1, height, width, 3), in the colour order of its manifest."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a picture lies in the model's input; outside of it where it is cropped.

    Attributes:
        ratio: Input pixels for one picture pixel, across and down.
        left: Input column where the picture begins.
        top: Input row where the picture begins.
        width: Columns that the picture covers.
        height: Rows that the picture covers.
        picture_px: Width and height of the picture itself.
    """

    ratio: tuple[float, float]
    left: int
    top: int
    width: int
    height: int
    picture_px: tuple[int, int]

    def box(self, x1: float, y1: float, x2: float, y2: float) -> Box:
        """Return a box of the input as (x, y, width, height) in the picture, cut at its edges."""
        wide, high = self.picture_px
        across, down = self.ratio
        left, right = sorted(min(max((x - self.left) / across, 0.0), wide) for x in (x1, x2))
        upper, lower = sorted(min(max((y - self.top) / down, 0.0), high) for y in (y1, y2))
        return left, upper, right - left, lower - upper

    def outline(self, corners: Corners) -> Outline:
        """Return corners in the input as an outline in the picture, cut at its edges."""
        found = (corners - (self.left, self.top)) / self.ratio
        inside = np.clip(found, 0.0, self.picture_px)
        return tuple((round(float(x), 1), round(float(y), 1)) for x, y in inside)


def fitted(width_px: int, height_px: int, wanted: Input) -> Fit:
    """Return where a picture of this size goes, by the manifest's letterbox rule.

    Rounds as Ultralytics' `LetterBox` does, with which the models are trained.
    """
    ratios = (wanted.width / width_px, wanted.height / height_px)
    if wanted.letterbox == "stretch":
        return Fit(ratios, 0, 0, wanted.width, wanted.height, (width_px, height_px))
    crops = wanted.letterbox == "crop"
    ratio = max(ratios) if crops else min(ratios)
    width, height = max(round(width_px * ratio), 1), max(round(height_px * ratio), 1)
    if not crops:
        width, height = min(width, wanted.width), min(height, wanted.height)
    left = round((wanted.width - width) / 2 - 0.1)
    top = round((wanted.height - height) / 2 - 0.1)
    return Fit((ratio, ratio), left, top, width, height, (width_px, height_px))


class Preparing:
    """Fills one buffer again and again; `prepared` is what the model reads."""

    def __init__(self, wanted: Input) -> None:
        self._wanted = wanted
        shape = (1, wanted.height, wanted.width, 3)
        self._last: Fit | None = None
        self.prepared: Prepared = np.full(shape, wanted.pad_value, np.uint8)

    def fill(self, image: BgrImage) -> Fit:
        """Put a picture into `prepared` and return where it lies."""
        height_px, width_px = image.shape[:2]
        fit = fitted(width_px, height_px, self._wanted)
        if self._last != fit:
            self.prepared[:] = self._wanted.pad_value
            self._last = fit
        seen = self._scaled(image, fit)
        left, top = max(fit.left, 0), max(fit.top, 0)
        place = self.prepared[0, top : top + seen.shape[0], left : left + seen.shape[1]]
        if self._wanted.colour == "rgb":
            cv2.cvtColor(seen, cv2.COLOR_BGR2RGB, dst=place)
        else:
            place[:] = seen
        return fit

    def _scaled(self, image: BgrImage, fit: Fit) -> BgrImage:
        """Return what will be seen, scaled, and only that: a very long picture costs no more."""
        seen, size = image, (fit.width, fit.height)
        if fit.left < 0 or fit.top < 0:
            across, down = fit.ratio
            left, top = round(max(-fit.left, 0) / across), round(max(-fit.top, 0) / down)
            size = (min(fit.width, self._wanted.width), min(fit.height, self._wanted.height))
            right, bottom = left + round(size[0] / across), top + round(size[1] / down)
            seen = image[top : max(bottom, top + 1), left : max(right, left + 1)]
        if size != (seen.shape[1], seen.shape[0]):
            seen = np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        return seen
