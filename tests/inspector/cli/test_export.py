"""A package out of a checkpoint: its parts here with hand-made models, all of it where torch is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from inspector.cli import export, train
from inspector.cli.export import export_command
from inspector.cli.trainer import ROOT, TRAINER
from inspector.errors import BadInput, InspectorError
from inspector.vision.manifest import open_package
from inspector.vision.verifying import verified
from tests.inspector.cli.test_evaluate import RED_BOX, WHOLE, Boards
from tests.inspector.vision import tiny

FACTS = {
    "classes": ["red", "blue"],
    "px": tiny.SIDE_PX,
    "epochs": 3,
    "tools": {"ultralytics": "8", "torch": "2", "onnx": "1"},
}


@pytest.fixture
def boards(tmp_path: Path) -> Boards:
    """Two defects of each class and a good picture, in names that are not in the order of kinds."""
    made = Boards(tmp_path / "boards")
    made.data.write_text("train: images/val\nval: images/val\nnames: [red, blue]\n")
    made.add(1, 220, 60, (1, WHOLE))
    made.add(2, 60, 60)
    made.add(3, 40, 230, (0, RED_BOX))
    made.add(4, 40, 210, (0, RED_BOX))
    made.add(5, 200, 60, (1, WHOLE))
    return made


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A training environment in place of the real one: it exports `onnx`, it gives `off` more."""
    does: dict[str, Any] = {"onnx": tiny.raw(), "off": 0.0, "facts": FACTS}

    def run(module: str, *words: Any, what: str) -> None:
        assert (module, words[0]) == ("export", "onnx")
        Path(words[2]).write_bytes(does["onnx"])
        Path(words[-1]).write_text(json.dumps(does["facts"]))

    def scores(_checkpoint: Path, pictures: list[Any], *_more: Any) -> list[dict[str, float]]:
        inputs = [cv2.resize(one, (tiny.SIDE_PX, tiny.SIDE_PX)) for one in pictures]
        return [
            {
                "red": float(one[..., 2].mean()) / 255 + does["off"],
                "blue": float(one[..., 0].mean()) / 255,
            }
            for one in inputs
        ]

    monkeypatch.setattr(export, "trainer", run)
    monkeypatch.setattr(export, "make_trainer", lambda: None)
    monkeypatch.setattr(export, "framework_scores", scores)
    return does


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / "own.pt"
    file.write_bytes(b"a checkpoint")
    return file


def exported(boards: Boards, *words: Path | str, target: Path) -> Result:
    asked = ["--data", boards.data, "--package", "own", "--target", target, *words]
    return CliRunner().invoke(export_command, [str(word) for word in asked])


def test_a_package_says_where_its_limits_goldens_and_figures_come_from_and_passes(
    boards: Boards, trainer: dict[str, Any], weights: Path, tmp_path: Path
) -> None:
    ran = exported(boards, "--weights", weights, target=tmp_path / "models")
    assert ran.exit_code == 0, ran.output
    package = open_package(tmp_path / "models" / "own")
    assert verified(package, device="CPU", precision="FP32").passed
    manifest = package.manifest
    assert manifest.licence == "AGPL-3.0"
    assert "good pictures rejected <= 0.6%" in manifest.metrics["limits_rule"]
    assert "the very pictures that chose the limits" in manifest.metrics["data"]
    assert manifest.metrics["pictures_missed"].startswith("0/4 = 0.00% [0.00%, ")
    assert manifest.training is not None
    assert (manifest.training.pictures, manifest.training.epochs) == (5, 3)
    assert manifest.training.tools.keys() == {"ultralytics", "torch", "onnx", "inspector"}
    assert [one.verdict for one in manifest.golden] == ["reject", "reject", "pass"]
    kinds = [max(one.scores, key=lambda kind: one.scores[kind]) for one in manifest.golden[:2]]
    assert kinds == ["red", "blue"]  # the first of each class by name, then the good one
    assert all(one.framework for one in manifest.golden)
    assert [file.name for file in (tmp_path / "models").iterdir()] == ["own"]


def test_figures_come_from_the_test_split_where_there_is_one(
    boards: Boards, trainer: dict[str, Any], weights: Path, tmp_path: Path
) -> None:
    (boards.folder / "list.txt").write_text("images/val/00002.png\nimages/val/00003.png\n")
    boards.data.write_text(boards.data.read_text() + "test: list.txt\n")
    assert exported(boards, "--weights", weights, target=tmp_path / "m").exit_code == 0
    metrics = open_package(tmp_path / "m" / "own").manifest.metrics
    assert metrics["data"].startswith("test of data.yaml: 1 pictures with defects and 1 good ones")
    assert "kinder" not in metrics["data"]
    assert metrics["pictures_missed"].startswith("0/1 ")


