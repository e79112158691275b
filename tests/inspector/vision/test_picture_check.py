"""What the model must not be asked about is refused with its cause."""

import numpy as np
import pytest

from inspector.domain.frame import BgrImage
from inspector.simulator.parts import STATIONS, draw_empty, draw_part, make_part, views_of
from inspector.vision.picture_check import CheckLimits, part_share, picture_trouble

LIMITS = CheckLimits()
VIEWS = [(station, view) for station in STATIONS for view in views_of(station)]


def noisy(mean: float, sigma: float = 8) -> BgrImage:
    grey = np.random.default_rng(3).normal(mean, sigma, (200, 300, 1))
    return np.repeat(np.clip(grey, 0, 255), 3, axis=2).astype(np.uint8)


def test_a_good_picture_is_not_refused() -> None:
    assert picture_trouble(noisy(120), LIMITS, digest="b", previous="a") == ""


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
    assert says in picture_trouble(image, LIMITS)


def test_noise_alone_is_not_flat_although_it_averages_out() -> None:
    assert picture_trouble(noisy(120, 6), LIMITS) == ""


def test_another_size_than_the_cameras_is_refused() -> None:
    limits = CheckLimits(width_px=300, height_px=100)
    assert "wrong size: 300 x 200, not 300 x 100" in picture_trouble(noisy(120), limits)


def test_the_same_picture_again_is_frozen() -> None:
    assert "frozen" in picture_trouble(noisy(120), LIMITS, digest="a", previous="a")


@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_an_empty_belt_is_no_part_and_a_part_is(station: str, view: str) -> None:
    limits = CheckLimits(least_part_share=0.2)
    for seed in range(5):
        part = draw_part(make_part(station, seed, bad=seed % 2 == 0), view)
        assert picture_trouble(part, limits) == ""
        told = picture_trouble(draw_empty(station, view, seed), limits)
        assert "no part in the picture" in told


@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_the_share_of_a_part_lies_far_from_that_of_an_empty_belt(station: str, view: str) -> None:
    parts = [part_share(draw_part(make_part(station, s, bad=False), view)) for s in range(5)]
    empty = [part_share(draw_empty(station, view, s)) for s in range(5)]
    assert min(parts) > 0.3
    assert max(empty) < 0.05
