"""The machined metal ring, seen from above and from the side."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.frame import BgrImage
from inspector.simulator.contrast import Contrast
from inspector.simulator.drawing import PICTURE_PX, FloatImage, Mask, Pose, drawn_pose, grain
from inspector.simulator.marks import Mark, blob, dipole, filled, painted, stroke, wandering
from inspector.simulator.products.product import Kind, Product

_MIDDLE = (PICTURE_PX - 1) / 2
_OUTER_PX, _INNER_PX = 152.0, 78.0
_HOLES = 6
_HOLE_RADIUS_PX, _HOLE_CIRCLE_PX = 11.0, 115.0
_SIDE = (30, 122, 370, 278)
"""Left, top, right and bottom of the ring in its side view, px."""
_GROOVE = (192, 208)


def _polar() -> tuple[FloatImage, FloatImage]:
    rows, columns = np.mgrid[0:PICTURE_PX, 0:PICTURE_PX].astype(np.float32) - np.float32(_MIDDLE)
    return np.hypot(columns, rows), np.arctan2(rows, columns)


def _holes() -> list[tuple[float, float]]:
    angles = 2 * np.pi * np.arange(_HOLES) / _HOLES
    return [
        (float(_MIDDLE + _HOLE_CIRCLE_PX * np.cos(a)), float(_MIDDLE + _HOLE_CIRCLE_PX * np.sin(a)))
        for a in angles
    ]


def _coloured(grey: FloatImage) -> BgrImage:
    """Return cold grey steel of the given grey level."""
    return np.clip(grey[..., None] + np.array([5.0, 0.0, -2.0], np.float32), 0, 255).astype(
        np.uint8
    )


@lru_cache(maxsize=1)
def _top() -> BgrImage:
    """Return the ring from above.

    Turned grooves, two broad reflections, bright chamfers, six holes.
    """
    radius, angle = _polar()
    turned = np.interp(radius, np.arange(300), _line_noise(31, 2.0))
    grey = (
        138
        + 12 * np.cos(2 * (angle - 0.6))
        + turned
        + grain(seed=32, sigma=0.8, blur_px=(0.7, 0.7))
    )
    chamfer = np.exp(-(((radius - _OUTER_PX + 4) / 2.5) ** 2)) + np.exp(
        -(((radius - _INNER_PX - 4) / 2.5) ** 2)
    )
    picture = _coloured((grey + 42 * chamfer).astype(np.float32))
    for x, y in _holes():
        spot = (round(x * 16), round(y * 16))
        cv2.circle(
            picture, spot, round((_HOLE_RADIUS_PX + 2) * 16), (178, 174, 172), -1, cv2.LINE_AA, 4
        )
        cv2.circle(picture, spot, round(_HOLE_RADIUS_PX * 16), (44, 40, 38), -1, cv2.LINE_AA, 4)
    return picture


def _line_noise(seed: int, sigma: float) -> FloatImage:
    noise = np.random.default_rng(seed).standard_normal(300).astype(np.float32)
    smooth = np.convolve(noise, [0.25, 0.5, 0.25], "same")
    return np.asarray((smooth * (sigma / smooth.std())).astype(np.float32))


@lru_cache(maxsize=1)
def _side() -> BgrImage:
    """Return the ring from the side.

    A cylinder's shading, turned lines, a groove and two chamfers.
    """
    rows, columns = np.mgrid[0:PICTURE_PX, 0:PICTURE_PX].astype(np.float32)
    across = (columns - _MIDDLE) / (_SIDE[2] - _SIDE[0]) * 2
    shading = 150 - 55 * across**2 + 14 * np.exp(-(((across + 0.25) / 0.18) ** 2))
    lines = np.interp(rows, np.arange(300), _line_noise(33, 1.5))
    grey = shading + lines + grain(seed=34, sigma=0.9, blur_px=(1.6, 0.5))
    middle = (_GROOVE[0] + _GROOVE[1]) / 2
    grey -= 52 * np.exp(-(((rows - middle) / 6) ** 8))
    for edge in (_SIDE[1] + 5, _SIDE[3] - 6):
        grey += 34 * np.exp(-(((rows - edge) / 3) ** 2))
    return _coloured(grey.astype(np.float32))


def _body(view: str, rng: np.random.Generator) -> BgrImage:
    """Return a good ring; its finish is up to 5 grey levels lighter or darker."""
    art = _top() if view == "top" else _side()
    level = int(rng.integers(-5, 6))
    return np.asarray(cv2.add(art, np.array((level, level, level, 0), np.float64)), np.uint8)


@lru_cache(maxsize=2)
def _silhouette(view: str) -> Mask:
    mask = np.zeros((PICTURE_PX, PICTURE_PX), np.uint8)
    if view == "side":
        cv2.rectangle(mask, _SIDE[:2], (_SIDE[2] - 1, _SIDE[3] - 1), 255, -1)
        return mask
    spot = (round(_MIDDLE * 16), round(_MIDDLE * 16))
    cv2.circle(mask, spot, round(_OUTER_PX * 16), 255, -1, cv2.LINE_AA, 4)
    cv2.circle(mask, spot, round(_INNER_PX * 16), 0, -1, cv2.LINE_AA, 4)
    return mask


def _posed(view: str, rng: np.random.Generator) -> Pose:
    turn_deg = 180.0 if view == "top" else 2.0
    return drawn_pose(rng, turn_deg=turn_deg, shift_px=12.0)


def _surface_spot(view: str, rng: np.random.Generator, margin_px: float) -> tuple[float, float]:
    """Return a place `margin_px` away from the edges; from above, between two holes."""
    if view == "side":
        y = float(
            rng.choice(
                [
                    rng.uniform(_SIDE[1] + margin_px, _GROOVE[0] - 4),
                    rng.uniform(_GROOVE[1] + 4, _SIDE[3] - margin_px),
                ]
            )
        )
        return float(rng.uniform(_SIDE[0] + margin_px + 12, _SIDE[2] - margin_px - 12)), y
    between = 2 * np.pi / _HOLES * (int(rng.integers(_HOLES)) + 0.5)
    angle, radius = (
        between + rng.uniform(-0.2, 0.2),
        rng.uniform(_INNER_PX + margin_px, _OUTER_PX - margin_px),
    )
    return float(_MIDDLE + radius * np.cos(angle)), float(_MIDDLE + radius * np.sin(angle))


def _scratch(view: str, rng: np.random.Generator) -> Mark:
    """Return a bright line at any angle to the turned grooves."""
    line = wandering(rng, length_px=float(rng.uniform(34, 64)), bend=0.5) + _surface_spot(
        view, rng, 32
    )
    mask, x, y = stroke(line, width_px=int(rng.integers(3, 5)))
    return Mark(x, y, mask, painted(mask, (60, 60, 60)))


def _dent(view: str, rng: np.random.Generator) -> Mark:
    """Return a hollow: bright on the side away from the light, dark on the other."""
    mask = blob(rng, radius_px=float(rng.uniform(9, 15)), rough=0.2, soft_px=1.2)
    x, y = _surface_spot(view, rng, 22)
    height, width = mask.shape
    shade = dipole(mask, angle=float(rng.uniform(0, 2 * np.pi)))
    return Mark(int(x) - width // 2, int(y) - height // 2, mask, shade)


def _stain(view: str, rng: np.random.Generator) -> Mark:
    """Return a brown, soft spot."""
    mask = blob(rng, radius_px=float(rng.uniform(12, 20)), rough=0.5, soft_px=2.0)
    x, y = _surface_spot(view, rng, 26)
    height, width = mask.shape
    return Mark(int(x) - width // 2, int(y) - height // 2, mask, painted(mask, (-66, -46, -26)))


def _burr(view: str, rng: np.random.Generator) -> Mark:
    """Return a ragged tongue of metal that stands out over an edge, bright over the dark belt."""
    width, height = float(rng.uniform(20, 34)), float(rng.uniform(9, 14))
    along = np.linspace(-0.5, 0.5, 7) * width
    out = height * (1 - (2 * along / width) ** 2) * rng.uniform(0.65, 1.15, 7)
    tongue = np.concatenate(
        [np.stack([along, out], 1), np.stack([along[::-1], np.full(7, -2.0)], 1)]
    )
    return _edge_mark(view, rng, tongue)


def _edge_mark(view: str, rng: np.random.Generator, tongue: npt.NDArray[np.float64]) -> Mark:
    if view == "side":
        upper = rng.random() < 0.5
        x = float(rng.uniform(_SIDE[0] + 24, _SIDE[2] - 24))
        points = tongue * (1, -1 if upper else 1) + (x, _SIDE[1] if upper else _SIDE[3])
    else:
        angle, outer = float(rng.uniform(0, 2 * np.pi)), rng.random() < 0.6
        radius = _OUTER_PX + tongue[:, 1] if outer else _INNER_PX - tongue[:, 1]
        turn = angle + tongue[:, 0] / (_OUTER_PX if outer else _INNER_PX)
        points = _MIDDLE + np.stack([radius * np.cos(turn), radius * np.sin(turn)], 1)
    mask, left, top = filled(np.asarray(points, np.float64))
    return Mark(left, top, mask, painted(mask, (62, 60, 58)))


_MARKS = {"scratch": _scratch, "dent": _dent, "burr": _burr, "stain": _stain}


def _marked(kind: str, view: str, rng: np.random.Generator) -> Mark:
    return _MARKS[kind](view, rng)


_BOTH = ("top", "side")
RING = Product(
    views=_BOTH,
    kinds={
        "scratch": Kind(_BOTH, Contrast(0.8, 12.0)),
        "dent": Kind(_BOTH, Contrast(0.8, 10.0)),
        "burr": Kind(_BOTH, Contrast(0.8, 20.0)),
        "stain": Kind(_BOTH, Contrast(0.8, 12.0)),
    },
    posed=_posed,
    body=_body,
    silhouette=_silhouette,
    marked=_marked,
)
