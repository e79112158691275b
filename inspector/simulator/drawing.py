"""Shared drawing: belt, light, shadow, pose, blur and noise.

Every picture is `PICTURE_PX` square. What is costly and the same in each picture (textures,
light, noise) is made once as a tile and cut at a random place, so that one picture costs a few
milliseconds. Nothing here depends on anything but its arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.frame import BgrImage

PICTURE_PX = 400
NOISE_SIGMA = 4.0
"""Standard deviation of the local noise, in grey levels at camera resolution.

Sensor noise and the surfaces' fine texture together.

This is the unit of every stated contrast ("sigma"). A test measures it on drawn pictures.
"""
SENSOR_SIGMA = 3.6
"""The sensor's part of it.

The surfaces' fine texture brings the sum up to `NOISE_SIGMA` (root of the sum of squares).
"""

_TILE_PX = 1024
_LIGHTS = 16
_LIGHT_UNIT = 200.0

FloatImage = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a product lies in the picture: turned about the picture's middle, then shifted."""

    angle_deg: float
    shift_x_px: float
    shift_y_px: float

    def matrix(self) -> Matrix:
        """Return the 2x3 matrix from product to picture coordinates."""
        middle = (PICTURE_PX - 1) / 2
        matrix = np.asarray(
            cv2.getRotationMatrix2D((middle, middle), self.angle_deg, 1.0), np.float64
        )
        matrix[:, 2] += (self.shift_x_px, self.shift_y_px)
        return matrix


def drawn_pose(rng: np.random.Generator, *, turn_deg: float, shift_px: float) -> Pose:
    """Return a pose within plus or minus `turn_deg` and `shift_px`."""
    turn, shift_x, shift_y = rng.uniform(-1.0, 1.0, 3)
    return Pose(turn * turn_deg, shift_x * shift_px, shift_y * shift_px)


def grain(*, seed: int, sigma: float, blur_px: tuple[float, float] = (0.0, 0.0)) -> FloatImage:
    """Return a square of noise, `PICTURE_PX` wide, with standard deviation `sigma` grey levels."""
    return _grain(seed, sigma, blur_px, PICTURE_PX)


def _grain(seed: int, sigma: float, blur_px: tuple[float, float], side_px: int) -> FloatImage:
    noise = np.random.default_rng(seed).standard_normal((side_px, side_px)).astype(np.float32)
    if max(blur_px) > 0:
        noise = np.asarray(
            cv2.GaussianBlur(noise, (0, 0), max(blur_px[0], 1e-3), sigmaY=max(blur_px[1], 1e-3)),
            np.float32,
        )
    return noise * np.float32(sigma / float(noise.std()))


@lru_cache(maxsize=1)
def _noise_tile() -> npt.NDArray[np.int16]:
    """Return sensor noise.

    Mostly common to the three colours, as after a camera's colour interpolation.
    """
    rng = np.random.default_rng(71)
    shared = rng.standard_normal((_TILE_PX, _TILE_PX, 1))
    own = rng.standard_normal((_TILE_PX, _TILE_PX, 3))
    noise = 0.9 * shared + 0.436 * own
    grey = noise @ np.array([0.114, 0.587, 0.299])
    return np.asarray(np.rint(noise * (SENSOR_SIGMA / grey.std())).astype(np.int16))


@lru_cache(maxsize=4)
def _belt_tile(level: int) -> BgrImage:
    """Return belt rubber: a coarse cloud, a weave and a fine grain."""
    rows, columns = np.mgrid[0:_TILE_PX, 0:_TILE_PX].astype(np.float32)
    weave = 2.0 * np.sin(columns * 2 * np.pi / 16) * np.sin(rows * 2 * np.pi / 16)
    cloud = _grain(5, 3.0, (25.0, 25.0), _TILE_PX)
    fine = _grain(6, 2.0, (0.8, 0.8), _TILE_PX)
    grey = level + weave + cloud + fine
    return np.asarray(
        np.clip(grey[..., None] + np.array([4.0, 0.0, -2.0]), 0, 255).astype(np.uint8)
    )


