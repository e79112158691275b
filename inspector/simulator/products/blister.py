"""The blister pack of tablets, seen from above."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.frame import BgrImage
from inspector.simulator.contrast import Contrast
from inspector.simulator.drawing import PICTURE_PX, FloatImage, Mask, Pose, drawn_pose, grain
from inspector.simulator.marks import Mark, blob, filled, painted, stroke, wandering
from inspector.simulator.products.product import Kind, Product

_SHEET = (34, 60, 366, 340)
"""Left, top, right and bottom of the sheet, px."""
_COLUMNS, _ROWS = 4, 3
_PITCH_PX = (80, 88)
_POCKET_PX, _TABLET_PX = 34, 26
_SPREAD_PX = 2
"""A tablet lies within 2 px of its pocket's middle."""
_SPRITE_PX = 2 * (_TABLET_PX + 3) + 1


def _pockets() -> list[tuple[int, int]]:
    """Return the pockets' middles."""
    left, top = 200 - _PITCH_PX[0] * (_COLUMNS - 1) // 2, 200 - _PITCH_PX[1] * (_ROWS - 1) // 2
    return [
        (left + _PITCH_PX[0] * c, top + _PITCH_PX[1] * r)
        for r in range(_ROWS)
        for c in range(_COLUMNS)
    ]


@lru_cache(maxsize=1)
def _foil() -> BgrImage:
    """Return the sheet with empty pockets.

    An embossed foil, domes of clear film with a reflection each.
    """
    rows, columns = np.mgrid[0:PICTURE_PX, 0:PICTURE_PX].astype(np.float32)
    emboss = 1.6 * np.sin((columns + rows) * np.pi / 5) * np.sin((columns - rows) * np.pi / 5)
    grey = (
        158
        + emboss
        + grain(seed=41, sigma=0.9, blur_px=(0.7, 0.7))
        + 5 * np.sin(columns / 90 + rows / 140)
    )
    picture = np.clip(grey[..., None] + np.array([4, 1, -2], np.float32), 0, 255).astype(np.uint8)
    left, top, right, bottom = _SHEET
    cv2.rectangle(
        picture, (left + 5, top + 5), (right - 6, bottom - 6), (140, 137, 134), 1, cv2.LINE_AA
    )
    cv2.putText(
        picture,
        "LOT 2611  EXP 2029",
        (128, 78),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.36,
        (112, 104, 98),
        1,
        cv2.LINE_AA,
    )
    for middle in _pockets():
        _draw_pocket(picture, middle)
    return np.asarray(picture)


def _draw_pocket(picture: BgrImage, middle: tuple[int, int]) -> None:
    x, y = middle
    cv2.circle(picture, (x + 2, y + 2), _POCKET_PX + 1, (132, 128, 124), -1, cv2.LINE_AA)
    cv2.circle(picture, middle, _POCKET_PX, (122, 117, 112), -1, cv2.LINE_AA)
    cv2.circle(picture, middle, _POCKET_PX - 5, (108, 103, 98), -1, cv2.LINE_AA)
    cv2.ellipse(
        picture,
        middle,
        (_POCKET_PX - 3, _POCKET_PX - 3),
        0,
        200,
        255,
        (190, 188, 186),
        2,
        cv2.LINE_AA,
    )


@lru_cache(maxsize=12)
def _tablet(turn: int) -> tuple[BgrImage, Mask]:
    """Return a tablet with its score line in one of twelve directions, and its outline."""
    middle = _SPRITE_PX // 2
    sprite = np.full((_SPRITE_PX, _SPRITE_PX, 3), 90, np.uint8)
    mask = np.zeros((_SPRITE_PX, _SPRITE_PX), np.uint8)
    cv2.circle(sprite, (middle, middle), _TABLET_PX + 1, (146, 152, 166), -1, cv2.LINE_AA)
    cv2.circle(sprite, (middle, middle), _TABLET_PX - 3, (168, 176, 190), -1, cv2.LINE_AA)
    cv2.circle(mask, (middle, middle), _TABLET_PX, 255, -1)
    along = np.array([np.cos(np.pi * turn / 12), np.sin(np.pi * turn / 12)]) * (_TABLET_PX - 5)
    ends = [
        (round((middle - s * along[0]) * 16), round((middle - s * along[1]) * 16)) for s in (1, -1)
    ]
    cv2.line(sprite, ends[0], ends[1], (144, 150, 164), 2, cv2.LINE_AA, 4)
    powder = grain(seed=42 + turn, sigma=1.5, blur_px=(0.8, 0.8))[:_SPRITE_PX, :_SPRITE_PX]
    return np.clip(sprite + powder[..., None], 0, 255).astype(np.uint8), mask


def _body(_view: str, rng: np.random.Generator) -> BgrImage:
    """Return a full sheet; tablets lie within 2 px of their middles, turned at will."""
    picture = _foil().copy()
    pockets = _pockets()
    shifts = rng.integers(-_SPREAD_PX, _SPREAD_PX + 1, (len(pockets), 2)).tolist()
    turns = rng.integers(0, 12, len(pockets)).tolist()
    for (x, y), (right, down), turn in zip(pockets, shifts, turns, strict=True):
        sprite, mask = _tablet(turn)
        left, top = x + right - _SPRITE_PX // 2, y + down - _SPRITE_PX // 2
        cv2.copyTo(sprite, mask, picture[top : top + _SPRITE_PX, left : left + _SPRITE_PX])
    return picture


@lru_cache(maxsize=1)
def _outline() -> Mask:
    mask = np.zeros((PICTURE_PX, PICTURE_PX), np.uint8)
    left, top, right, bottom = _SHEET
    corner = 14
    for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)):
        middle = (
            x + (corner if x == left else -corner - 1),
            y + (corner if y == top else -corner - 1),
        )
        cv2.circle(mask, middle, corner, 255, -1)
    mask[top + corner : bottom - corner, left:right] = 255
    mask[top:bottom, left + corner : right - corner] = 255
    return mask


