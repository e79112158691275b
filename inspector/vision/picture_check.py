"""Whether a picture may be judged at all: what the model must not be asked about.

A picture that fails here makes its part UNKNOWN with the cause on the record; it is never counted
as a defect of the product.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.frame import BgrImage

_SMALL_PX = 64
_BELT_SPREAD = 15
"""Grey levels about the belt's own that still count as belt: after averaging down to 64 x 64, an
empty belt of the demo, with its texture and uneven light, exceeds it in at most 0.7 % of the
picture (300 drawn pictures a view)."""


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """What a picture must be; grey values 0 to 255.

    Attributes:
        darkest_mean: Mean grey below this is too dark.
        brightest_mean: Mean grey above this is too bright.
        least_contrast: A standard deviation of grey below this is flat.
        least_part_share: Share of the picture that must differ from the belt at its edges; 0: not
            checked.
        width_px: What the camera delivers; 0: any.
        height_px: What the camera delivers; 0: any.
    """

    darkest_mean: float = 15
    brightest_mean: float = 240
    least_contrast: float = 4
    least_part_share: float = 0
    width_px: int = 0
    height_px: int = 0


def picture_trouble(
    image: BgrImage, limits: CheckLimits, *, digest: str = "", previous: str = ""
) -> str:
    """Return why the model may not look at this picture, or "" when it may.

    Args:
        image: As the camera delivered it.
        limits: Of its view.
        digest: Of its pixels.
        previous: Digest of the picture before it in the same view; the sensor's noise makes every
            true picture different, so the same again means that the camera stands still.
    """
    wrong = _wrong_shape(image, limits)
    if wrong:
        return wrong
    if digest and digest == previous:
        return "frozen: the same picture as before"
    return _grey_trouble(_small_grey(image), image, limits)


def part_share(image: BgrImage) -> float:
    """Return the share of the picture, 0 to 1, that differs from what shows at its edges."""
    return _part_share(_small_grey(image))


def _wrong_shape(image: BgrImage, limits: CheckLimits) -> str:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        return f"wrong kind of picture: {image.dtype} {image.shape}"
    height, width = image.shape[:2]
    if (limits.width_px or width) != width or (limits.height_px or height) != height:
        return f"wrong size: {width} x {height}, not {limits.width_px} x {limits.height_px} pixels"
    return ""


def _grey_trouble(grey: npt.NDArray[np.uint8], image: BgrImage, limits: CheckLimits) -> str:
    mean = float(grey.mean())
    if mean < limits.darkest_mean:
        return f"too dark: mean grey {mean:.0f}, at least {limits.darkest_mean:g}"
    if mean > limits.brightest_mean:
        return f"too bright: mean grey {mean:.0f}, at most {limits.brightest_mean:g}"
    # The picture averaged down has less noise and so less contrast: only if that is too little is
    # the whole picture worth the time.
    if grey.std() < limits.least_contrast and (spread := _contrast(image)) < limits.least_contrast:
        return f"flat: contrast {spread:.1f}, at least {limits.least_contrast:g}"
    if limits.least_part_share and (share := _part_share(grey)) < limits.least_part_share:
        return f"no part in the picture: {share:.0%} differs from the belt"
    return ""


def _small_grey(image: BgrImage) -> npt.NDArray[np.uint8]:
    small = cv2.resize(image, (_SMALL_PX, _SMALL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def _contrast(image: BgrImage) -> float:
    """Return the standard deviation of the whole picture's grey, in grey levels."""
    _, deviation = cv2.meanStdDev(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    return float(deviation[0, 0])


def _part_share(grey: npt.NDArray[np.uint8]) -> float:
    levels = grey.astype(np.int16)
    edges = np.concatenate((levels[0], levels[-1], levels[1:-1, 0], levels[1:-1, -1]))
    return float((np.abs(levels - np.median(edges)) > _BELT_SPREAD).mean())
