"""`inspector inspect` judges pictures from files; a bad one is said and loses nothing."""

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from pycocotools.coco import COCO

from inspector.cli.inspect import inspect_command
from inspector.domain.finding import Finding, ViewResult
from inspector.errors import BadInput, PackageRefused, ProviderUnavailable
from inspector.evaluation.coco import write_coco
from inspector.vision.inspecting import Inspected
from tests.inspector.vision import tiny

SCHEMA = json.loads(Path("docs/schemas/inspect.json").read_text())


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tiny.write_package(tmp_path / "models" / "tiny")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    red, grey = tiny.flat(51, 0, 204, 64), tiny.flat(102, 102, 102, 64)
    red[:8], grey[:8] = 40, 40  # some contrast
    (folder / "a_red.png").write_bytes(tiny.png(red))
    (folder / "b_grey.png").write_bytes(tiny.png(grey))
    (folder / "notes.txt").write_text("no picture")
    return folder


def inspected(*words: Path | str) -> Result:
    return CliRunner().invoke(inspect_command, [str(word) for word in words])


def objects(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def test_a_folder_is_judged_picture_by_picture(package: Path, pictures: Path) -> None:
    result = inspected(pictures, "--package", package, "--json")
    assert result.exit_code == 0
    red, grey = objects(result)
    assert (red["file"], red["verdict"]) == (str(pictures / "a_red.png"), "reject")
    assert red["reasons"][0].startswith("red 0.7")
    assert red["findings"][0]["box"] == pytest.approx([16, 16, 32, 16])
    assert (grey["verdict"], grey["reasons"], grey["findings"]) == ("pass", [], [])


def test_for_people_each_picture_is_a_line(package: Path, pictures: Path) -> None:
    lines = inspected(pictures, "--package", package).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["reject", "pass"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty, 0 bytes"),
        (b"this is text", "not a PNG, JPEG or BMP"),
        (tiny.png_header(20_000, 20_000), "20000 x 20000 pixels"),
    ],
)
def test_a_bad_picture_is_said_and_the_others_are_judged(
    package: Path, pictures: Path, content: bytes, says: str
) -> None:
    (pictures / "a_bad.png").write_bytes(content)
    result = inspected(pictures, "--package", package, "--json")
    assert result.exit_code == 2
    bad, red, grey = objects(result)
    assert (bad["verdict"], red["verdict"], grey["verdict"]) == ("unknown", "reject", "pass")
    assert says in bad["reasons"][0]
    told = [line for line in result.stderr.splitlines() if "a_bad.png: " in line]
    assert len(told) == 1
    assert "Traceback" not in result.stderr


def test_a_black_picture_is_unknown_and_no_bad_input(package: Path, pictures: Path) -> None:
    (pictures / "black.png").write_bytes(tiny.png(tiny.flat(0, 0, 0)))
    result = inspected(pictures / "black.png", "--package", package, "--json")
    assert result.exit_code == 0
    (black,) = objects(result)
    assert black["verdict"] == "unknown"
    assert "too dark" in black["reasons"][0]


def test_coco_results_hold_every_score_and_name_their_pictures(
    package: Path, pictures: Path, tmp_path: Path
) -> None:
    target = tmp_path / "results.json"
    assert inspected(pictures, "--package", package, "--coco", target).exit_code == 0
    results = json.loads(target.read_text())
    beside = json.loads((tmp_path / "results.json.images.json").read_text())
    assert [one["id"] for one in beside["images"]] == [1, 2]
    assert beside["images"][0]["width"] == 64
    assert [one["name"] for one in beside["categories"]] == ["red", "blue"]
    assert {(one["image_id"], one["category_id"]) for one in results} == {
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
    }
    assert all(len(one["bbox"]) == 4 for one in results)


def test_coco_results_hold_the_outlines_that_pycocotools_reads(tmp_path: Path) -> None:
    corners = ((0.0, 0.0), (4.0, 0.0), (4.0, 3.0))
    seen = (Finding("red", 0.9, (0, 0, 4, 3), corners), Finding("red", 0.8, (1, 1, 2, 2)))
    picture = Inspected(Path("1.png"), ViewResult("1", width_px=8, height_px=8), seen)
    write_coco(tmp_path / "results.json", [picture], ["red"])
    results = json.loads((tmp_path / "results.json").read_text())
    assert results[0]["segmentation"] == [[0, 0, 4, 0, 4, 3]]
    assert "segmentation" not in results[1]
    truth = COCO()
    truth.dataset = json.loads((tmp_path / "results.json.images.json").read_text())
    truth.dataset["annotations"] = []
    with redirect_stdout(StringIO()):
        truth.createIndex()
        read = truth.loadRes(results)
    drawn, boxed = read.loadAnns([1, 2])
    assert drawn["segmentation"] == [[0, 0, 4, 0, 4, 3]]
    assert boxed["segmentation"] == [[1, 1, 1, 3, 3, 3, 3, 1]]  # pycocotools makes it of the box


@pytest.mark.parametrize(
    ("words", "says"),
    [(("gone.png",), "no such file or folder"), ((".",), "no pictures in this folder")],
)
def test_a_path_without_pictures_is_bad_input(
    package: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    says: str,
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    result = inspected(*words, "--package", package)
    assert isinstance(result.exception, BadInput)
    assert says in str(result.exception)


def test_a_damaged_package_is_refused(package: Path, pictures: Path) -> None:
    (package / "model.onnx").write_bytes(b"damaged")
    result = inspected(pictures, "--package", package)
    assert isinstance(result.exception, PackageRefused)


def test_a_device_that_is_not_here_is_refused(package: Path, pictures: Path) -> None:
    result = inspected(pictures, "--package", package, "--device", "NPU")
    assert isinstance(result.exception, ProviderUnavailable)
