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
    assert preparing.tensor.shape == (1, 3, 32, 32)
    assert preparing.tensor[0, :, 5, 5] == pytest.approx(
        [first / 255, 20 / 255, (40 - first) / 255]
    )


def test_a_wide_picture_lies_in_the_middle_of_grey() -> None:
    preparing = Preparing(wanted())
    fit = preparing.fill(np.full((50, 100, 3), 255, np.uint8))
    assert (fit.left, fit.top, fit.width, fit.height) == (0, 8, 32, 16)
    assert preparing.tensor[0, 0, 7, 0] == pytest.approx(114 / 255)
    assert preparing.tensor[0, 0, 8, 0] == pytest.approx(1)
    assert preparing.tensor[0, 0, 23, 0] == pytest.approx(1)
    assert preparing.tensor[0, 0, 24, 0] == pytest.approx(114 / 255)


def test_nothing_of_a_picture_of_another_shape_stays() -> None:
    preparing = Preparing(wanted())
    preparing.fill(np.full((100, 50, 3), 255, np.uint8))
    preparing.fill(np.zeros((50, 100, 3), np.uint8))
    assert preparing.tensor.max() == pytest.approx(114 / 255)


def test_the_same_buffer_is_filled_again() -> None:
    preparing = Preparing(wanted())
    tensor = preparing.tensor
    preparing.fill(tiny.flat(1, 2, 3))
    assert preparing.tensor is tensor


def test_mean_and_deviation_follow_the_planes_order() -> None:
    preparing = Preparing(wanted(mean=[0.1, 0.2, 0.3], std=[0.5, 1.0, 2.0]))
    preparing.fill(tiny.flat(0, 51, 255))
    assert preparing.tensor[0, :, 5, 5] == pytest.approx([0.9 / 0.5, 0.0, -0.3 / 2], abs=1e-6)


def test_a_stretched_picture_fills_the_input_and_gives_its_boxes_back() -> None:
    preparing = Preparing(wanted(letterbox="stretch"))
    fit = preparing.fill(np.full((50, 100, 3), 255, np.uint8))
    assert preparing.tensor.min() == pytest.approx(1)
    assert fit.box(8, 8, 16, 24) == pytest.approx((25, 12.5, 25, 25))


def test_a_cropped_picture_loses_what_juts_out() -> None:
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[:, 16:48] = 255
    preparing = Preparing(wanted(letterbox="crop"))
    fit = preparing.fill(picture)
    assert preparing.tensor.min() == pytest.approx(1)
    assert fit.box(0, 0, 32, 32) == pytest.approx((16, 0, 32, 32))


@pytest.mark.parametrize("size", [(64, 128), (37, 401), (16, 16), (100_000, 3), (1, 5000)])
def test_a_cropped_picture_of_any_shape_covers_the_whole_input(size: tuple[int, int]) -> None:
    preparing = Preparing(wanted(letterbox="crop", width=48))
    fit = preparing.fill(np.full((size[1], size[0], 3), 255, np.uint8))
    assert preparing.tensor.min() == pytest.approx(1)
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
