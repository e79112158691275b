"""What runs is what was asked for, proven; or it is refused in one sentence."""

import os
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import onnxruntime
import pytest

from inspector.errors import BadInput, PackageRefused, ProviderUnavailable
from inspector.vision import onnx_engine
from inspector.vision.manifest import Package, open_package
from inspector.vision.parity import open_model
from inspector.vision.runtime import Session, bounded_memory
from tests.inspector.vision import tiny

RED = tiny.flat(51, 0, 204, 64)


def package(folder: Path, **how: Any) -> Package:
    return open_package(tiny.write_package(folder / "tiny", **how))


@pytest.mark.parametrize("precision", ["FP32", "auto"])
def test_a_package_finds_what_is_there(precision: str, tmp_path: Path) -> None:
    model = open_model(package(tmp_path), precision=precision)
    result = model.look("top", RED)
    assert [one.kind for one in result.findings] == ["red"]
    assert result.findings[0].box == pytest.approx((16, 16, 32, 16))
    assert result.top_scores == pytest.approx({"red": 0.8, "blue": 0.2}, abs=0.01)
    assert result.model_ms > 0
    assert (model.ran.device, model.ran.asked) == ("CPU", precision)
    assert model.ran.precision in {"FP32", "BF16"}


def test_a_raw_package_finds_the_same_thing_once(tmp_path: Path) -> None:
    model = open_model(package(tmp_path, onnx=tiny.raw(), layout="yolo-raw"), precision="FP32")
    result, seen = model.look_at_all("top", RED)
    assert [one.kind for one in result.findings] == ["red"]
    assert len(seen) == 2


@pytest.mark.parametrize("batch", [1, "batch_size"])
def test_an_anomaly_package_reads_two_of_three_outputs(batch: int | str, tmp_path: Path) -> None:
    anomaly = package(tmp_path, onnx=tiny.score_map(batch), changes=tiny.ANOMALY)
    model = open_model(anomaly, precision="FP32")
    picture = tiny.flat(0, 0, 127, 64)
    picture[16:32, 8:24] = 255
    result = model.look("top", picture)
    assert [(one.kind, one.box) for one in result.findings] == [("red", (8, 16, 16, 16))]


def test_an_output_that_the_model_does_not_have_is_named(tmp_path: Path) -> None:
    changes = {**tiny.ANOMALY, "output": {"layout": "score-map", "names": ["y", "heat"]}}
    wrong = package(tmp_path, onnx=tiny.score_map(), changes=changes)
    with pytest.raises(PackageRefused, match=r"outputs y, label, map; output.names says heat"):
        open_model(wrong, precision="FP32")


def test_a_stations_limits_replace_the_packages(tmp_path: Path) -> None:
    model = open_model(package(tmp_path), precision="FP32", limits={"red": 0.9})
    assert model.look("top", RED).findings == ()


def test_a_limit_of_an_unknown_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageRefused, match=r"limits.dent"):
        open_model(package(tmp_path), precision="FP32", limits={"dent": 0.9})


@pytest.mark.parametrize("device", ["GPU", "NPU", "AUTO", "TPU"])
def test_a_device_that_is_not_here_is_refused_in_one_sentence(device: str, tmp_path: Path) -> None:
    if device in onnx_engine.available_devices():
        pytest.skip(f"this computer has {device}")
    with pytest.raises(ProviderUnavailable) as caught:
        open_model(package(tmp_path), device=device)
    assert str(caught.value).startswith(f"device {device} was asked for, and this computer has")
    assert "\n" not in str(caught.value)


def test_an_option_that_openvino_does_not_know_never_opens_another_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(onnx_engine, "_options", lambda *_: {"device_type": "CPU", "nonsense": "1"})
    with pytest.raises(ProviderUnavailable, match="does not run on CPU"):
        open_model(package(tmp_path))
    assert "Falling back" not in capfd.readouterr().out


