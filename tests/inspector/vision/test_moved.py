"""A camera that was moved is told with how far; their own places and light are not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspector.config.loading import load_site
from inspector.domain.frame import BgrImage
from inspector.domain.health import State
from inspector.gateway.calibration import checks_of
from inspector.simulator.parts import STATIONS, draw_part, make_part, views_of
from inspector.simulator.seeds import seed_of
from inspector.vision.likeness import Look, look_as_text, look_of
from inspector.vision.moved import BLOCK, Moves
from inspector.vision.picture_check import CheckLimits

SITE = load_site(Path(__file__).parents[3])
VIEWS = [(station, view) for station in STATIONS for view in views_of(station)]
SIZE_PX = (320, 160)
SCATTER_PX = 12.0


def square(right_px: float = 0, down_px: float = 0) -> Look:
    """Return the look of a soft square that lies so much further right and down."""
    return look_of(displaced(soft_square(), right_px, down_px))


@cache
def soft_square() -> BgrImage:
    image = np.full((SIZE_PX[1], SIZE_PX[0], 3), 60, np.uint8)
    image[50:110, 110:210] = 180
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 8), np.uint8)


def displaced(image: BgrImage, right_px: float, down_px: float) -> BgrImage:
    move = np.array([[1, 0, right_px], [0, 1, down_px]], np.float32)
    size_px = (image.shape[1], image.shape[0])
    moved = cv2.warpAffine(image, move, size_px, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def watching(most_shift_px: float = 6.0) -> Moves:
    limits = CheckLimits(looks_like=look_as_text(square()), most_shift_px=most_shift_px)
    return Moves({"top": limits})


def told(moves: Moves, right_px: float = 0, down_px: float = 0, *, seed: int = 1) -> str:
    """Take in a block of parts that each lie a little otherwise, and return what is said."""
    places = np.random.default_rng(seed).uniform(-SCATTER_PX, SCATTER_PX, (BLOCK, 2))
    for right, down in places:
        moves.note("top", square(right_px + float(right), down_px + float(down)), SIZE_PX)
    return moves.conditions()["top"].text


def test_parts_that_scatter_more_than_the_limit_are_not_a_moved_camera() -> None:
    moves = watching()
    assert not any(told(moves, seed=seed) for seed in range(10))


@pytest.mark.parametrize(
    ("right_px", "down_px", "says"),
    [(12, 0, "further right"), (-12, 0, "further left"), (0, 12, "down"), (0, -12, "further up")],
)
def test_a_moved_camera_is_told_with_how_far_and_what_to_do(
    right_px: float, down_px: float, says: str
) -> None:
    moves = watching()
    text = told(moves, right_px, down_px)
    assert moves.conditions()["top"].state is State.OUT_OF_SPECIFICATION
    assert says in text
    assert any(f" {px} px further" in text for px in range(8, 17)), "12, by cells of 40 and 20"
    assert "see whether the camera or what guides the parts was moved" in text


def test_what_was_said_stays_until_the_camera_is_clearly_back() -> None:
    moves = watching(6.0)
    text = told(moves, 9)
    assert text
    assert told(moves, 5.5, seed=2) == text
    assert told(moves, 0, seed=3) == ""


def test_a_view_that_was_not_learned_is_not_watched() -> None:
    assert told(Moves({"top": CheckLimits(most_shift_px=6)}), 12) == ""
    assert told(watching(most_shift_px=0), 12) == ""


def test_pictures_from_before_a_connection_do_not_count() -> None:
    moves = watching()
    for _ in range(BLOCK - 1):
        moves.note("top", square(12), SIZE_PX)
    moves.forget("top")
    moves.note("top", square(12), SIZE_PX)
    assert moves.conditions()["top"].text == ""


@pytest.mark.slow
@pytest.mark.parametrize(("station", "view"), VIEWS)
def test_the_demos_parts_in_other_light_are_no_moved_camera_and_18_px_are(
    station: str, view: str
) -> None:
    checks = checks_of(SITE.station(station))
    images = [part(station, view, number) for number in range(BLOCK)]
    falling = np.linspace(1.05, 0.95, 400)[:, None, None]
    for light in (1.0, 0.9, falling, falling[::-1], falling.transpose(1, 0, 2)):
        assert not said_of(checks, view, [np.asarray(one * light, np.uint8) for one in images])
    for right_px, down_px in ((18, 0), (-18, 0), (0, 18), (0, -18)):
        assert said_of(checks, view, [displaced(one, right_px, down_px) for one in images])


def said_of(checks: dict[str, CheckLimits], view: str, images: list[BgrImage]) -> str:
    moves = Moves(checks)
    for image in images:
        moves.note(view, look_of(image), (400, 400))
    return moves.conditions()[view].text


def part(station: str, view: str, number: int) -> BgrImage:
    """Return a part that nothing was learned from; every second one is bad."""
    return draw_part(make_part(station, seed_of("evaluation", number), bad=number % 2 == 0), view)
