"""The populated circuit board, seen from above."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from inspector.domain.frame import BgrImage
from inspector.simulator.contrast import Contrast
from inspector.simulator.drawing import PICTURE_PX, Mask, Pose, drawn_pose, grain
from inspector.simulator.marks import Mark, blob, filled, painted, stroke, wandering
from inspector.simulator.products.product import Kind, Product

_EDGE_PX = 36
_OPEN = False
_SPREAD_PX = 2
"""A placed part lies within 1 px of its place.

The mark of a missing one reaches this far beyond its outline.
"""


@dataclass(frozen=True, slots=True)
class _Place:
    """A component's outline on the board, in px: left, top, width, height; and its look."""

    x: int
    y: int
    width: int
    height: int
    look: str


_CHIPS = (
    _Place(62, 64, 26, 15, "resistor"),
    _Place(62, 90, 26, 15, "resistor"),
    _Place(62, 116, 26, 15, "capacitor"),
    _Place(104, 64, 26, 15, "capacitor"),
    _Place(104, 90, 26, 15, "resistor"),
    _Place(104, 116, 26, 15, "resistor"),
    _Place(300, 70, 15, 26, "capacitor"),
    _Place(326, 70, 15, 26, "resistor"),
    _Place(300, 112, 15, 26, "resistor"),
    _Place(326, 112, 15, 26, "capacitor"),
    _Place(60, 250, 26, 15, "capacitor"),
    _Place(60, 276, 26, 15, "resistor"),
    _Place(176, 318, 26, 15, "resistor"),
    _Place(214, 318, 26, 15, "capacitor"),
    _Place(252, 318, 26, 15, "resistor"),
    _Place(322, 226, 15, 26, "capacitor"),
    _Place(322, 268, 15, 26, "resistor"),
)
_CANS = (_Place(58, 160, 48, 48, "can"), _Place(60, 304, 44, 44, "can"))
_CIRCUITS = (_Place(158, 66, 108, 62, "circuit"), _Place(146, 172, 124, 96, "circuit"))
_PIN_PITCH_PX = 14
_PIN_PX = (6, 14)
"""Width along the body and length of a pin."""


def _pins(place: _Place) -> list[tuple[int, int]]:
    """Return the left top corners of a circuit's pins, upper row first."""
    columns = range(place.x + 8, place.x + place.width - 10, _PIN_PITCH_PX)
    rows = (place.y - _PIN_PX[1] + 1, place.y + place.height - 1)
    return [(x, y) for y in rows for x in columns]


@lru_cache(maxsize=1)
def _bare() -> BgrImage:
    """Return the board without its placed chips: laminate, tracks, pads, circuits and cans."""
    picture = np.empty((PICTURE_PX, PICTURE_PX, 3), np.uint8)
    picture[:] = (74, 104, 48)
    _draw_tracks(picture)
    _draw_print(picture)
    for place in _CHIPS:
        _draw_pads(picture, place)
    for place in _CIRCUITS:
        _draw_circuit(picture, place)
    for place in _CANS:
        _draw_can(picture, place)
    cv2.rectangle(picture, (282, 318), (346, 350), (196, 200, 200), -1)
    cv2.rectangle(picture, (286, 324), (342, 350), (160, 166, 168), -1)
    fine = grain(seed=11, sigma=1.7, blur_px=(0.8, 0.8))
    return np.asarray(np.clip(picture + fine[..., None], 0, 255).astype(np.uint8))


def _draw_tracks(picture: BgrImage) -> None:
    rng = np.random.default_rng(2)
    for _ in range(26):
        x, y = (int(v) for v in rng.integers(_EDGE_PX + 8, PICTURE_PX - _EDGE_PX - 8, 2))
        run, rise = (int(v) for v in rng.integers(-90, 90, 2))
        slope = np.sign(rise) * min(abs(rise), 40)
        points = np.array(
            [(x, y), (x + run, y), (x + run + abs(int(slope)), y + int(slope))], np.int32
        )
        cv2.polylines(picture, [points], _OPEN, (84, 122, 62), 3, cv2.LINE_AA)
        cv2.circle(picture, (x, y), 4, (96, 140, 128), -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), 2, (40, 50, 36), -1, cv2.LINE_AA)


