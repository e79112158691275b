"""What the model saw in one view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels of the camera's picture; x and y are the upper left corner."""

Outline = tuple[tuple[float, float], ...]
"""Corners of a closed line, x and y in pixels of the camera's picture; empty: none is known."""

LEAST_CORNERS, MOST_CORNERS = 3, 64
"""Of an outline: more are not seen on a screen, and would fill journal and records."""
MOST_OUTLINES = 20
"""In a view, of its best findings; the others have their box."""

SCORE_FLOOR = 0.01
"""Scores below this are not kept: the audit strata need no more (issue 2, point 5)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the model saw.

    Attributes:
        kind: The class name in the package's manifest.
        score: 0 to 1.
        box: Where, in pixels of the camera's picture.
        outline: What a segmentation model drew around it; empty with every other model.
    """

    kind: str
    score: float
    box: Box
    outline: Outline = ()


@dataclass(frozen=True, slots=True)
class RanOn:
    """What inspected a part: on every record, so that nothing falls back quietly.

    Attributes:
        device: What ran.
        device_asked: The station's wish; another one than `device` after a fallback.
        limits: By class, in the order of their names: what was rejected, and what was not.
    """

    recipe: str = ""
    package: str = ""
    model_sha256: str = ""
    device: str = ""
    precision: str = ""
    device_asked: str = ""
    limits: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ViewResult:
    """What is known of one view of a part: seen by the model, or not and why.

    Attributes:
        view: The view's name.
        findings: Those at or above the score limit of their class, best first.
        top_scores: The highest score for each class, even below its limit, from `SCORE_FLOOR`.
        missed: Empty when the model looked; else why it could not ("view missing", "frozen").
        picture: BLAKE3 (hex) of the pixels as inspected; empty when there was no picture.
        width_px: Of the picture; 0 when there was none.
        height_px: Of the picture; 0 when there was none.
        model_ms: Time in the model; 0 when it did not look.
        ran_on: The model that looked, and where it ran; None when it did not look, or when it
            stands on the part's record.
    """

    view: str
    findings: tuple[Finding, ...] = ()
    top_scores: Mapping[str, float] = field(default_factory=dict)
    missed: str = ""
    picture: str = ""
    width_px: int = 0
    height_px: int = 0
    model_ms: float = 0.0
    ran_on: RanOn | None = None


def part_score(results: Iterable[ViewResult]) -> float:
    """Return the highest score that anything got in a part's views, also below its limit.

    Rounded as the record has it, so that a draw can be repeated from the record; 0 where nothing
    came up to `SCORE_FLOOR`.
    """
    scores = (score for result in results for score in result.top_scores.values())
    return round(max(scores, default=0.0), 4)
