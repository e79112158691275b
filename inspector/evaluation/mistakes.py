"""The worst mistakes of an evaluation, drawn into their pictures for a person to look at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from inspector.domain.detection import Marked, overlaps, taken
from inspector.domain.finding import Box, Finding
from inspector.domain.frame import BgrImage
from inspector.evaluation.evaluating import Judged, Limits
from inspector.vision.picture_files import read_picture

MOST = 100
_OVERLAP = np.array([0.5])
_LEAST_PX = 640
"""Smaller pictures are enlarged, or the words would hide them."""
_FOUND, _MISSED, _FALSE = (0, 160, 0), (0, 0, 220), (0, 140, 255)
"""Green, red, orange; blue-green-red."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a picture at the limits.

    Attributes:
        judged: The picture.
        what: "missed": it has defects and passes; "false": it is good and is rejected; "boxes":
            the verdict is right, but not all that it rests on.
        missed: Marked boxes that no finding of their class covers by half.
        false: Findings that cover no marked box, or one that a better finding has taken.
        severity: The higher, the worse among its own.
    """

    judged: Judged
    what: str
    missed: tuple[Marked, ...]
    false: tuple[Finding, ...]
    severity: float


def mistakes(judged: Iterable[Judged], limits: Limits) -> list[Mistake]:
    """Return the pictures with mistakes: missed, false rejects, wrong boxes; worst first."""
    found = [_mistake(one, limits) for one in judged if one.looked]
    order = ("missed", "false", "boxes")
    wrong = [one for one in found if one.missed or one.false]
    return sorted(wrong, key=lambda one: (order.index(one.what), -one.severity))


def write_mistakes(folder: Path, found: Sequence[Mistake], limits: Limits) -> int:
    """Write the worst `MOST` of them as pictures, numbered from the worst on; return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(found[:MOST], 1):
        stem = re.sub(r"[^\w.-]", "_", one.judged.inspected.file.stem)[:100]
        _, content = cv2.imencode(".png", _drawn(one, limits))
        (folder / f"{number:03}_{one.what}_{stem}.png").write_bytes(content.tobytes())
    return min(len(found), MOST)


def _mistake(judged: Judged, limits: Limits) -> Mistake:
    missed: list[Marked] = []
    false: list[Finding] = []
    for kind in limits:
        marked = [one for one in judged.marked if one.kind == kind]
        found = [one for one in _counting(judged, limits) if one.kind == kind]
        overlap = overlaps([one.box for one in found], [one.box for one in marked])
        hit = taken(overlap, _OVERLAP)[0]
        false += [one for one, right in zip(found, hit, strict=True) if not right]
        covered = overlap.max(axis=0, initial=0) >= _OVERLAP[0]
        missed += [one for one, seen in zip(marked, covered, strict=True) if not seen]
    what, severity = "boxes", float(len(missed) + len(false))
    if bool(judged.marked) != judged.rejected(limits):
        what = "missed" if judged.marked else "false"
        severity = abs(judged.margin(limits))
    return Mistake(judged, what, tuple(missed), tuple(false), severity)


def _counting(judged: Judged, limits: Limits) -> list[Finding]:
    return [one for one in judged.inspected.seen if one.score >= limits[one.kind]]


def _drawn(one: Mistake, limits: Limits) -> BgrImage:
    image = read_picture(one.judged.inspected.file)
    times = max(1, _LEAST_PX // max(image.shape[:2]))
    canvas = cv2.resize(image, None, fx=times, fy=times, interpolation=cv2.INTER_NEAREST)
    for mark in one.judged.marked:
        colour = _MISSED if mark in one.missed else _FOUND
        _box(canvas, mark.box, times, colour, mark.kind if mark in one.missed else "")
    for finding in one.false:
        _box(canvas, finding.box, times, _FALSE, f"{finding.kind} {finding.score:.2f}")
    for finding in _near(one, limits):
        _box(canvas, finding.box, times, _MISSED, f"{finding.kind} {finding.score:.2f}")
    return np.asarray(canvas, np.uint8)


def _near(one: Mistake, limits: Limits) -> list[Finding]:
    """Return the best finding below its limit of a missed picture: what came nearest."""
    below = [f for f in one.judged.inspected.seen if f.score < limits[f.kind]]
    return below[:1] if one.what == "missed" else []


def _box(
    canvas: cv2.typing.MatLike, box: Box, times: int, colour: tuple[int, int, int], text: str
) -> None:
    x, y, wide, high = (round(times * number) for number in box)
    cv2.rectangle(canvas, (x - 1, y - 1), (x + wide, y + high), colour, 1)
    place = (max(x, 2), y - 4 if y > 16 else y + high + 12)
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
