"""From the model's answer to findings in the camera's picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inspector.domain.finding import SCORE_FLOOR, Finding, ViewResult
from inspector.errors import ModelFailed
from inspector.vision.layouts import LAYOUTS, Answer, Expected
from inspector.vision.manifest import Manifest
from inspector.vision.outlines import NO_CORNERS
from inspector.vision.preparing import Fit

MOST_FINDINGS = 300
_MORE_THAN_ONE = 1e-3  # a score may exceed 1 by rounding only


def read_answer(
    answers: Sequence[Answer], *, manifest: Manifest, fit: Fit
) -> tuple[tuple[Finding, ...], dict[str, float]]:
    """Return (findings of at least `SCORE_FLOOR`, best first; the highest score of each class).

    Args:
        answers: The model's output tensors, as many as its layout has.
        manifest: Of the package.
        fit: Where the picture lay in the input.

    Raises:
        ModelFailed: A wrong shape, a value that is not finite, a score outside 0 to 1, or a class
            that does not exist.
    """
    if not all(np.isfinite(answer).all() for answer in answers):
        raise ModelFailed("the model answered with values that are not numbers")
    classes, good = manifest.classes, set(manifest.output.good)
    expected = Expected(len(classes), manifest.input.width, manifest.input.height)
    rows, top, outlines = LAYOUTS[manifest.output.layout](answers, expected)
    if top.size and (top.min() < 0 or top.max() > 1 + _MORE_THAN_ONE):
        raise ModelFailed("the model answered with scores outside 0 to 1")
    order = np.argsort(-rows[:, 4], kind="stable")[:MOST_FINDINGS]
    findings = tuple(
        Finding(
            classes[int(row[5])],
            min(float(row[4]), 1.0),
            fit.box(*map(float, row[:4])),
            fit.outline(outlines.get(number, NO_CORNERS)),
        )
        for number, row in zip(order.tolist(), rows[order], strict=True)
        if row[4] >= SCORE_FLOOR and classes[int(row[5])] not in good
    )
    best = {
        name: min(float(score), 1.0)
        for name, score in zip(classes, top, strict=True)
        if score >= SCORE_FLOOR and name not in good
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
