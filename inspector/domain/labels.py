"""What a person marked in a picture, and what may be marked there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from inspector.domain.detection import Marked
from inspector.domain.finding import Box
from inspector.errors import BadInput

OUTSIDE = 1e-3
"""How far a box may jut out of its picture, as a share of it: labelling tools round."""

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True)
class PictureLabels:
    """What a person marked in one picture; nothing: there is no defect in it.

    Attributes:
        picture: The picture's digest, as the records name it.
        marked: Boxes in pixels of the picture.
    """

    picture: str
    marked: tuple[Marked, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The labels of one file that another tool wrote.

    Attributes:
        name: Of the file.
        sha256: Of its bytes.
        format: "coco", "label-studio" or "cvat".
        pictures: At least one, each picture once.
        notes: What was in the file and was not taken, in words.
    """

    name: str
    sha256: str
    format: str
    pictures: tuple[PictureLabels, ...]
    notes: tuple[str, ...] = ()


def box_within(box: Sequence[float], size: Size) -> Box:
    """Return a box cut to its picture, to which it may be untrue by rounding alone.

    Raises:
        BadInput: It is no box, is empty, or lies outside; the text says what is wrong.
    """
    x, y, wide, high = box
    if not all(map(isfinite, box)):
        raise BadInput("the box is no number")
    if wide <= 0 or high <= 0:
        raise BadInput("the box has no area")
    (width, height), (slack_x, slack_y) = size, (OUTSIDE * size[0], OUTSIDE * size[1])
    if (
        min(x + slack_x, y + slack_y) < 0
        or x + wide > width + slack_x
        or y + high > height + slack_y
    ):
        raise BadInput(f"the box reaches outside its picture of {width} x {height} px")
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(x + wide, float(width)), min(y + high, float(height))
    if (left, top, right, bottom) == (x, y, x + wide, y + high):
        return x, y, wide, high  # to the bit, so that what was exported comes back as it was
    if right <= left or bottom <= top:
        raise BadInput("the box has no area within its picture")
    return left, top, right - left, bottom - top


def as_json(pictures: Sequence[PictureLabels]) -> list[list[object]]:
    """Return labels as they are handed to the recorder and hashed."""
    return [
        [one.picture, [[mark.kind, *mark.box] for mark in one.marked]]
        for one in sorted(pictures, key=lambda one: one.picture)
    ]


def checked_sizes(pictures: Sequence[PictureLabels], sizes: Mapping[str, Size]) -> None:
    """Raise `BadInput` when a picture is not among `sizes`, or a box not within its picture."""
    for one in pictures:
        if one.picture not in sizes:
            raise BadInput(f"no record has the picture {one.picture}")
        for mark in one.marked:
            box_within(mark.box, sizes[one.picture])
