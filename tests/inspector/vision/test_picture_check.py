"""What the model must not be asked about is refused with its cause."""

from math import erf, sqrt

import cv2
import numpy as np
import pytest

from inspector.domain.frame import BgrImage
from inspector.simulator.parts import STATIONS, draw_empty, draw_part, make_part, views_of
from inspector.vision.picture_check import CheckLimits, Features, check_picture, features_of

LIMITS = CheckLimits()
VIEWS = [(station, view) for station in STATIONS for view in views_of(station)]


def trouble(image: BgrImage, limits: CheckLimits = LIMITS, **digests: str) -> str:
    return check_picture(image, limits, **digests).trouble


def noisy(mean: float, sigma: float = 8) -> BgrImage:
    grey = np.random.default_rng(3).normal(mean, sigma, (200, 300, 1))
    return np.repeat(np.clip(grey, 0, 255), 3, axis=2).astype(np.uint8)


def blurred(image: BgrImage, blur_px: float, *, noise: float = 3.6) -> BgrImage:
    """Return what a camera out of focus takes: its sensor's noise is not blurred."""
    soft = cv2.GaussianBlur(image, (0, 0), blur_px).astype(np.float32)
    soft += np.random.default_rng(4).normal(0, noise, image.shape[:2])[..., None]
    return np.clip(np.rint(soft), 0, 255).astype(np.uint8)


def square(noise: float = 0) -> BgrImage:
    image = np.full((400, 500, 3), 60, np.uint8)
    image[100:300, 150:350] = 180
    return blurred(image, 1e-3, noise=noise)


def test_a_good_picture_is_not_refused() -> None:
    assert trouble(noisy(120), digest="b", previous="a") == ""


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (noisy(6), "too dark: mean grey"),
        (noisy(250), "too bright: mean grey"),
        (noisy(120, 1), "flat: contrast"),
        (np.zeros((200, 300), np.uint8), "wrong kind of picture"),
        (np.zeros((200, 300, 4), np.uint8), "wrong kind of picture"),
        (np.zeros((200, 300, 3), np.uint16), "wrong kind of picture"),
        (np.zeros((0, 300, 3), np.uint8), "wrong kind of picture"),
    ],
)
def test_a_bad_picture_is_refused(image: BgrImage, says: str) -> None:
    assert says in trouble(image)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (9, 9)])
def test_a_picture_too_small_to_have_features_is_refused_and_breaks_nothing(
    size: tuple[int, int],
) -> None:
    image = np.full((*size, 3), 120, np.uint8)
    assert "flat" in trouble(image)
    assert features_of(image).sharpness == 0


def test_another_size_than_the_cameras_is_refused() -> None:
    limits = CheckLimits(width_px=300, height_px=100)
    assert "wrong size: 300 x 200, not 300 x 100" in trouble(noisy(120), limits)


def test_the_same_picture_again_is_frozen() -> None:
    assert "frozen" in trouble(noisy(120), digest="a", previous="a")


def test_mean_and_contrast_are_those_of_the_whole_picture() -> None:
    features = features_of(noisy(120, 20))
    assert features.mean == pytest.approx(120, abs=1)
    assert features.contrast == pytest.approx(20, abs=1)


@pytest.mark.parametrize("blur_px", [0.4, 1, 1.5, 2, 3])
@pytest.mark.parametrize("noise", [0, 3.6])
def test_sharpness_is_that_of_a_step_behind_a_gaussian(blur_px: float, noise: float) -> None:
    within = [erf(lag / (blur_px * sqrt(8))) for lag in (2, 10)]
    measured = features_of(blurred(square(), blur_px, noise=noise)).sharpness
    assert measured == pytest.approx(within[0] / within[1], abs=0.08)


def test_light_and_noise_do_not_change_sharpness() -> None:
    sharp = features_of(blurred(square(), 0.6)).sharpness
    dim = (blurred(square(), 0.6) * 0.5).astype(np.uint8)
    assert features_of(dim).sharpness == pytest.approx(sharp, abs=0.08)
    assert features_of(blurred(square(), 0.6, noise=8)).sharpness == pytest.approx(sharp, abs=0.08)


def test_edges_along_the_rows_are_seen_as_those_across_them() -> None:
    stripes = np.full((400, 500, 3), 60, np.uint8)
    stripes[100:300] = 180
    turned = np.ascontiguousarray(stripes.transpose(1, 0, 2))
    for image in (stripes, turned):
        assert features_of(blurred(image, 1)).sharpness == pytest.approx(0.68, abs=0.06)


@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_a_part_out_of_focus_is_blurred_and_others_are_not(station: str, view: str) -> None:
    pictures = [draw_part(make_part(station, seed, bad=False), view) for seed in range(10)]
    least = 0.85 * min(features_of(one).sharpness for one in pictures)
    limits = CheckLimits(least_sharpness=least)
    assert {trouble(one, limits) for one in pictures} == {""}
    assert all("blurred: sharpness" in trouble(blurred(one, 1.5), limits) for one in pictures)


@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_an_empty_belt_is_no_part_and_a_part_is(station: str, view: str) -> None:
    limits = CheckLimits(least_part_share=0.2, least_sharpness=0.3)
    for seed in range(5):
        part = draw_part(make_part(station, seed, bad=seed % 2 == 0), view)
        assert trouble(part, limits) == ""
        assert "no part in the picture" in trouble(draw_empty(station, view, seed), limits)


@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_the_share_of_a_part_lies_far_from_that_of_an_empty_belt(station: str, view: str) -> None:
    parts = [features_of(draw_part(make_part(station, s, bad=False), view)) for s in range(5)]
    empty = [features_of(draw_empty(station, view, s)) for s in range(5)]
    assert min(one.part_share for one in parts) > 0.3
    assert max(one.part_share for one in empty) < 0.05


def test_what_a_picture_was_like_is_said_even_when_it_is_refused() -> None:
    checked = check_picture(noisy(6), LIMITS)
    assert checked.features is not None
    assert checked.features.mean == pytest.approx(8, abs=3)
    assert check_picture(np.zeros((20, 30), np.uint8), LIMITS).features is None
    assert isinstance(checked.features, Features)
