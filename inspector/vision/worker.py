"""What a vision worker does with each frame, and what it has counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, replace

import cv2
import numpy as np
from blake3 import blake3

from inspector.domain.finding import ViewResult
from inspector.domain.frame import BgrImage, Frame
from inspector.errors import ModelFailed, ModelStopped
from inspector.ports import Vision
from inspector.vision.drift import Drifts
from inspector.vision.likeness import OwnViews
from inspector.vision.moved import Moves
from inspector.vision.pace import too_slow
from inspector.vision.picture_check import CheckLimits, Features, check_picture, features_trouble

JPEG_QUALITY = 92
REMEMBERED = 200
"""Frames that the shown times and rates are taken over."""
STANDS_S = 10.0


class Looking:
    """Looks at one frame after the other, for all views of a station.

    Args:
        model: Used by one caller at a time.
        checks: What a picture must be, by view.
        elsewhere: The same of the site's other views, by what people call them.

    Attributes:
        model: That looks at the next frame.
        own_views: Tells whose pictures they are.
        drifts: Tells whether they come nearer to a limit.
        moves: Tells whether they lie where they lay.
        frames: Looked at so far.
        stopped: Why the model must not look again; empty while it may.
    """

    def __init__(
        self,
        model: Vision,
        checks: Mapping[str, CheckLimits],
        elsewhere: Mapping[str, CheckLimits] | None = None,
    ) -> None:
        self.model, self._checks = model, dict(checks)
        self.own_views = OwnViews(checks, elsewhere or {})
        self.drifts = Drifts(checks)
        self.moves = Moves(checks)
        self._last_digest: dict[str, str] = {}
        self._features: dict[str, Features] = {}
        self._model_ms: deque[float] = deque(maxlen=REMEMBERED)
        self._ready_s: deque[float] = deque(maxlen=REMEMBERED)
        self.frames = 0
        self.stopped = ""

    def look(self, frame: Frame) -> ViewResult:
        """Return what is in a frame, or in `missed` why nobody may say.

        A frozen camera is known by its pixels: the same digest as the frame before it in the view.
        """
        digest = picture_digest(frame.image)
        previous, self._last_digest[frame.view] = self._last_digest.get(frame.view, ""), digest
        self.frames += 1
        self._ready_s.append(frame.ready_s)
        checked = check_picture(
            frame.image, self._checks[frame.view], digest=digest, previous=previous
        )
        if checked.features:
            self._features[frame.view] = checked.features
        trouble = checked.trouble or self.own_views.trouble(frame.view, frame.image)
        self._note_drift(frame.view, checked.features, trouble)
        if trouble:
            return _missed(frame, trouble, digest)
        if frame.view in self.own_views.looks:
            height_px, width_px = frame.image.shape[:2]
            self.moves.note(frame.view, self.own_views.looks[frame.view], (width_px, height_px))
        try:
            result = self.model.look(frame.view, frame.image)
        except ModelFailed as error:
            self.stopped = str(error) if isinstance(error, ModelStopped) else ""
            return _missed(frame, str(error), digest)
        self._model_ms.append(result.model_ms)
        return replace(result, picture=digest)

    def _note_drift(self, view: str, features: Features | None, trouble: str) -> None:
        """Note a picture that is the view's own: refused for its features, or not at all."""
        if features and trouble in ("", features_trouble(features, self._checks[view])):
            self.drifts.note(view, features)

    def forget(self, view: str) -> None:
        """Begin anew with a view whose camera was connected again."""
        self._last_digest.pop(view, None)
        self.own_views.forget(view)
        self.drifts.forget(view)
        self.moves.forget(view)

    def forget_times(self) -> None:
        """Begin anew with the model's times: another one looks from here on."""
        self._model_ms.clear()

    def too_slow(self, takt_ms: float) -> str:
        """Return why parts that come each `takt_ms` are too many for the model, or ""."""
        return too_slow(self._model_ms, takt_ms=takt_ms, views=len(self._checks))

    def features(self, view: str) -> dict[str, float] | None:
        """Return what the last picture of a view was like, or None before the first."""
        if view not in self._features:
            return None
        alike = self.own_views.likeness.get(view)
        known = {} if alike is None else {"likeness": alike}
        features = asdict(self._features[view]) | known
        return {name: round(value, 3) for name, value in features.items()}

    def figures(self, now_s: float) -> dict[str, object]:
        """Return frames, frames a second, and the model's times over the last `REMEMBERED`.

        Args:
            now_s: Monotonic clock: without a frame for `STANDS_S` the rate is 0.
        """
        times = np.array(self._model_ms or [0.0])
        p50, p99 = np.percentile(times, (50, 99))
        return {
            "frames": self.frames,
            "fps": round(self._rate_hz(now_s), 2),
            "model_ms": {"p50": round(float(p50), 2), "p99": round(float(p99), 2)},
        }

    def _rate_hz(self, now_s: float) -> float:
        if not self._ready_s or now_s - self._ready_s[-1] > STANDS_S:
            return 0.0
        span_s = self._ready_s[-1] - self._ready_s[0]
        return (len(self._ready_s) - 1) / span_s if span_s > 0 else 0.0


def picture_digest(image: BgrImage) -> str:
    """Return the BLAKE3 of the pixels, row by row, as 64 hex digits."""
    return blake3(np.ascontiguousarray(image).data).hexdigest()


def encoded(image: BgrImage) -> bytes:
    """Return the picture as JPEG; empty when it is of a kind that JPEG does not have."""
    try:
        done, content = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
    except cv2.error:
        return b""
    return content.tobytes() if done else b""


def _missed(frame: Frame, why: str, digest: str) -> ViewResult:
    height_px, width_px = (*frame.image.shape, 0, 0)[:2]
    return ViewResult(
        frame.view, missed=why, picture=digest, width_px=width_px, height_px=height_px
    )