def test_an_export_that_gives_other_scores_than_the_framework_makes_no_package(
    boards: Boards, trainer: dict[str, Any], weights: Path, tmp_path: Path
) -> None:
    trainer["off"] = 0.05
    ran = exported(boards, "--weights", weights, target=tmp_path / "models")
    assert isinstance(ran.exception, InspectorError)
    assert "the training framework's score is 0.0" in str(ran.exception)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_score_at_a_limit_is_not_golden(
    boards: Boards, trainer: dict[str, Any], weights: Path, tmp_path: Path
) -> None:
    assert exported(boards, "--weights", weights, target=tmp_path / "a").exit_code == 0
    before = open_package(tmp_path / "a" / "own").manifest
    at_limit = round((before.limits["red"] - 0.125 * 20 / 255) / 0.875 * 255)
    boards.add(0, 40, at_limit, (1, WHOLE))  # the first of its class, and moves no limit
    assert exported(boards, "--weights", weights, target=tmp_path / "b").exit_code == 0
    after = open_package(tmp_path / "b" / "own").manifest
    assert after.limits == before.limits
    assert [one.scores for one in after.golden] == [one.scores for one in before.golden]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--package", "Own"), "--package: a small letter"),
        (("--name", "gone"), "no run of `inspector train --data` has left a checkpoint"),
        ((), "--name or --weights"),
        (("--weights", "gone.pt"), "there is no such file"),
    ],
)
def test_what_cannot_be_exported_is_said(
    boards: Boards, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    ran = exported(boards, *words, target=tmp_path / "models")
    assert isinstance(ran.exception, BadInput)
    assert says in str(ran.exception)


def test_a_package_that_is_there_is_left_alone(
    boards: Boards, weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "models" / "own").mkdir(parents=True)
    ran = exported(boards, "--weights", weights, target=tmp_path / "models")
    assert isinstance(ran.exception, BadInput)
    assert "is there already" in str(ran.exception)


def test_a_checkpoint_of_other_classes_is_refused(
    boards: Boards, trainer: dict[str, Any], weights: Path, tmp_path: Path
) -> None:
    trainer["facts"] = {**FACTS, "classes": ["blue", "red"]}
    ran = exported(boards, "--weights", weights, target=tmp_path / "models")
    assert isinstance(ran.exception, BadInput)
    assert "the checkpoint was trained on blue, red" in str(ran.exception)


# --- with Ultralytics ---

RUN = "zz_of_the_tests"


@pytest.fixture
def run_folder() -> Iterator[Path]:
    """The run's folder, removed before and after."""
    folder = train.RUNS / RUN
    shutil.rmtree(folder, ignore_errors=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not (ROOT / TRAINER).exists(), reason="no .venv-train, which takes 6 GB")
@pytest.mark.parametrize("start", ["yolo26n.yaml", "yolo11n.yaml"])
def test_one_epoch_on_a_few_pictures_becomes_a_package(
    tmp_path: Path, run_folder: Path, start: str
) -> None:
    data = drawn_set(tmp_path / "set")
    own = ["--data", str(data), "--name", RUN]
    inspector("train", *own, "--px", "64", "--epochs", "1", "--start", start)
    assert "done before" in inspector(
        "train", *own, "--px", "64", "--epochs", "1", "--start", start
    )
    target = ["--package", "drawn", "--target", str(tmp_path / "models")]
    inspector("export", *own[2:], "--data", str(data), *target)
    package = open_package(tmp_path / "models" / "drawn")
    assert package.manifest.training is not None
    assert package.manifest.training.epochs == 1
    result = verified(package, device="CPU", precision="FP32")
    assert result.passed
    assert all((row.off_framework or 0.0) < 1e-3 for row in result.rows)


def inspector(*words: str) -> str:
    command = [sys.executable, "-m", "inspector", *words]
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=800
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout + ran.stderr


def drawn_set(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(8):
        image = rng.integers(70, 130, (64, 64, 3)).astype(np.uint8)
        rows = ""
        if number % 4:
            x, y = rng.integers(4, 40, 2)
            image[y : y + 16, x : x + 16] = (30, 30, 220) if number % 2 else (220, 30, 30)
            rows = f"{number % 2} {(x + 8) / 64} {(y + 8) / 64} 0.25 0.25\n"
        for part, content in (("images", tiny.png(image)), ("labels", rows.encode())):
            file = folder / part / f"{number}.{'png' if part == 'images' else 'txt'}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    data = folder / "data.yaml"
    data.write_text("train: images\nval: images\nnames: [blue, red]\n")
    return data
