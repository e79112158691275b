"""The limits of the picture check, learned from good pictures of one view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np

from inspector.domain.frame import BgrImage
from inspector.errors import BadInput
from inspector.vision.likeness import Look, likeness, look_as_text, look_of, mean_look, unlike
from inspector.vision.moved import shift
from inspector.vision.picture_check import CheckLimits, Features, features_of, features_trouble

LEAST_PICTURES = 50
"""Of 50 pictures with normally spread features the rule below refuses the next one with a
probability of 9e-5 a limit (of 20: 1e-3, of 100: 2e-5; integrated over 20,000 draws)."""
QUARTILE_RANGES = 3.0
LEAST_MARGIN = 0.2
LEAST_PART_SHARE = 0.05
LEAST_SHIFT = 0.02
UNLIKER, LEAST_UNLIKE = 3.0, 0.1
BLURS_PX = (1.0, 1.5, 2.0, 3.0)

Feature = Callable[[Features], float]
FEATURES: dict[str, Feature] = {
    "mean": lambda one: one.mean,
    "contrast": lambda one: one.contrast,
    "part_share": lambda one: one.part_share,
    "sharpness": lambda one: one.sharpness,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One good picture.

    Attributes:
        name: For people.
        size_px: Width and height.
        features: Its own.
        softened: What they would be if the camera were out of focus by each of `BLURS_PX`.
        look: What it looks like on the whole.
    """

    name: str
    size_px: tuple[int, int]
    features: Features
    softened: tuple[Features, ...]
    look: Look


@dataclass(frozen=True, slots=True)
class Learned:
    """Limits, and what they were learned from.

    Attributes:
        limits: The proposal.
        spreads: Lowest, lower quartile, median, upper quartile and highest of each feature.
        outside: By picture: why the limits would refuse it.
        refused_now: How many the limits of now refuse.
        blurred: How many of the pictures would be refused out of focus by each of `BLURS_PX`.
    """

    limits: CheckLimits
    spreads: dict[str, tuple[float, ...]]
    outside: dict[str, str]
    refused_now: int
    blurred: tuple[int, ...]


def measured(name: str, image: BgrImage) -> Measured:
    """Return what is learned of one good picture."""
    height_px, width_px = image.shape[:2]
    softened = tuple(features_of(out_of_focus(image, blur_px)) for blur_px in BLURS_PX)
    return Measured(name, (width_px, height_px), features_of(image), softened, look_of(image))


def learned(pictures: Sequence[Measured], now: CheckLimits) -> Learned:
    """Return limits that good pictures keep.

    A lower limit lies three quartile ranges below the lower quartile (an upper one above the upper:
    the outer fences of Tukey, Exploratory Data Analysis, 1977; 4.7 standard deviations from the
    middle of a normal distribution), so that a few bad pictures among the good ones do not move it.
    It lies at least 20 % of the median away: so much light an industrial lamp may lose in its life
    (L80), and pictures of one hour do not show that. The likeness to their mean may be three times
    as far from 1 as that of three in four of them, and 0.1 away: of the demo's parts, good and bad,
    none is further than 2.2 times, another view's none nearer than 3.9 times. The parts
    of many pictures may together lie as far off as one in four does alone, and by 2 % of the
    picture's longer side: the mean of 100 strays a tenth as far as a single one.

    Raises:
        BadInput: Too few pictures, or of different sizes.
    """
    _check_alike(pictures)
    features = [one.features for one in pictures]
    look = mean_look([one.look for one in pictures])
    spreads = {name: _spread([of(one) for one in features]) for name, of in FEATURES.items()}
    spreads["likeness"] = _spread([likeness(one.look, look) for one in pictures])
    spreads["shift"] = _spread([shift(one.look, look, one.size_px).length_px for one in pictures])
    limits = _limits(spreads, pictures[0].size_px, look)
    troubles = {one.name: _trouble(one, limits) for one in pictures}
    softened = zip(*(one.softened for one in pictures), strict=True)
    return Learned(
        limits,
        spreads,
        {name: why for name, why in troubles.items() if why},
        sum(bool(_trouble(one, now)) for one in pictures),
        tuple(_refused(soft, limits) for soft in softened),
    )


def _check_alike(pictures: Sequence[Measured]) -> None:
    if len(pictures) < LEAST_PICTURES:
        raise BadInput(f"{len(pictures)} pictures: at least {LEAST_PICTURES} good ones are needed")
    first = pictures[0]
    for one in pictures:
        if one.size_px != first.size_px:
            sizes = [f"{width} x {height}" for width, height in (one.size_px, first.size_px)]
            raise BadInput(f"{one.name}: {sizes[0]} pixels, but {first.name} has {sizes[1]}")


def _trouble(picture: Measured, limits: CheckLimits) -> str:
    """Return which limit a picture does not keep, or ""."""
    return features_trouble(picture.features, limits) or unlike(picture.look, limits)


def _refused(features: Sequence[Features], limits: CheckLimits) -> int:
    return sum(bool(features_trouble(one, limits)) for one in features)


def out_of_focus(image: BgrImage, blur_px: float) -> BgrImage:
    """Return the picture behind a lens out of focus; its noise is the sensor's, and stays."""
    soft = cv2.GaussianBlur(image, (0, 0), blur_px).astype(np.float32)
    grain = np.random.default_rng(0).standard_normal(image.shape[:2], dtype=np.float32)
    soft += (grain * _noise(image))[..., None]
    return np.clip(np.rint(soft), 0, 255).astype(np.uint8)


def _noise(image: BgrImage) -> float:
    """Return the standard deviation of a picture's noise.

    By the mask of Immerkær (Fast Noise Variance Estimation, 1996), which edges and slopes leave at
    zero, with the median instead of the mean, so that texture counts less.
    """
    mask = np.outer((1, -2, 1), (1, -2, 1)).astype(np.float32)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return float(np.median(np.abs(cv2.filter2D(grey, -1, mask)))) / 0.6745 / 6


def _spread(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.quantile(values, (0, 0.25, 0.5, 0.75, 1)))


def _limits(
    spreads: dict[str, tuple[float, ...]], size_px: tuple[int, int], look: Look
) -> CheckLimits:
    low = {name: max(0.0, spread[1] - _margin(spread)) for name, spread in spreads.items()}
    bright = spreads["mean"][3] + _margin(spreads["mean"])
    share = _down(low["part_share"], 100)
    unlike_by = max(UNLIKER * (1 - spreads["likeness"][1]), LEAST_UNLIKE)
    return CheckLimits(
        darkest_mean=_down(low["mean"], 10),
        brightest_mean=min(255.0, ceil(bright * 10) / 10),
        least_contrast=_down(low["contrast"], 10),
        least_part_share=share if share >= LEAST_PART_SHARE else 0.0,
        least_sharpness=_down(low["sharpness"], 100),
        width_px=size_px[0],
        height_px=size_px[1],
        least_likeness=max(0.0, _down(1 - unlike_by, 100)),
        looks_like=look_as_text(look),
        most_shift_px=ceil(max(spreads["shift"][3], LEAST_SHIFT * max(size_px)) * 10) / 10,
        usual_mean=round(spreads["mean"][2], 1),
        usual_contrast=round(spreads["contrast"][2], 1),
        usual_sharpness=round(spreads["sharpness"][2], 2),
    )


def _margin(spread: tuple[float, ...]) -> float:
    _, lower, median, upper, _ = spread
    return max(QUARTILE_RANGES * (upper - lower), LEAST_MARGIN * median)


def _down(value: float, steps: int) -> float:
    return floor(value * steps) / steps
