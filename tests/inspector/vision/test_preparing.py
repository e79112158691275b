"""A picture reaches the model scaled, in the right order, in its place."""

from typing import Any

import numpy as np
import pytest

from inspector.vision.manifest import Input
from inspector.vision.preparing import Preparing, fitted
from tests.inspector.vision import tiny


def wanted(*, width: int = 32, height: int = 32, **changes: Any) -> Input:
    table = {
        "width": width,
        "height": height,
        "colour": "rgb",
        "scale": 1 / 255,
        "letterbox": "pad",
        "pad_value": 114,
    }
    return Input.model_validate({**table, **changes})


@pytest.mark.parametrize(("colour", "first"), [("rgb", 30), ("bgr", 10)])
def test_the_planes_come_in_the_manifests_order(colour: str, first: int) -> None:
    preparing = Preparing(wanted(colour=colour))
    preparing.fill(tiny.flat(10, 20, 30))
    assert preparing.prepared.shape == (1, 32, 32, 3)
    assert preparing.prepared[0, 5, 5].tolist() == [first, 20, 40 - first]


def test_a_wide_picture_lies_in_the_middle_of_grey() -> None:
    preparing = Preparing(wanted())
    fit = preparing.fill(np.full((50, 100, 3), 255, np.uint8))
    assert (fit.left, fit.top, fit.width, fit.height) == (0, 8, 32, 16)
    assert preparing.prepared[0, 7, 0, 0] == 114
    assert preparing.prepared[0, 8, 0, 0] == 255
    assert preparing.prepared[0, 23, 0, 0] == 255
    assert preparing.prepared[0, 24, 0, 0] == 114


def test_nothing_of_a_picture_of_another_shape_stays() -> None:
    preparing = Preparing(wanted())
    preparing.fill(np.full((100, 50, 3), 255, np.uint8))
    preparing.fill(np.zeros((50, 100, 3), np.uint8))
    assert preparing.prepared.max() == 114


def test_the_same_buffer_is_filled_again() -> None:
    preparing = Preparing(wanted())
    prepared = preparing.prepared
    preparing.fill(tiny.flat(1, 2, 3))
    assert preparing.prepared is prepared


def test_a_stretched_picture_fills_the_input_and_gives_its_boxes_back() -> None:
    preparing = Preparing(wanted(letterbox="stretch"))
    fit = preparing.fill(np.full((50, 100, 3), 255, np.uint8))
    assert preparing.prepared.min() == 255
    assert fit.box(8, 8, 16, 24) == pytest.approx((25, 12.5, 25, 25))


def test_a_cropped_picture_loses_what_juts_out() -> None:
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[:, 16:48] = 255
    preparing = Preparing(wanted(letterbox="crop"))
    fit = preparing.fill(picture)
    assert preparing.prepared.min() == 255
    assert fit.box(0, 0, 32, 32) == pytest.approx((16, 0, 32, 32))


@pytest.mark.parametrize("size", [(64, 128), (37, 401), (16, 16), (100_000, 3), (1, 5000)])
def test_a_cropped_picture_of_any_shape_covers_the_whole_input(size: tuple[int, int]) -> None:
    preparing = Preparing(wanted(letterbox="crop", width=48))
    fit = preparing.fill(np.full((size[1], size[0], 3), 255, np.uint8))
    assert preparing.prepared.min() == 255
    x, y, width, height = fit.box(0, 0, 48, 32)
    assert x >= 0
    assert y >= 0
    assert x + width <= size[0]
    assert y + height <= size[1]


@pytest.mark.parametrize("size", [(400, 400), (1280, 1024), (31, 977), (1, 1), (5000, 3)])
@pytest.mark.parametrize("letterbox", ["pad", "stretch"])
def test_a_box_over_the_whole_input_is_the_whole_picture(
    size: tuple[int, int], letterbox: str
) -> None:
    fit = fitted(*size, wanted(letterbox=letterbox))
    assert fit.box(-10, -10, 50, 50) == (0, 0, *size)
    inner = fit.box(fit.left, fit.top, fit.left + fit.width, fit.top + fit.height)
    assert inner[2] == pytest.approx(size[0], abs=1 / fit.ratio[0])
    assert inner[3] == pytest.approx(size[1], abs=1 / fit.ratio[1])


def test_a_box_with_its_corners_swapped_has_no_negative_size() -> None:
    assert fitted(32, 32, wanted()).box(20, 9, 10, 4) == (10, 4, 10, 5)
