"""From a camera's picture to the model's input. The one place where another colour order exists."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.finding import Box
from inspector.domain.frame import BgrImage
from inspector.vision.manifest import Input

Tensor = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a picture lies in the model's input.

    Attributes:
        ratio: Input pixels for one picture pixel.
        left: First input column of the picture.
        top: First input row of the picture.
        width: Columns that the picture covers.
        height: Rows that the picture covers.
        picture_px: Width and height of the picture itself.
    """

    ratio: float
    left: int
    top: int
    width: int
    height: int
    picture_px: tuple[int, int]

    def box(self, x1: float, y1: float, x2: float, y2: float) -> Box:
        """Return a box of the input as (x, y, width, height) in the picture, cut at its edges."""
        wide, high = self.picture_px
        left, right = sorted(min(max((x - self.left) / self.ratio, 0.0), wide) for x in (x1, x2))
        upper, lower = sorted(min(max((y - self.top) / self.ratio, 0.0), high) for y in (y1, y2))
        return left, upper, right - left, lower - upper


def fitted(width_px: int, height_px: int, wanted: Input) -> Fit:
    """Return where a picture of this size goes: as large as fits, in the middle.

    Rounds as Ultralytics' `LetterBox` does, with which the models are trained.
    """
    ratio = min(wanted.width / width_px, wanted.height / height_px)
    width = min(max(round(width_px * ratio), 1), wanted.width)
    height = min(max(round(height_px * ratio), 1), wanted.height)
    left = round((wanted.width - width) / 2 - 0.1)
    top = round((wanted.height - height) / 2 - 0.1)
    return Fit(ratio, left, top, width, height, (width_px, height_px))


class Preparing:
    """Fills one buffer again and again; `tensor` is what the model reads."""

    def __init__(self, wanted: Input) -> None:
        self._wanted = wanted
        shape = (wanted.height, wanted.width, 3)
        self._canvas = np.full(shape, wanted.pad_value, np.uint8)
        self._last: Fit | None = None
        self.tensor: Tensor = np.zeros((1, 3, *shape[:2]), np.float32)

    def fill(self, image: BgrImage) -> Fit:
        """Put a picture into `tensor` and return where it lies."""
        height_px, width_px = image.shape[:2]
        fit = fitted(width_px, height_px, self._wanted)
        if self._last != fit:
            self._canvas[:] = self._wanted.pad_value
            self._last = fit
        place = self._canvas[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width]
        if (fit.width, fit.height) == (width_px, height_px):
            place[:] = image
        else:
            place[:] = cv2.resize(image, (fit.width, fit.height), interpolation=cv2.INTER_LINEAR)
        order = (2, 1, 0) if self._wanted.colour == "rgb" else (0, 1, 2)
        planes = cv2.split(self._canvas)
        for plane, channel in enumerate(order):
            np.multiply(planes[channel], np.float32(self._wanted.scale), out=self.tensor[0, plane])
        return fit
