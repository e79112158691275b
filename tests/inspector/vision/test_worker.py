"""What is counted of the frames that were looked at."""

import numpy as np
import pytest

from inspector.domain.finding import ViewResult
from inspector.domain.frame import BgrImage, Frame
from inspector.errors import ModelFailed
from inspector.vision.drift import BLOCK
from inspector.vision.picture_check import CheckLimits
from inspector.vision.worker import Looking, encoded, picture_digest


class Calm:
    """Sees nothing in 4 ms, or fails."""

    def __init__(self) -> None:
        self.fails = False

    def look(self, view: str, image: BgrImage) -> ViewResult:
        if self.fails:
            raise ModelFailed("no numbers")
        return ViewResult(view, width_px=image.shape[1], height_px=image.shape[0], model_ms=4.0)


def frame(seed: int, ready_s: float = 0.0) -> Frame:
    image = np.random.default_rng(seed).integers(60, 180, (20, 30, 3), np.uint8)
    return Frame("top", 1, seed, seed, image, ready_s)


def looking() -> tuple[Looking, Calm]:
    model = Calm()
    return Looking(model, {"top": CheckLimits()}), model


def test_the_rate_is_that_of_the_frames_and_zero_when_none_comes_any_more() -> None:
    look, _ = looking()
    for seed in range(11):
        look.look(frame(seed, ready_s=100 + seed / 10))
    assert look.figures(101.5)["fps"] == pytest.approx(10)
    assert look.figures(101.5)["model_ms"] == {"p50": 4.0, "p99": 4.0}
    assert look.figures(200)["fps"] == 0


def test_a_frame_the_model_failed_on_says_so_and_keeps_its_picture() -> None:
    look, model = looking()
    model.fails = True
    result = look.look(frame(1))
    assert (result.missed, result.width_px, result.height_px) == ("no numbers", 30, 20)
    assert result.picture == picture_digest(frame(1).image)


def test_a_frozen_picture_is_seen_in_its_own_view_only_and_forgotten_on_reconnect() -> None:
    look, _ = looking()
    assert look.look(frame(1)).missed == ""
    assert "frozen" in look.look(frame(1)).missed
    look.forget("top")
    assert look.look(frame(1)).missed == ""


def test_only_the_views_own_pictures_count_as_drift() -> None:
    limits = CheckLimits(darkest_mean=90, usual_mean=140, width_px=30)
    look = Looking(Calm(), {"top": limits})
    for seed in range(BLOCK - 1):
        assert look.look(frame(seed)).missed == ""
    wide = Frame("top", 1, 1, 1, np.hstack([frame(BLOCK).image] * 2), 0.0)
    assert "wrong size" in look.look(wide).missed
    assert look.drifts.conditions()["top"].text == ""
    dark = frame(BLOCK + 1)
    dark.image[:] //= 2
    assert "too dark" in look.look(dark).missed
    assert "become darker" in look.drifts.conditions()["top"].text


def test_the_digest_is_that_of_the_pixels_whatever_their_place_in_memory() -> None:
    image = frame(1).image
    padded = np.zeros((20, 40, 3), np.uint8)
    padded[:, :30] = image
    assert picture_digest(padded[:, :30]) == picture_digest(image)


def test_the_digest_is_one_that_others_can_compute() -> None:
    of_no_bytes = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert picture_digest(np.zeros((0, 1, 3), np.uint8)) == of_no_bytes


def test_a_picture_that_is_no_jpeg_gives_nothing() -> None:
    assert encoded(np.zeros((0, 4, 3), np.uint8)) == b""
    assert encoded(frame(1).image)[:2] == b"\xff\xd8"
