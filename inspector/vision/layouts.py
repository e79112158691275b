"""What a model's output tensors mean: one function for each layout that a manifest can name.

A reader gets the outputs that the manifest lists, finite and float32, and returns `Rows`. It raises
`ModelFailed` for a shape that is not its own. To add a layout, write its function, enter it in
`LAYOUTS` and name it in `manifest.Output`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.finding import MOST_OUTLINES, SCORE_FLOOR
from inspector.errors import ModelFailed
from inspector.vision.outlines import Corners, outlined

Answer = npt.NDArray[np.float32]
Detections = npt.NDArray[np.float32]
"""(N, 6): x1, y1, x2, y2 in input pixels, score, class."""

SAME_THING_IOU = 0.7
"""Two boxes of one class that overlap more are one finding; what Ultralytics' predict takes."""
_MASK_INSIDE = 0.0
"""Logit from which a mask's pixel belongs to the thing: a probability of one half."""
_PEAK_SHARE = 0.5
"""A score map's finding covers what reaches this share of the map's highest value."""


class Rows(NamedTuple):
    """What a reader made of an answer.

    Attributes:
        found: (N, 6): x1, y1, x2, y2 in input pixels, score, class; in any order.
        top: (classes,): the highest score of each class.
        outlines: By row, where a mask drew one: its corners in input pixels.
    """

    found: Detections
    top: npt.NDArray[np.float32]
    outlines: Mapping[int, Corners] = {}


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer is read against.

    Attributes:
        classes: How many the manifest names.
        width: Of the model's input, pixels.
        height: Of the model's input, pixels.
    """

    classes: int
    width: int
    height: int


Reader = Callable[[Sequence[Answer], Expected], Rows]


def end_to_end(answers: Sequence[Answer], expected: Expected) -> Rows:
    """Read (1, N, 6): the model has chosen among overlapping boxes itself."""
    (answer,) = _shaped(answers, [(1, None, 6)])
    rows = _checked_rows(answer[0], expected.classes)
    return Rows(rows, _top(rows, expected.classes))


def raw(answers: Sequence[Answer], expected: Expected) -> Rows:
    """Read (1, 4 + classes, N): centre and size of each box, then its score for each class."""
    (answer,) = _shaped(answers, [(1, 4 + expected.classes, None)])
    rows, top, _ = _boxes(answer[0], expected.classes)
    return Rows(rows[_kept(rows)], top)


def segmented(answers: Sequence[Answer], expected: Expected) -> Rows:
    """Read (1, 4 + classes + M, N) and (1, M, h, w): boxes as in `raw`, each with its mask.

    A finding's box is the one that its mask fills, which is the tighter. The best have its outline.
    """
    maps = _maps(answers)
    answer, _ = _shaped(answers, [(1, 4 + expected.classes + len(maps), None), (1, *maps.shape)])
    rows, top, weights = _boxes(answer[0], expected.classes)
    kept = _kept(rows)
    found, outlines = _masked(rows[kept], weights[kept], maps, expected)
    return Rows(found, top, outlines)


def segmented_end_to_end(answers: Sequence[Answer], expected: Expected) -> Rows:
    """Read (1, N, 6 + M) and (1, M, h, w): rows as in `end_to_end`, each with its mask."""
    maps = _maps(answers)
    answer, _ = _shaped(answers, [(1, None, 6 + len(maps)), (1, *maps.shape)])
    rows = _checked_rows(answer[0], expected.classes)
    found, outlines = _masked(rows[:, :6], rows[:, 6:], maps, expected)
    return Rows(found, _top(rows, expected.classes), outlines)


def class_scores(answers: Sequence[Answer], expected: Expected) -> Rows:
    """Read (1, classes): what the whole picture is; each class is a finding over all of it."""
    (answer,) = _shaped(answers, [(1, expected.classes)])
    scores = answer[0]
    found = np.zeros((len(scores), 6), np.float32)
    found[:, 2], found[:, 3] = expected.width, expected.height
    found[:, 4], found[:, 5] = scores, np.arange(len(scores))
    return Rows(found, scores)


def score_map(answers: Sequence[Answer], expected: Expected) -> Rows:
    """Read one score, (1,) or (1, 1), and a map of scores, (1, 1, h, w) or (1, h, w).

    What Anomalib exports as `pred_score` and `anomaly_map`, both 0 to 1 and 0.5 where its own limit
    lies. The finding has the picture's score; its box is the spot around the map's highest value.
    """
    score, heat = _shaped(
        [answers[0].reshape(-1), answers[1].reshape(-1, *answers[1].shape[-2:])]
        if len(answers) == 2 and answers[1].ndim >= 2
        else answers,
        [(1,), (1, None, None)],
    )
    found = np.zeros((1, 6), np.float32)
    found[0, :4] = _peak_box(heat[0], expected)
    found[0, 4] = score[0]
    return Rows(found, score)


LAYOUTS: Mapping[str, Reader] = {
    "yolo-e2e": end_to_end,
    "yolo-raw": raw,
    "yolo-seg-e2e": segmented_end_to_end,
    "yolo-seg": segmented,
    "class-scores": class_scores,
    "score-map": score_map,
}


def _shaped(answers: Sequence[Answer], wanted: Sequence[tuple[int | None, ...]]) -> list[Answer]:
    """Return the answers when their shapes fit; None fits any size."""
    found = [answer.shape for answer in answers]
    fits = len(found) == len(wanted) and all(
        len(shape) == len(want)
        and all(w is None or s == w for s, w in zip(shape, want, strict=True))
        for shape, want in zip(found, wanted, strict=True)
    )
    if not fits:
        told = " and ".join("(" + ", ".join(str(w or "N") for w in one) + ")" for one in wanted)
        raise ModelFailed(f"the model answered in shape {', '.join(map(str, found))}, not {told}")
    return list(answers)


def _maps(answers: Sequence[Answer]) -> Answer:
    """Return the second answer's prototype masks, (M, h, w)."""
    if len(answers) != 2 or answers[1].ndim != 4:
        shapes = ", ".join(str(answer.shape) for answer in answers)
        raise ModelFailed(f"the model answered in shape {shapes}, without masks (1, M, h, w)")
    maps: Answer = answers[1][0]
    return maps


