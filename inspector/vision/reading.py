"""From the model's answer to findings. A new layout of the answer is one function here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.finding import SCORE_FLOOR, Finding, ViewResult
from inspector.errors import ModelFailed
from inspector.vision.preparing import Fit

Answer = npt.NDArray[np.float32]
Detections = npt.NDArray[np.float32]
"""(N, 6): x1, y1, x2, y2 in input pixels, score, class."""

SAME_THING_IOU = 0.7
"""Two boxes of one class that overlap more are one finding; what Ultralytics' predict takes."""
MOST_FINDINGS = 300
_MORE_THAN_ONE = 1e-3  # a score may exceed 1 by rounding only
_Reader = Callable[[Answer, int], tuple[Detections, npt.NDArray[np.float32]]]


def read_answer(
    answer: Answer, *, layout: str, classes: Sequence[str], fit: Fit
) -> tuple[tuple[Finding, ...], dict[str, float]]:
    """Return (findings of at least `SCORE_FLOOR`, best first; the highest score of each class).

    Args:
        answer: The model's output tensor.
        layout: As the manifest says.
        classes: The manifest's, in the model's order.
        fit: Where the picture lay in the input.

    Raises:
        ModelFailed: A wrong shape, a value that is not finite, a score outside 0 to 1, or a class
            that does not exist.
    """
    if not np.isfinite(answer).all():
        raise ModelFailed("the model answered with values that are not numbers")
    rows, top = _READERS[layout](answer, len(classes))
    scores = rows[:, 4]
    if scores.size and (scores.min() < 0 or scores.max() > 1 + _MORE_THAN_ONE):
        raise ModelFailed("the model answered with scores outside 0 to 1")
    rows = rows[np.argsort(-scores, kind="stable")][:MOST_FINDINGS]
    findings = tuple(
        Finding(classes[int(row[5])], min(float(row[4]), 1.0), fit.box(*map(float, row[:4])))
        for row in rows
    )
    best = {
        name: min(float(score), 1.0)
        for name, score in zip(classes, top, strict=True)
        if score >= SCORE_FLOOR
    }
    return findings, best


def judged_view(
    view: str,
    findings: Sequence[Finding],
    top_scores: Mapping[str, float],
    *,
    limits: Mapping[str, float],
    fit: Fit,
    model_ms: float,
) -> ViewResult:
    """Return a view's result: the findings that reach the limit of their class."""
    width_px, height_px = fit.picture_px
    return ViewResult(
        view,
        tuple(finding for finding in findings if finding.score >= limits[finding.kind]),
        dict(top_scores),
        width_px=width_px,
        height_px=height_px,
        model_ms=model_ms,
    )


def answer_fits(shape: Sequence[object], *, layout: str, classes: int) -> bool:
    """Return whether a model with an output of this shape can be read."""
    if len(shape) != 3 or shape[0] != 1 or not all(isinstance(size, int) for size in shape):
        return False
    return shape[2] == 6 if layout == "yolo-e2e" else shape[1] == 4 + classes


def _end_to_end(answer: Answer, classes: int) -> tuple[Detections, npt.NDArray[np.float32]]:
    """Read (1, N, 6): the model has chosen among overlapping boxes itself."""
    if answer.ndim != 3 or answer.shape[0] != 1 or answer.shape[2] != 6:
        raise ModelFailed(f"the model answered in shape {answer.shape}, not (1, N, 6)")
    rows = answer[0][answer[0, :, 4] >= SCORE_FLOOR]
    kinds = rows[:, 5]
    if ((kinds < 0) | (kinds >= classes) | (kinds != np.floor(kinds))).any():
        raise ModelFailed("the model answered with a class that its manifest does not have")
    if answer[0, :, 4].min(initial=0) < 0:
        raise ModelFailed("the model answered with scores outside 0 to 1")
    top = np.zeros(classes, np.float32)
    np.maximum.at(top, kinds.astype(np.intp), rows[:, 4])
    return rows, top


def _raw(answer: Answer, classes: int) -> tuple[Detections, npt.NDArray[np.float32]]:
    """Read (1, 4 + classes, N): centre and size of each box, then its score for each class."""
    if answer.ndim != 3 or answer.shape[:2] != (1, 4 + classes):
        raise ModelFailed(f"the model answered in shape {answer.shape}, not (1, {4 + classes}, N)")
    scores = answer[0, 4:]
    if scores.min(initial=0) < 0:
        raise ModelFailed("the model answered with scores outside 0 to 1")
    top = scores.max(axis=1, initial=0)
    kinds = scores.argmax(axis=0)
    best = scores.max(axis=0)
    chosen = best >= SCORE_FLOOR
    centre, size = answer[0, :2, chosen], answer[0, 2:4, chosen]
    corners = np.hstack((centre - size / 2, centre + size / 2))
    rows = np.column_stack((corners, best[chosen], kinds[chosen])).astype(np.float32)
    return rows[_kept(rows)], top


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


_READERS: Mapping[str, _Reader] = {"yolo-e2e": _end_to_end, "yolo-raw": _raw}