def _silhouette(_view: str) -> Mask:
    return _outline()


def _posed(_view: str, rng: np.random.Generator) -> Pose:
    return drawn_pose(rng, turn_deg=3.0, shift_px=10.0)


def _pocket(rng: np.random.Generator) -> tuple[int, int]:
    pockets = _pockets()
    return pockets[int(rng.integers(len(pockets)))]


def _missing_tablet(rng: np.random.Generator) -> Mark:
    """Return an empty pocket."""
    x, y = _pocket(rng)
    reach = _TABLET_PX + _SPREAD_PX + 2
    empty = _foil()[y - reach : y + reach + 1, x - reach : x + reach + 1].astype(np.float32)
    mask = np.zeros(empty.shape[:2], np.float32)
    cv2.circle(mask, (reach, reach), reach - 1, 1.0, -1)
    return Mark(x - reach, y - reach, mask, empty, replaces=True)


def _broken_tablet(rng: np.random.Generator) -> Mark:
    """Return a tablet's broken-off side: beyond a ragged line the pocket shows."""
    x, y = _pocket(rng)
    reach = _TABLET_PX + _SPREAD_PX + 1
    angle, cut = rng.uniform(0, 2 * np.pi), float(rng.uniform(0.0, 0.45)) * _TABLET_PX
    across = np.linspace(-reach, reach, 9)
    ragged = np.stack([cut + rng.uniform(-3, 3, 9), across], axis=1)
    around = np.linspace(np.pi / 2, -np.pi / 2, 12)
    edge = np.stack([np.maximum(np.cos(around) * reach, cut), np.sin(around) * reach], axis=1)
    points = np.concatenate([ragged, edge])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    mask, left, top = filled(points @ turn + (x, y))
    rows, columns = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]]
    inside = np.hypot(columns + left - x, rows + top - y) <= _TABLET_PX + _SPREAD_PX
    empty = _foil()[top : top + mask.shape[0], left : left + mask.shape[1]].astype(np.float32)
    return Mark(left, top, (mask * inside).astype(np.float32), empty, replaces=True)


def _foreign_speck(rng: np.random.Generator) -> Mark:
    """Return a dark speck on foil or tablet."""
    mask = blob(rng, radius_px=float(rng.uniform(6.5, 10)), rough=0.5)
    x, y = _speck_spot(rng)
    height, width = mask.shape
    return Mark(x - width // 2, y - height // 2, mask, painted(mask, (-66, -60, -52)))


def _speck_spot(rng: np.random.Generator) -> tuple[int, int]:
    """Return a place on a tablet, or on the foil in the middle of four pockets.

    Never on a pocket's rim.
    """
    x, y = _pocket(rng)
    if rng.random() < 0.5:
        angle, radius = rng.uniform(0, 2 * np.pi), (_TABLET_PX - 12) * rng.random()
        return int(x + radius * np.cos(angle)), int(y + radius * np.sin(angle))
    right, down = rng.choice([-1, 1], 2) * (
        _PITCH_PX[0] // 2 - 6,
        _PITCH_PX[1] // 2,
    ) + rng.integers(-4, 5, 2)
    if y + down < _SHEET[1] + 40:
        down = -down
    return int(np.clip(x + right, _SHEET[0] + 16, _SHEET[2] - 16)), int(
        np.clip(y + down, 0, _SHEET[3] - 16)
    )


def _foil_crease(rng: np.random.Generator) -> Mark:
    """Return a fold of the foil between two rows of pockets or below the last.

    A bright line beside a dark one.
    """
    line = wandering(rng, length_px=float(rng.uniform(60, 110)), bend=0.4)
    angle = np.arctan2(line[-1, 1] - line[0, 1], line[-1, 0] - line[0, 0])
    tilt = rng.uniform(-0.25, 0.25) - angle
    line = line @ np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    line += (
        float(rng.uniform(100, 300)),
        float(rng.choice([156.0, 244.0, 328.0]) + rng.uniform(-3, 3)),
    )
    width = int(rng.integers(4, 6))
    mask, x, y = stroke(line, width_px=2 * width)
    return Mark(x, y, mask, _fold(mask, line - (x, y)))


def _fold(mask: FloatImage, line: npt.NDArray[np.float64]) -> FloatImage:
    """Return the fold's shade: bright above the line, dark below."""
    order = np.argsort(line[:, 0])
    height = np.interp(np.arange(mask.shape[1]), line[order, 0], line[order, 1])
    below = np.arange(mask.shape[0])[:, None] - height[None, :]
    shade = (-np.tanh(below) * 40).astype(np.float32)
    return np.repeat(shade[..., None], 3, axis=2).astype(np.float32)


_MARKS = {
    "missing_tablet": _missing_tablet,
    "broken_tablet": _broken_tablet,
    "foreign_speck": _foreign_speck,
    "foil_crease": _foil_crease,
}


def _marked(kind: str, _view: str, rng: np.random.Generator) -> Mark:
    return _MARKS[kind](rng)


BLISTER = Product(
    views=("top",),
    kinds={
        "missing_tablet": Kind(("top",), Contrast(0.8, 16.0)),
        "broken_tablet": Kind(("top",), Contrast(0.8, 14.0)),
        "foreign_speck": Kind(("top",), Contrast(0.8, 16.0)),
        "foil_crease": Kind(("top",), Contrast(0.8, 9.0)),
    },
    posed=_posed,
    body=_body,
    silhouette=_silhouette,
    marked=_marked,
)
