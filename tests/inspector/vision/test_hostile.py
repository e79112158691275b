"""A model that turns on us gives a cause or nothing, never an answer that was not computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.errors import ModelFailed, ProviderUnavailable
from inspector.vision.manifest import Package, open_package
from inspector.vision.onnx_shapes import sizes_follow_picture
from inspector.vision.parity import open_model
from inspector.vision.runtime import bounded_memory
from tests.inspector.vision import hostile, tiny

MODELS = Path(__file__).parents[3] / "models"
CALM, DARK = tiny.flat(70, 85, 60, 64), tiny.flat(55, 51, 49, 64)


def package(folder: Path, onnx: bytes) -> Package:
    return open_package(tiny.write_package(folder / "tiny", onnx=onnx))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (hostile.wants_everything, "the model stopped"),
        (hostile.answers_no_number, "values that are not numbers"),
        (hostile.answers_in_another_shape, r"in shape \(1, 2, 7\)"),
    ],
)
def test_a_model_that_turns_fails_with_the_cause(
    made: Callable[[], bytes], says: str, tmp_path: Path
) -> None:
    with bounded_memory():
        model = open_model(package(tmp_path, made()), precision="FP32")
        assert model.look("top", CALM).findings == ()
        with pytest.raises(ModelFailed, match=says):
            model.look("top", DARK)


def test_a_model_whose_sizes_follow_the_picture_is_refused_on_a_single_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    with pytest.raises(ProviderUnavailable, match="needs two processor cores"):
        open_model(package(tmp_path, hostile.wants_everything()), precision="FP32")


@pytest.mark.parametrize(
    "made",
    [hostile.looks_for_minutes, hostile.wants_everything, hostile.answers_in_another_shape],
)
def test_sizes_that_follow_the_picture_are_found(made: Callable[[], bytes]) -> None:
    assert sizes_follow_picture(made())


@pytest.mark.parametrize("made", [tiny.end_to_end, tiny.raw, hostile.answers_no_number])
def test_fixed_sizes_are_known_as_such(made: Callable[[], bytes]) -> None:
    assert not sizes_follow_picture(made())


@pytest.mark.parametrize("name", ["board", "ring", "blister"])
def test_the_demos_models_keep_their_one_thread(name: str) -> None:
    assert not sizes_follow_picture(open_package(MODELS / name).model)
