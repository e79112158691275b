"""Whether a picture may be judged at all: what the model must not be asked about.

A picture that fails here makes its part UNKNOWN with the cause on the record; it is never counted
as a defect of the product. Everything is measured on `_LINES` whole rows and columns of it: they
have every pixel along them, so blur shows in them as in the picture, and cost a fifth of its time.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.frame import BgrImage

_LINES = 32
_COLUMNS = 64
_BELT_SPREAD = 15
"""Grey levels about the belt's own that still count as belt: in rows averaged down to 64 values, an
empty belt of the demo, with its texture and uneven light, exceeds it in at most 0.6 % of the
picture (300 drawn pictures a view)."""
_NEAR_PX, _FAR_PX = 2, 10
_STEEPEST = 0.999

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """What a picture must be; grey values 0 to 255.

    Attributes:
        darkest_mean: Mean grey below this is too dark.
        brightest_mean: Mean grey above this is too bright.
        least_contrast: A standard deviation of grey below this is flat.
        least_part_share: Share of the picture that must differ from the belt at its edges; 0: not
            checked.
        least_sharpness: Sharpness below this is blurred; 0: not checked.
        width_px: What the camera delivers; 0: any.
        height_px: What the camera delivers; 0: any.
        least_likeness: Less like the view's good pictures is another scene (`likeness`).
        looks_like: What those look like, as text; "": not checked.
        most_shift_px: How far the last pictures' parts may lie from the good ones'; 0: not checked
            (`moved`).
        usual_mean: Where the good pictures' mean grey lay; 0: not learned (`drift`).
        usual_contrast: The same of the contrast.
        usual_sharpness: The same of the sharpness.
    """

    darkest_mean: float = 15
    brightest_mean: float = 240
    least_contrast: float = 4
    least_part_share: float = 0
    least_sharpness: float = 0
    width_px: int = 0
    height_px: int = 0
    least_likeness: float = 0
    looks_like: str = ""
    most_shift_px: float = 0
    usual_mean: float = 0
    usual_contrast: float = 0
    usual_sharpness: float = 0


@dataclass(frozen=True, slots=True)
class Features:
    """What the limits are compared with.

    Attributes:
        mean: Of its grey values, 0 to 255.
        contrast: Their standard deviation.
        part_share: Share of the picture, 0 to 1, that differs from what shows at its edges.
        sharpness: How much of the height of its steepest edges lies within 2 of 10 pixels. A step
            that is blurred by a Gaussian of s pixels has erf(2 / (s √8)) / erf(10 / (s √8)): 0.99
            at 0.4, 0.68 at 1, 0.39 at 2, 0.29 at 3. Light and gain do not change it, nor does the
            sensor's noise where edges stand out from it. (The variance of a Laplacian, the usual
            measure, is mostly noise: blur of 3 px leaves 0.6 to 0.9 of it in the demo's pictures.)
    """

    mean: float
    contrast: float
    part_share: float
    sharpness: float


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a picture.

    Attributes:
        trouble: Why the model may not look at it, or "" when it may.
        features: None where it is of a kind that has none.
    """

    trouble: str
    features: Features | None


def check_picture(
    image: BgrImage, limits: CheckLimits, *, digest: str = "", previous: str = ""
) -> Checked:
    """Return what the picture is like, and why the model may not look at it.

    Args:
        image: As the camera delivered it.
        limits: Of its view.
        digest: Of its pixels.
        previous: Digest of the picture before it in the same view; the sensor's noise makes every
            true picture different, so the same again means that the camera stands still.
    """
    wrong = _wrong_kind(image)
    if wrong:
        return Checked(wrong, None)
    features = features_of(image)
    wrong = _wrong_size(image, limits)
    if not wrong and digest and digest == previous:
        wrong = "frozen: the same picture as before"
    return Checked(wrong or features_trouble(features, limits), features)


def features_of(image: BgrImage) -> Features:
    """Return what a picture of the right kind is like."""
    height_px, width_px = image.shape[:2]
    rows = _grey(image, (width_px, min(_LINES, height_px)))
    columns = _grey(image, (min(_LINES, width_px), height_px))
    mean, deviation = cv2.meanStdDev(rows)
    return Features(
        mean=float(mean[0, 0]),
        contrast=float(deviation[0, 0]),
        part_share=_part_share(rows),
        sharpness=_sharpness(rows, columns),
    )


def features_trouble(features: Features, limits: CheckLimits) -> str:
    """Return which limit these features do not keep, the plainest first, or ""."""
    mean, contrast = features.mean, features.contrast
    share, sharpness = features.part_share, features.sharpness
    if mean < limits.darkest_mean:
        return f"too dark: mean grey {mean:.0f}, at least {limits.darkest_mean:g}"
    if mean > limits.brightest_mean:
        return f"too bright: mean grey {mean:.0f}, at most {limits.brightest_mean:g}"
    if contrast < limits.least_contrast:
        return f"flat: contrast {contrast:.1f}, at least {limits.least_contrast:g}"
    if share < limits.least_part_share:
        return f"no part in the picture: {share:.0%} differs from the belt"
    if sharpness < limits.least_sharpness:
        return f"blurred: sharpness {sharpness:.2f}, at least {limits.least_sharpness:g}"
    return ""


def _wrong_kind(image: BgrImage) -> str:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        return f"wrong kind of picture: {image.dtype} {image.shape}"
    return ""


def _wrong_size(image: BgrImage, limits: CheckLimits) -> str:
    height, width = image.shape[:2]
    if (limits.width_px or width) != width or (limits.height_px or height) != height:
        return f"wrong size: {width} x {height}, not {limits.width_px} x {limits.height_px} pixels"
    return ""


def _grey(image: BgrImage, size: tuple[int, int]) -> Grey:
    """Return so many of its columns and rows, evenly spread, pixels as they are."""
    lines = cv2.resize(image, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(lines, cv2.COLOR_BGR2GRAY), np.uint8)


def _part_share(rows: Grey) -> float:
    small = cv2.resize(rows, (_COLUMNS, rows.shape[0]), interpolation=cv2.INTER_AREA)
    levels = small.astype(np.int16)
    edges = np.concatenate((levels[0], levels[-1], levels[1:-1, 0], levels[1:-1, -1]))
    return float((np.abs(levels - np.median(edges)) > _BELT_SPREAD).mean())


def _sharpness(rows: Grey, columns: Grey) -> float:
    far = _steepest(rows, columns, _FAR_PX)
    return min(1.0, _steepest(rows, columns, _NEAR_PX) / far) if far else 0.0


def _steepest(rows: Grey, columns: Grey, lag_px: int) -> int:
    """Return the difference over `lag_px` along a line that 1 in 1000 places reach."""
    along_rows = (rows[:, lag_px:], rows[:, :-lag_px])
    along_columns = (columns[lag_px:], columns[:-lag_px])
    counts = np.zeros(256)
    for there, here in (along_rows, along_columns):
        if there.size:
            steps = cv2.absdiff(there, here)
            counts += cv2.calcHist([steps], [0], None, [256], [0, 256]).ravel()
    reached = np.cumsum(counts)
    return int(np.searchsorted(reached, _STEEPEST * reached[-1]))