def _draw_print(picture: BgrImage) -> None:
    for text, x, y in (
        ("U1", 134, 62),
        ("U2", 124, 160),
        ("INSPECTOR B4", 152, 303),
        ("C7", 110, 240),
    ):
        cv2.putText(
            picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (176, 190, 176), 1, cv2.LINE_AA
        )
    corners = ((50, 50), (349, 50), (50, 349), (349, 349))
    for x, y in corners:
        cv2.circle(picture, (x, y), 9, (130, 170, 178), -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), 5, (30, 32, 34), -1, cv2.LINE_AA)


def _draw_pads(picture: BgrImage, place: _Place) -> None:
    """Draw the two solder pads that a chip sits on, and its printed frame."""
    x, y, right, bottom = place.x, place.y, place.x + place.width - 1, place.y + place.height - 1
    cv2.rectangle(picture, (x - 4, y - 4), (right + 4, bottom + 4), (150, 165, 150), 1)
    wide = place.width > place.height
    ends = (
        ((x, y, x + 7, bottom), (right - 7, y, right, bottom))
        if wide
        else ((x, y, right, y + 7), (x, bottom - 7, right, bottom))
    )
    for left, top, far, low in ends:
        cv2.rectangle(picture, (left, top), (far, low), (150, 160, 164), -1)


