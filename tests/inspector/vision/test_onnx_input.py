"""A model that takes bytes answers as the same model that was given numbers."""

import re
from typing import Any

import numpy as np
import onnxruntime
import pytest

from inspector.errors import PackageRefused
from inspector.vision.onnx_input import PICTURE, with_picture_input
from tests.inspector.vision import tiny
from tests.inspector.vision.test_preparing import wanted

BYTES = tiny.value_info("x", (1, 3, 32, 32), 2)
TORN = BYTES[:-3] + b"\x0a\x7f\x08"


def planes(model: bytes, **changes: Any) -> tuple[Any, Any]:
    """Return a picture and what reaches a model of the first plane of it."""
    picture = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8)
    taking_bytes = with_picture_input(model, wanted(**changes), file="m.onnx")
    session = onnxruntime.InferenceSession(taking_bytes, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == [PICTURE]
    return picture, session.run(["map"], {PICTURE: picture})[0]


@pytest.mark.parametrize("batch", [1, "batch_size"])
def test_grey_values_are_scaled_to_the_bit_as_float32_has_them(batch: int | str) -> None:
    picture, seen = planes(tiny.score_map(batch))
    assert np.array_equal(seen[0, 0], picture[0, :, :, 0] * np.float32(1 / 255))


def test_mean_and_deviation_are_those_of_the_plane() -> None:
    picture, seen = planes(tiny.score_map(), mean=[0.1, 0.2, 0.3], std=[0.5, 1.0, 2.0])
    assert seen[0, 0] == pytest.approx((picture[0, :, :, 0] / 255 - 0.1) / 0.5, abs=1e-6)


def test_weights_that_a_model_lists_as_inputs_too_stay() -> None:
    listed = tiny.value_info("r", (1, 3, 1, 1))
    picture, seen = planes(tiny.score_map(more_inputs=[listed]))
    assert seen[0, 0] == pytest.approx(picture[0, :, :, 0] / 255)


OTHERS: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "another size": (tiny.score_map(), {"width": 64}, "has input [1, 3, 32, 32]"),
    "a second input": (
        tiny.score_map(more_inputs=[tiny.value_info("mask", (1,))]),
        {},
        "has input [1, 3, 32, 32] and [1]",
    ),
    "bytes as input": (
        tiny.score_map().replace(tiny.value_info("x", (1, 3, 32, 32)), BYTES),
        {},
        "float32",
    ),
    "no size that can be read": (
        tiny.score_map().replace(tiny.value_info("x", (1, 3, 32, 32)), TORN),
        {},
        "damaged",
    ),
}


@pytest.mark.parametrize("why", OTHERS)
def test_a_model_is_refused_that_has(why: str) -> None:
    model, changes, says = OTHERS[why]
    with pytest.raises(PackageRefused, match=re.escape(says)):
        with_picture_input(model, wanted(**changes), file="m.onnx")