def _checked_rows(answer: Answer, classes: int) -> Answer:
    """Return the rows from the score floor on; raises for a class that does not exist."""
    if answer[:, 4].min(initial=0) < 0:
        raise ModelFailed("the model answered with scores outside 0 to 1")
    rows = answer[answer[:, 4] >= SCORE_FLOOR]
    kinds = rows[:, 5]
    if ((kinds < 0) | (kinds >= classes) | (kinds != np.floor(kinds))).any():
        raise ModelFailed("the model answered with a class that its manifest does not have")
    return rows


def _top(rows: Answer, classes: int) -> npt.NDArray[np.float32]:
    top = np.zeros(classes, np.float32)
    np.maximum.at(top, rows[:, 5].astype(np.intp), rows[:, 4])
    return top


def _boxes(answer: Answer, classes: int) -> tuple[Detections, npt.NDArray[np.float32], Answer]:
    """Return the boxes from the score floor on, each class's highest score, and what follows."""
    scores = answer[4 : 4 + classes]
    if scores.min(initial=0) < 0:
        raise ModelFailed("the model answered with scores outside 0 to 1")
    top = scores.max(axis=1, initial=0)
    best = scores.max(axis=0)
    chosen = best >= SCORE_FLOOR
    kinds = scores[:, chosen].argmax(axis=0)
    centre, size = answer[:2, chosen].T, answer[2:4, chosen].T
    corners = np.hstack((centre - size / 2, centre + size / 2))
    rows = np.column_stack((corners, best[chosen], kinds)).astype(np.float32)
    return rows, top, answer[4 + classes :, chosen].T


def _kept(rows: Detections) -> npt.NDArray[np.intp]:
    """Return the rows that remain when of boxes on the same thing only the best is kept."""
    if not len(rows):
        return np.zeros(0, np.intp)
    boxes = np.column_stack((rows[:, :2], rows[:, 2:4] - rows[:, :2]))
    kept = cv2.dnn.NMSBoxesBatched(
        boxes.tolist(),
        rows[:, 4].tolist(),
        rows[:, 5].astype(int).tolist(),
        SCORE_FLOOR * 0.999,  # OpenCV keeps what is above, we keep what is at least the floor
        SAME_THING_IOU,
    )
    return np.asarray(kept, np.intp).reshape(-1)


def _masked(
    rows: Detections, weights: Answer, maps: Answer, expected: Expected
) -> tuple[Detections, dict[int, Corners]]:
    """Return the rows with each box drawn in to what its mask fills of it, and the outlines."""
    tight, outlines = rows.copy(), {}
    high, wide = maps.shape[1:]
    scale = np.array([wide / expected.width, high / expected.height] * 2, np.float32)
    best = set(np.argsort(-rows[:, 4], kind="stable")[:MOST_OUTLINES].tolist())
    for number, (row, weight) in enumerate(zip(tight, weights, strict=True)):
        x1, y1, x2, y2 = _cells(row[:4] * scale, wide, high)
        logits = np.tensordot(weight, maps[:, y1:y2, x1:x2], 1)
        filled = _bounds(logits > _MASK_INSIDE, left=x1, top=y1)
        if filled is None:
            continue
        row[:4] = filled / scale
        if number in best:
            cell = (1 / float(scale[0]), 1 / float(scale[1]))
            corner = np.array([x1, y1], np.float32) / scale[:2]
            outlines[number] = outlined(logits.astype(np.float32), cell=cell) + corner
    return tight, outlines


def _cells(box: Answer, wide: int, high: int) -> tuple[int, int, int, int]:
    """Return the map's cells that a box touches, at least one."""
    x1, x2 = _touched(float(box[0]), float(box[2]), wide)
    y1, y2 = _touched(float(box[1]), float(box[3]), high)
    return x1, y1, x2, y2


def _touched(low: float, high: float, cells: int) -> tuple[int, int]:
    first = min(max(int(low), 0), cells - 1)
    return first, min(max(ceil(high), first + 1), cells)


def _bounds(inside: npt.NDArray[np.bool_], *, left: int, top: int) -> Answer | None:
    """Return x1, y1, x2, y2 around what is true; None where nothing is."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return None
    ends = [left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1]
    return np.array(ends, np.float32)


def _peak_box(heat: Answer, expected: Expected) -> Answer:
    """Return x1, y1, x2, y2 in input pixels around the spot of the map's highest value."""
    high, wide = heat.shape
    peak = int(heat.argmax())
    _, spots = cv2.connectedComponents((heat >= heat.max() * _PEAK_SHARE).astype(np.uint8))
    bounds = _bounds(spots == spots.flat[peak], left=0, top=0)
    assert bounds is not None  # noqa: S101 - the peak is in its own spot
    return bounds * np.array([expected.width / wide, expected.height / high] * 2, np.float32)
