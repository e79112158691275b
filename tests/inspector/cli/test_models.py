"""`inspector models verify` lets a package through that agrees, and nothing else."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from inspector.cli.models import models_command
from inspector.errors import PackageRefused, ProviderUnavailable
from inspector.vision import approvals, onnx_engine
from inspector.vision.manifest import open_package
from tests.inspector.vision import tiny

SCHEMA = json.loads(Path("docs/schemas/verify.json").read_text())
INPUT = tiny.manifest("t", {}, layout="")["input"]
GOLDEN = tiny.manifest("t", {}, layout="")["golden"]


def verify(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(models_command, ["verify", "--package", str(folder), *words])


def package(tmp_path: Path, **how: Any) -> Path:
    return tiny.write_package(tmp_path / "tiny", **how)


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def test_a_package_that_agrees_passes_with_a_line_for_each_picture(tmp_path: Path) -> None:
    result = verify(package(tmp_path), "--precision", "FP32")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[:4] for line in lines[1:3]] == [
        [tiny.GOLDEN_RED, "reject", "reject", "reject"],
        [tiny.GOLDEN_GREY, "pass", "pass", "pass"],
    ]
    assert lines[-1].endswith("on CPU in FP32: all 2 golden pictures agree (as asked)")


def test_the_json_has_every_score(tmp_path: Path) -> None:
    framework = [{**one, "framework": one["scores"]} for one in GOLDEN]
    found = told(verify(package(tmp_path, changes={"golden": framework}), "--json"))
    assert found["passed"]
    assert found["precision"] in {"FP32", "BF16"}
    red = found["golden"][0]
    assert red["manifest"]["scores"] == red["framework"] == pytest.approx({"red": 0.8, "blue": 0.2})
    assert red["reference"]["scores"] == pytest.approx({"red": 0.8, "blue": 0.2}, abs=1e-4)


FRAMEWORK_OFF = [{**GOLDEN[0], "framework": {"red": 0.6645, "blue": 0.2}}, GOLDEN[1]]
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "nudged weights": ({"onnx": tiny.end_to_end(gain=1.1)}, "a score is 0.080 from the manifest's"),
    "swapped colours": (
        {"changes": {"input": {**INPUT, "colour": "bgr"}}},
        "a score is 0.600 from the manifest's",
    ),
    "a wrong scaling": (
        {"changes": {"input": {**INPUT, "scale": 1 / 300}}},
        "a score is 0.120 from the manifest's",
    ),
    "a class that is missing": (
        {
            "onnx": tiny.raw(),
            "layout": "yolo-raw",
            "changes": {
                "classes": ["red"],
                "limits": {"red": 0.5},
                "golden": [{**GOLDEN[0], "scores": {"red": 0.8}}],
            },
        },
        "the model answered in shape (1, 6, 3), not (1, 5, N)",
    ),
    "a framework that gave another score": (
        {"changes": {"golden": FRAMEWORK_OFF}},
        "the training framework's score is 0.136 from the export's",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_it_fails_on(name: str, tmp_path: Path) -> None:
    how, says = BROKEN[name]
    folder = package(tmp_path, **how)
    result = verify(folder)
    assert result.exit_code == 1
    assert says in result.stdout
    assert "FAILED, " in result.stdout.splitlines()[-1]
    found = told(verify(folder, "--json"))
    assert not found["passed"]
    assert says in [one["trouble"] for one in found["golden"]]


def test_it_fails_on_a_precision_that_changes_a_verdict(tmp_path: Path) -> None:
    changes = {
        "limits": {"red": 0.8004, "blue": 0.9},  # BF16 makes 0.8 0.80078
        "golden": [{**GOLDEN[0], "verdict": "pass"}],
    }
    folder = package(tmp_path, changes=changes)
    result = verify(folder, "--precision", "BF16")
    assert result.exit_code == 1
    assert "FAILED, " in result.stdout.splitlines()[-1]
    auto = told(verify(folder, "--json"))
    assert (auto["passed"], auto["precision"]) == (True, "FP32")


@pytest.mark.parametrize("device", ["GPU", "NPU"])
def test_a_device_that_is_not_here_is_refused_in_one_sentence(device: str, tmp_path: Path) -> None:
    if device in onnx_engine.available_devices():
        pytest.skip(f"this computer has {device}")
    for precision in ("auto", "FP32"):
        result = verify(package(tmp_path), "--device", device, "--precision", precision)
        assert isinstance(result.exception, ProviderUnavailable)
        assert f"device {device} was asked for" in str(result.exception)


def test_a_damaged_package_is_refused(tmp_path: Path) -> None:
    folder = package(tmp_path)
    (folder / "model.onnx").write_bytes(b"no model")
    assert isinstance(verify(folder).exception, PackageRefused)


def tune(folder: Path) -> Result:
    return CliRunner().invoke(models_command, ["tune", "--package", str(folder)])


def test_tuning_writes_the_choice_with_its_evidence_and_the_package_stays_whole(
    tmp_path: Path,
) -> None:
    folder = package(tmp_path)
    manifest = folder / "manifest.toml"
    manifest.write_text("# made by hand\n" + manifest.read_text())
    assert tune(folder).exit_code == 0
    result = tune(folder)  # the older entry is replaced
    assert result.exit_code == 0
    (entry,) = open_package(folder).manifest.approved
    assert (entry.device, entry.device_class, entry.runtime) == (
        "CPU",
        approvals.device_class("CPU"),
        onnx_engine.RUNTIME,
    )
    assert entry.ms[entry.precision] == min(entry.ms.values())
    assert entry.difference < 0.01
    assert entry.model_sha256 == open_package(folder).model_sha256
    assert f"{entry.precision} on x86-64" in result.stdout
    assert manifest.read_text().startswith("# made by hand\n")


def test_an_approval_of_another_device_stays(tmp_path: Path) -> None:
    other = {
        **{"device": "GPU", "device_class": "GPU", "runtime": "other 1.0", "precision": "FP32"},
        **{"model_sha256": "a" * 64, "scores_sha256": "b" * 64},
        **{"ms": {"FP32": 2.5}, "difference": 0.001, "why": "", "made": "2026-01-01 00:00 UTC"},
    }
    folder = package(tmp_path, changes={"approved": [other]})
    assert tune(folder).exit_code == 0
    first, second = open_package(folder).manifest.approved
    assert first.model_dump() == other
    assert second.device == "CPU"


def test_a_cap_of_the_instruction_set_is_another_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    whole = approvals.device_class("CPU")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert approvals.device_class("CPU") == f"{whole}, capped at AVX2"


def test_nothing_is_written_for_a_package_that_does_not_agree(tmp_path: Path) -> None:
    folder = package(tmp_path, onnx=tiny.end_to_end(gain=1.1))
    before = (folder / "manifest.toml").read_bytes()
    result = tune(folder)
    assert result.exit_code == 1
    assert "FAILED, " in result.stdout
    assert (folder / "manifest.toml").read_bytes() == before