def test_a_session_of_another_provider_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*_: object) -> list[str]:
        return ["CPUExecutionProvider"]

    monkeypatch.setattr(onnxruntime.InferenceSession, "get_providers", other)
    with pytest.raises(ProviderUnavailable, match="did not open"):
        open_model(package(tmp_path))


def nudged() -> bytes:
    return tiny.end_to_end(gain=1.2)


LIES: dict[str, tuple[dict[str, Any], str]] = {
    "weights that were nudged": ({"onnx": nudged()}, "the manifest says"),
    "another input": (
        {"changes": {"input": {**tiny.manifest("t", {}, layout="")["input"], "width": 64}}},
        r"\[input\]",
    ),
    "another layout": ({"layout": "yolo-raw"}, "answered in shape .* output.layout yolo-raw"),
    "swapped colours": (
        {"changes": {"input": {**tiny.manifest("t", {}, layout="")["input"], "colour": "bgr"}}},
        "the manifest says",
    ),
    "a wrong scaling": (
        {"changes": {"input": {**tiny.manifest("t", {}, layout="")["input"], "scale": 1 / 300}}},
        "the manifest says",
    ),
    "a golden picture that is none": (
        {"changes": {"golden": [{"file": "model.onnx", "verdict": "pass", "scores": {}}]}},
        "not a PNG",
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_package_is_refused_that_has(name: str, tmp_path: Path) -> None:
    how, says = LIES[name]
    with pytest.raises(BadInput, match=says):
        open_model(package(tmp_path, **how), precision="FP32")


@pytest.mark.parametrize(
    "onnx",
    [tiny.end_to_end(score_bias=float("nan")), tiny.end_to_end(kind=7), tiny.end_to_end(gain=3)],
    ids=["NaN", "unknown class", "scores above 1"],
)
def test_a_model_whose_answers_cannot_be_used_does_not_start(onnx: bytes, tmp_path: Path) -> None:
    with pytest.raises(PackageRefused, match="the model answered"):
        open_model(package(tmp_path, onnx=onnx), precision="FP32")


def test_a_model_that_cannot_be_built_is_refused(tmp_path: Path) -> None:
    weights, biases = tiny.weighted(2, 6)
    broken = tiny.conv_model(weights[:, :2], biases)
    with pytest.raises((PackageRefused, ProviderUnavailable), match=r"model.onnx") as caught:
        open_model(package(tmp_path, onnx=broken), precision="FP32")
    assert "\n" not in str(caught.value)


def changed_by_bf16(folder: Path) -> Package:
    """Return a package whose golden picture passes by less than BF16 can tell."""
    score = 0.8  # BF16 makes it 0.80078
    changes = {
        "limits": {"red": 0.8004, "blue": 0.9},
        "golden": [
            {"file": tiny.GOLDEN_RED, "verdict": "pass", "scores": {"red": score, "blue": 0.2}}
        ],
    }
    return package(folder, changes=changes)


def test_auto_never_takes_a_precision_that_changes_a_verdict(tmp_path: Path) -> None:
    model = open_model(changed_by_bf16(tmp_path), precision="auto")
    assert model.ran.precision == "FP32"
    assert "BF16" in model.ran.why


def test_a_precision_asked_for_that_changes_a_verdict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match="precision BF16 was asked for"):
        open_model(changed_by_bf16(tmp_path), precision="BF16")


def test_auto_takes_the_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(*_: object) -> dict[str, float]:
        return {"FP32": 9.0, "BF16": 4.0}

    monkeypatch.setattr("inspector.vision.parity.measured_ms", measured)
    monkeypatch.setattr("inspector.vision.parity._no_bf16", lambda *_: "")
    model = open_model(package(tmp_path), precision="auto")
    assert model.ran.precision == "BF16"
    assert "FP32 9.0 ms, BF16 4.0 ms" in model.ran.why


ON_OLD_CPU = """
import sys
from pathlib import Path
from inspector.vision.manifest import open_package
from inspector.vision.parity import open_model
from inspector.errors import ProviderUnavailable
from tests.inspector.vision import tiny
package = open_package(Path(sys.argv[1]))
model = open_model(package)
print(model.ran.precision, [one.kind for one in model.look("top", tiny.flat(51, 0, 204)).findings])
try:
    open_model(package, precision="BF16")
except ProviderUnavailable as error:
    print(error)
"""


@pytest.mark.parametrize("instructions", ["AVX2", "SSE41"])
def test_it_starts_on_an_old_cpu_and_says_that_fp32_runs(instructions: str, tmp_path: Path) -> None:
    folder = tiny.write_package(tmp_path / "tiny")
    done = subprocess.run(
        [sys.executable, "-c", ON_OLD_CPU, str(folder)],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": instructions},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    first, second = done.stdout.splitlines()
    assert first == "FP32 ['red']"
    assert "runs FP32 in place of BF16" in second


def test_looking_leaves_the_picture_as_it_was(tmp_path: Path) -> None:
    image = RED.copy()
    open_model(package(tmp_path), precision="FP32").look("top", image)
    assert np.array_equal(image, RED)


GREEDY = """
import sys
from pathlib import Path
from inspector.vision.manifest import open_package
from inspector.vision.parity import open_model
from inspector.vision.runtime import bounded_memory
with bounded_memory():
    open_model(open_package(Path(sys.argv[1])), precision="FP32")
"""


@pytest.mark.parametrize("greedy", [("ConstantOfShape", ("n",)), ("Expand", ("r", "n"))])
def test_a_small_model_that_wants_96_gb_fails_alone(
    greedy: tuple[str, tuple[str, ...]], tmp_path: Path
) -> None:
    weights, biases = tiny.weighted(2, 6)
    sizes = {"s": (1, 2, 6), "o": (12, 1), "n": (12, 1 << 31)}
    no_axes = tiny.bytes_field(1, "keepdims") + tiny.number_field(3, 0) + tiny.number_field(20, 2)
    onnx = tiny.model(
        [
            tiny.node("Conv", ("x", "w", "b"), "c"),
            tiny.node("Reshape", ("c", "s"), "a"),
            tiny.node("Reshape", ("c", "o"), "r"),
            tiny.node(*greedy, "e"),
            tiny.node("ReduceMax", ("e",), "m", more=tiny.bytes_field(5, no_axes)),
            tiny.node("Add", ("a", "m"), "y"),
        ],
        [
            tiny.tensor("w", weights),
            tiny.tensor("b", biases.reshape(-1)),
            *(tiny.tensor(name, np.array(size, np.int64)) for name, size in sizes.items()),
        ],
        shapes=((1, 3, tiny.SIDE_PX, tiny.SIDE_PX), (1, 2, 6)),
    )
    folder = tiny.write_package(tmp_path / "tiny", onnx=onnx)
    done = subprocess.run(
        [sys.executable, "-c", GREEDY, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 1  # raised, not killed
    assert "ProviderUnavailable" in done.stderr or "ModelFailed" in done.stderr


def test_the_memory_bound_ends_with_its_block() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with bounded_memory(1 << 40):
        assert resource.getrlimit(resource.RLIMIT_DATA)[0] == 1 << 40
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core: nothing to be bound to")
def test_looking_is_not_bound_to_a_core_that_another_station_looks_on(tmp_path: Path) -> None:
    session = Session(package(tmp_path), device="CPU", precision="FP32", threads=1)
    session.answers(RED)
    looking = Thread(target=lambda: [session.run() for _ in range(3000)])
    looking.start()
    seen = set()
    while looking.is_alive():
        with suppress(ProcessLookupError):
            seen.add(frozenset(os.sched_getaffinity(looking.native_id or 0)))
    looking.join()
    assert seen == {frozenset(os.sched_getaffinity(0))}
