"""Marks: what a defect changes in a product's picture, and how strongly.

A mark is a mask and a difference. `impose` scales the difference so that its mean over the mask's
core has the stated contrast.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.frame import BgrImage
from inspector.simulator.drawing import NOISE_SIGMA, PICTURE_PX, FloatImage, Pose

GREY = np.array([0.114, 0.587, 0.299], np.float32)
_OPEN = False
_EDGE_PX = 2.0
_LEAST_BOX_PX = 14.0


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A change of a picture, in product or in picture coordinates.

    Attributes:
        x: left column of the patch.
        y: top row of the patch.
        mask: (h, w), 0 to 1: where the defect is.
        paint: (h, w, 3): a signed difference, or, where `replaces`, the picture the defect tends
        to.
        replaces: whether `paint` is a picture and not a difference.
    """

    x: int
    y: int
    mask: FloatImage
    paint: FloatImage
    replaces: bool = False


def impose(picture: BgrImage, mark: Mark, *, sigma: float) -> None:
    """Draw the mark with a mean grey difference of `sigma` times `NOISE_SIGMA` over its core."""
    height, width = mark.mask.shape
    patch = picture[mark.y : mark.y + height, mark.x : mark.x + width]
    before = patch.astype(np.float32)
    difference = (mark.paint - before if mark.replaces else mark.paint) * mark.mask[..., None]
    strength = float(np.abs(difference @ GREY)[mark.mask > 0.5].mean())
    changed = before + difference * (sigma * NOISE_SIGMA / max(strength, 1e-3))
    patch[:] = np.clip(changed, 0, 255).astype(np.uint8)


def moved(mark: Mark, pose: Pose) -> Mark:
    """Return the mark as it lies in the picture, cut at the picture's edges."""
    height, width = mark.mask.shape
    matrix = pose.matrix()
    corners = np.array(
        [
            [mark.x, mark.y],
            [mark.x + width, mark.y],
            [mark.x, mark.y + height],
            [mark.x + width, mark.y + height],
        ]
    )
    placed = corners @ matrix[:, :2].T + matrix[:, 2]
    low = np.clip(np.floor(placed.min(axis=0)).astype(int), 0, PICTURE_PX - 1)
    high = np.clip(np.ceil(placed.max(axis=0)).astype(int) + 1, low + 1, PICTURE_PX)
    local = matrix.copy()
    local[:, 2] += matrix[:, :2] @ (mark.x, mark.y) - low
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    mask = cv2.warpAffine(mark.mask, local, size, flags=cv2.INTER_LINEAR)
    paint = cv2.warpAffine(
        mark.paint, local, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return Mark(
        int(low[0]),
        int(low[1]),
        np.asarray(mask, np.float32),
        np.asarray(paint, np.float32),
        mark.replaces,
    )


def box_of(mark: Mark) -> tuple[float, float, float, float]:
    """Return the upright box of a mark in the picture.

    X, y, width, height in px, with a margin of 2 px.
    """
    rows, columns = np.nonzero(mark.mask > 0.25)
    low = np.array([columns.min() + mark.x, rows.min() + mark.y], float) - _EDGE_PX
    high = np.array([columns.max() + mark.x, rows.max() + mark.y], float) + _EDGE_PX + 1
    spare = np.maximum(_LEAST_BOX_PX - (high - low), 0) / 2
    low, high = np.clip(low - spare, 0, PICTURE_PX), np.clip(high + spare, 0, PICTURE_PX)
    x, y, right, bottom = (float(v) for v in (*low, *high))
    return (x, y, right - x, bottom - y)


def painted(mask: FloatImage, colour: tuple[float, float, float]) -> FloatImage:
    """Return a difference of one colour (blue, green, red; signed) over the mask."""
    return np.broadcast_to(np.array(colour, np.float32), (*mask.shape, 3)).astype(np.float32)


def blob(
    rng: np.random.Generator, *, radius_px: float, rough: float, soft_px: float = 0.7
) -> FloatImage:
    """Return the mask of an irregular spot; `rough` is the spread of its radius as a share."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    waves = sum(
        rng.uniform(-1, 1) * np.cos(n * angles + rng.uniform(0, 6.3)) / n for n in (2, 3, 4, 5)
    )
    radii = radius_px * np.clip(1 + rough * waves, 0.45, 1.7)
    stretch = rng.uniform(0.8, 1.25)
    points = np.stack([np.cos(angles) * radii * stretch, np.sin(angles) * radii / stretch], axis=1)
    return filled(points, soft_px=soft_px)[0]


def filled(points: npt.NDArray[np.float64], *, soft_px: float = 0.7) -> tuple[FloatImage, int, int]:
    """Return a polygon's mask and the column and row of its patch's corner."""
    margin = 4 + int(3 * soft_px)
    corner = np.floor(points.min(axis=0)).astype(int) - margin
    size = np.ceil(points.max(axis=0)).astype(int) + margin + 1 - corner
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(mask, [np.rint((points - corner) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return _softened(mask, soft_px), int(corner[0]), int(corner[1])


def stroke(
    points: npt.NDArray[np.float64], *, width_px: int, soft_px: float = 0.7
) -> tuple[FloatImage, int, int]:
    """Return a line's mask and the column and row of its patch's corner."""
    margin = width_px + 4
    corner = np.floor(points.min(axis=0)).astype(int) - margin
    size = np.ceil(points.max(axis=0)).astype(int) + margin + 1 - corner
    mask = np.zeros((size[1], size[0]), np.uint8)
    line = np.rint((points - corner) * 16).astype(np.int32)
    cv2.polylines(mask, [line], _OPEN, 255, width_px, cv2.LINE_AA, 4)
    return _softened(mask, soft_px), int(corner[0]), int(corner[1])


def _softened(mask: npt.NDArray[np.uint8], soft_px: float) -> FloatImage:
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), soft_px), np.float32)


def wandering(
    rng: np.random.Generator, *, length_px: float, bend: float
) -> npt.NDArray[np.float64]:
    """Return a slightly bent line about the origin, in any direction.

    `bend` in radians over its length.
    """
    steps = 8
    angle = rng.uniform(0, 2 * np.pi) + bend * rng.uniform(-1, 1) * np.linspace(-0.5, 0.5, steps)
    step = length_px / steps * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.cumsum(step, axis=0)
    return np.asarray(points - points.mean(axis=0), np.float64)


def dipole(mask: FloatImage, *, angle: float) -> FloatImage:
    """Return a signed shade, bright on one side and dark on the other, as of a dent."""
    height, width = mask.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    along = (columns - width / 2) * np.cos(angle) + (rows - height / 2) * np.sin(angle)
    shade = np.tanh(along / max(2.0, 0.12 * max(height, width))) * 40 - 6
    return np.repeat(shade[..., None], 3, axis=2).astype(np.float32)