def _draw_circuit(picture: BgrImage, place: _Place) -> None:
    for x, y in _pins(place):
        cv2.rectangle(
            picture, (x - 1, y - 1), (x + _PIN_PX[0], y + _PIN_PX[1]), (124, 132, 134), -1
        )
        cv2.rectangle(
            picture, (x, y), (x + _PIN_PX[0] - 1, y + _PIN_PX[1] - 1), (158, 166, 170), -1
        )
    right, bottom = place.x + place.width - 1, place.y + place.height - 1
    cv2.rectangle(picture, (place.x + 3, place.y + 3), (right + 3, bottom + 3), (50, 72, 32), -1)
    cv2.rectangle(picture, (place.x, place.y), (right, bottom), (62, 62, 60), -1)
    cv2.rectangle(picture, (place.x, place.y), (right, bottom), (84, 84, 82), 1)
    cv2.circle(picture, (place.x + 12, place.y + 12), 4, (44, 44, 42), -1, cv2.LINE_AA)
    for line, text in enumerate(("IR-2048", "2631 A")):
        spot = (place.x + 26, place.y + place.height // 2 + 14 * line)
        cv2.putText(
            picture, text, spot, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (122, 124, 124), 1, cv2.LINE_AA
        )


def _draw_can(picture: BgrImage, place: _Place) -> None:
    radius = place.width // 2
    middle = (place.x + radius, place.y + radius)
    cv2.circle(picture, (middle[0] + 3, middle[1] + 4), radius, (48, 70, 32), -1, cv2.LINE_AA)
    cv2.circle(picture, middle, radius, (172, 174, 176), -1, cv2.LINE_AA)
    cv2.circle(picture, middle, radius - 4, (150, 152, 154), 2, cv2.LINE_AA)
    cv2.ellipse(
        picture, middle, (radius - 6, radius - 6), 0, 115, 245, (60, 56, 54), -1, cv2.LINE_AA
    )


@lru_cache(maxsize=8)
def _sprite(width: int, height: int, look: str) -> BgrImage:
    """Return a chip's picture: metal ends and a body."""
    body = {"resistor": (52, 50, 50), "capacitor": (96, 128, 160)}[look]
    sprite = np.empty((height, width, 3), np.uint8)
    sprite[:] = (178, 182, 184)
    if width > height:
        sprite[:, 5:-5] = body
    else:
        sprite[5:-5] = body
    sprite[-1, :] = (sprite[-1, :] * 0.75).astype(np.uint8)
    sprite[:, -1] = (sprite[:, -1] * 0.75).astype(np.uint8)
    return sprite


def _body(_view: str, rng: np.random.Generator) -> BgrImage:
    """Return a good board.

    Chips lie within 1 px of their places and differ by up to 5 grey levels.
    """
    picture = _bare().copy()
    jitter = rng.integers(-1, 2, (len(_CHIPS), 2))
    levels = rng.integers(-5, 6, len(_CHIPS))
    for place, (right, down), level in zip(_CHIPS, jitter.tolist(), levels.tolist(), strict=True):
        x, y = place.x + right, place.y + down
        sprite = _sprite(place.width, place.height, place.look)
        picture[y : y + place.height, x : x + place.width] = cv2.add(
            sprite, np.array((level, level, level, 0), np.float64)
        )
    return picture


@lru_cache(maxsize=1)
def _outline() -> Mask:
    mask = np.zeros((PICTURE_PX, PICTURE_PX), np.uint8)
    mask[_EDGE_PX : PICTURE_PX - _EDGE_PX, _EDGE_PX : PICTURE_PX - _EDGE_PX] = 255
    return mask


def _silhouette(_view: str) -> Mask:
    return _outline()


def _posed(_view: str, rng: np.random.Generator) -> Pose:
    return drawn_pose(rng, turn_deg=3.0, shift_px=10.0)


def _missing_part(rng: np.random.Generator) -> Mark:
    place = _CHIPS[int(rng.integers(len(_CHIPS)))]
    x, y = place.x - _SPREAD_PX, place.y - _SPREAD_PX
    height, width = place.height + 2 * _SPREAD_PX, place.width + 2 * _SPREAD_PX
    empty = _bare()[y : y + height, x : x + width].astype(np.float32)
    return Mark(x, y, np.ones((height, width), np.float32), empty, replaces=True)


def _solder_bridge(rng: np.random.Generator) -> Mark:
    """Return solder between two neighbouring pins of a circuit, bright as the pins are."""
    place = _CIRCUITS[int(rng.integers(len(_CIRCUITS)))]
    pins = _pins(place)
    row, column = int(rng.integers(2)), int(rng.integers(len(pins) // 2 - 1))
    x, y = pins[row * (len(pins) // 2) + column]
    reach, thick = _PIN_PITCH_PX - _PIN_PX[0] + 2, float(rng.uniform(7, 11))
    top = y + float(rng.uniform(1, _PIN_PX[1] - thick))
    left = x + _PIN_PX[0] - 1.0
    sag = float(rng.uniform(-1.5, 1.5))
    points = np.array(
        [
            (left, top),
            (left + reach / 2, top + sag + 1),
            (left + reach, top),
            (left + reach, top + thick),
            (left + reach / 2, top + thick + sag - 1),
            (left, top + thick),
        ]
    )
    mask, column_px, row_px = filled(points)
    return Mark(column_px, row_px, mask, painted(mask, (88, 62, 118)))


def _free_spot(rng: np.random.Generator, margin_px: int) -> tuple[float, float]:
    low, high = _EDGE_PX + margin_px, PICTURE_PX - _EDGE_PX - margin_px
    x, y = rng.uniform(low, high, 2)
    return float(x), float(y)


def _scratch(rng: np.random.Generator) -> Mark:
    """Return a bright line across laminate and components."""
    line = wandering(rng, length_px=float(rng.uniform(40, 80)), bend=0.5) + _free_spot(rng, 46)
    mask, x, y = stroke(line, width_px=int(rng.integers(3, 5)))
    return Mark(x, y, mask, painted(mask, (60, 62, 58)))


def _residue(rng: np.random.Generator) -> Mark:
    """Return a whitish flux stain with an uneven inside."""
    mask = blob(rng, radius_px=float(rng.uniform(12, 20)), rough=0.5, soft_px=1.5)
    x, y = _free_spot(rng, 34)
    height, width = mask.shape
    return Mark(int(x) - width // 2, int(y) - height // 2, mask, painted(mask, (50, 62, 66)))


_MARKS = {
    "missing_part": _missing_part,
    "solder_bridge": _solder_bridge,
    "scratch": _scratch,
    "residue": _residue,
}


def _marked(kind: str, _view: str, rng: np.random.Generator) -> Mark:
    return _MARKS[kind](rng)


BOARD = Product(
    views=("top",),
    kinds={
        "missing_part": Kind(("top",), Contrast(0.8, 14.0)),
        "solder_bridge": Kind(("top",), Contrast(0.8, 16.0)),
        "scratch": Kind(("top",), Contrast(0.8, 12.0)),
        "residue": Kind(("top",), Contrast(0.8, 10.0)),
    },
    posed=_posed,
    body=_body,
    silhouette=_silhouette,
    marked=_marked,
)