def belt(rng: np.random.Generator, *, level: int = 52) -> BgrImage:
    """Return a stretch of belt, `level` being its mean grey level."""
    x, y = rng.integers(0, _TILE_PX - PICTURE_PX, 2)
    return _belt_tile(level)[y : y + PICTURE_PX, x : x + PICTURE_PX].copy()


@lru_cache(maxsize=_LIGHTS)
def _light(direction: int) -> BgrImage:
    """Return the light's gain, in units of 1/200.

    A plane of plus or minus 7 % and a fall of 5 % towards the corners.
    """
    ramp = np.linspace(-1, 1, PICTURE_PX, dtype=np.float32)
    angle = 2 * np.pi * direction / _LIGHTS
    plane = 0.07 * (np.cos(angle) * ramp[None, :] + np.sin(angle) * ramp[:, None])
    fall = 0.025 * (ramp[None, :] ** 2 + ramp[:, None] ** 2)
    gain = np.rint(_LIGHT_UNIT * (1 + plane - fall))
    return np.repeat(gain[..., None], 3, axis=2).astype(np.uint8)


def drift(seed: int) -> float:
    """Return the lamp's slow drift as a gain: plus or minus 3 % over 1,500 parts."""
    return 1.0 + 0.03 * float(np.sin(2 * np.pi * seed / 1500))


def lit(picture: BgrImage, *, rng: np.random.Generator, seed: int) -> BgrImage:
    """Return the picture lit from one of 16 directions, with drift and up to 2 % flicker."""
    gain = drift(seed) * (1.0 + float(rng.uniform(-0.02, 0.02)))
    return np.asarray(
        cv2.multiply(picture, _light(int(rng.integers(_LIGHTS))), scale=gain / _LIGHT_UNIT),
        np.uint8,
    )


def laid(
    product: BgrImage, silhouette: Mask, *, on: BgrImage, pose: Pose, shadow_px: int = 6
) -> BgrImage:
    """Return the belt with the product laid on it in its pose, and its shadow beside it.

    Args:
        product: the product in its own coordinates.
        silhouette: 255 where the product is, 0 where the belt shows.
        on: the belt, which is drawn over.
        pose: how the product lies.
        shadow_px: how far the shadow reaches to the lower right.
    """
    matrix = pose.matrix()
    size = (PICTURE_PX, PICTURE_PX)
    moved = cv2.warpAffine(
        product, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    mask = np.asarray(cv2.warpAffine(silhouette, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)
    _darken(on, mask, shadow_px)
    hard = cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1]
    cv2.copyTo(moved, hard, on)
    return on


def _darken(picture: BgrImage, mask: Mask, shadow_px: int) -> None:
    """Darken the belt by up to 45 % beside the product.

    A quarter of the resolution is enough for a soft shadow.
    """
    small = cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    shift = np.array([[1, 0, shadow_px / 4], [0, 1, shadow_px / 4]], np.float64)
    small = cv2.blur(cv2.warpAffine(small, shift, (small.shape[1], small.shape[0])), (5, 5))
    dark = 255 - (small * 0.45).astype(np.uint8)
    gain = cv2.resize(dark, (PICTURE_PX, PICTURE_PX), interpolation=cv2.INTER_LINEAR)
    cv2.multiply(picture, cv2.merge((gain, gain, gain)), dst=picture, scale=1 / 255)


def taken(picture: BgrImage, *, rng: np.random.Generator) -> BgrImage:
    """Return what the camera delivers: a slight blur (0.4 to 0.7 px) and sensor noise."""
    blurred = cv2.GaussianBlur(picture, (3, 3), float(rng.uniform(0.4, 0.7)))
    x, y = rng.integers(0, _TILE_PX - PICTURE_PX, 2)
    noise = _noise_tile()[y : y + PICTURE_PX, x : x + PICTURE_PX]
    return np.asarray(cv2.add(blurred, noise, dtype=cv2.CV_8U), np.uint8)
