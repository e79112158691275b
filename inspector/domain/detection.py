"""How good findings are against what a person marked: COCO's average precision, in numpy.

The rules are those of pycocotools (bbox, all areas): of each class the best `MOST_FINDINGS` of a
picture count; best first, a finding takes the marked box of its class that it overlaps most, if no
other has taken it and they overlap enough; precision is made to fall with recall and read at 101
recalls; AP50-95 is the mean over ten overlaps from 0.50 to 0.95. The tests hold both against each
other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.domain.finding import Box, Finding

OVERLAPS = np.linspace(0.5, 0.95, 10)
MOST_FINDINGS = 100
_RECALLS = np.linspace(0, 1, 101)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Marked:
    """A defect as a person marked it in a picture.

    Attributes:
        kind: Its class.
        box: Where, in pixels of the picture.
    """

    kind: str
    box: Box


@dataclass(frozen=True, slots=True)
class Scored:
    """A picture: what is in it, and what was found, best first, from the score floor on."""

    marked: tuple[Marked, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """The findings of one class over all pictures, best first.

    Attributes:
        scores: (N,).
        hit: (overlaps, N): whether a finding took a marked box, for each of `OVERLAPS`.
        marked: How many boxes of the class are marked.
    """

    scores: Floats
    hit: Bools
    marked: int


@dataclass(frozen=True, slots=True)
class Precision:
    """Average precision, at an overlap of one half and over all ten."""

    ap50: float
    ap50_95: float


def average_precision(hits: Hits) -> Precision | None:
    """Return a class's average precision; None where no box of it is marked."""
    if not hits.marked:
        return None
    each = [_interpolated(hit, hits.marked) for hit in hits.hit]
    return Precision(float(each[0]), float(np.mean(each)))


def hits_of(pictures: Sequence[Scored], kind: str) -> Hits:
    """Return what became of the findings of a class."""
    scores: list[Floats] = [np.zeros(0)]
    hit: list[Bools] = [np.zeros((len(OVERLAPS), 0), np.bool_)]
    for picture in pictures:
        found = [one for one in picture.findings if one.kind == kind][:MOST_FINDINGS]
        boxes = [one.box for one in picture.marked if one.kind == kind]
        scores.append(np.array([one.score for one in found], np.float64))
        hit.append(taken(overlaps([one.box for one in found], boxes)))
    together = np.concatenate(scores)
    order = np.argsort(-together, kind="stable")
    marked = sum(one.kind == kind for picture in pictures for one in picture.marked)
    return Hits(together[order], np.concatenate(hit, axis=1)[:, order], marked)


def overlaps(found: Sequence[Box], marked: Sequence[Box]) -> Floats:
    """Return (found, marked): the shared area of each pair, over the area that both cover."""
    if not found or not marked:
        return np.zeros((len(found), len(marked)))
    a, b = np.array(found, np.float64)[:, None], np.array(marked, np.float64)[None]
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    both = np.prod(a[..., 2:], axis=2) + np.prod(b[..., 2:], axis=2) - shared
    return np.asarray(shared / np.maximum(both, 1e-12))


def taken(overlap: Floats, at: Floats = OVERLAPS) -> Bools:
    """Return (at, found): whether each finding, best first, takes a marked box.

    Args:
        overlap: (found, marked), the findings best first.
        at: The overlaps that are asked for.
    """
    found, marked = overlap.shape
    hit = np.zeros((len(at), found), np.bool_)
    if not marked:
        return hit
    free = np.ones((len(at), marked), np.bool_)
    rows = np.arange(len(at))
    for number, row in enumerate(overlap):
        left = np.where(free, row, -1.0)
        best = marked - 1 - left[:, ::-1].argmax(axis=1)  # the last of equal ones, as pycocotools
        hit[:, number] = left[rows, best] >= np.minimum(at, 1 - 1e-10)
        free[rows[hit[:, number]], best[hit[:, number]]] = False
    return hit


def _interpolated(hit: Bools, marked: int) -> float:
    """Return the mean precision at 101 recalls; 0 where a recall is never reached."""
    if not len(hit):
        return 0.0
    right = np.cumsum(hit)
    precision = right / np.arange(1, len(hit) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(right / marked, _RECALLS, side="left")
    reached = at < len(hit)
    return float(falling[at[reached]].sum() / len(_RECALLS))
