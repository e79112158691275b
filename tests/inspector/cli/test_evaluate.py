"""`inspector evaluate` says what a package does on labelled pictures; pycocotools agrees."""

import json
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner, Result

from inspector.cli.evaluate import evaluate_command
from inspector.cli.inspect import inspect_command
from inspector.domain.frame import BgrImage
from inspector.errors import BadInput, PictureRefused
from scripts.coco_score import scored
from tests.inspector.vision import tiny

SCHEMA = json.loads(Path("docs/schemas/evaluate.json").read_text())
SIDE_PX = 64
RED_BOX = (16, 16, 32, 16)
"""Where the tiny model finds red in a picture of this side."""
WHOLE = (0, 0, 64, 64)


GREY = 102 / 255 * 1.2
FAILING_GOLDEN = {
    **{"file": tiny.GOLDEN_GREY, "verdict": "pass"},
    **{"scores": {"red": GREY, "blue": GREY}},
}


def picture(blue: int, red: int) -> BgrImage:
    image = tiny.flat(blue, 90, red, SIDE_PX)
    image[:8] = 20  # some contrast
    return image


class Boards:
    """A labelled set: pictures of a red and a blue score, with boxes where a person saw them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("images/val", "labels/val", "good"):
            (folder / part).mkdir(parents=True)
        self.data = folder / "data.yaml"
        self.data.write_text("val: images/val\nnames: [red, blue]\n")

    def add(self, number: int, blue: int, red: int, *boxes: tuple[int, tuple[int, ...]]) -> None:
        """Add a picture with boxes (class, x, y, width, height in pixels)."""
        file = self.folder / "images" / "val" / f"{number:05}.png"
        file.write_bytes(tiny.png(picture(blue, red)))
        rows = [
            f"{kind} {(x + w / 2) / SIDE_PX} {(y + h / 2) / SIDE_PX} {w / SIDE_PX} {h / SIDE_PX}"
            for kind, (x, y, w, h) in boxes
        ]
        if rows:
            (self.folder / "labels" / "val" / f"{number:05}.txt").write_text("\n".join(rows))

    def add_good(self, name: str, blue: int, red: int) -> None:
        (self.folder / "good" / f"{name}.png").write_bytes(tiny.png(picture(blue, red)))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tiny.write_package(tmp_path / "models" / "tiny")


@pytest.fixture
def boards(tmp_path: Path) -> Boards:
    """Four red defects, one of them faint and one beside its mark; blue ones; a good picture."""
    made = Boards(tmp_path / "boards")
    made.add(1, 40, 230, (0, RED_BOX))
    made.add(2, 40, 200, (0, (20, 16, 32, 16)))
    made.add(3, 40, 210, (0, (36, 40, 20, 20)))
    made.add(4, 60, 100, (0, RED_BOX))
    made.add(5, 220, 60, (1, WHOLE), (0, RED_BOX))
    made.add(6, 180, 60, (1, (0, 0, 50, 64)))
    made.add(7, 60, 60)
    made.add_good("a", 60, 50)
    made.add_good("b", 200, 50)
    return made


def evaluate(*words: Path | str) -> Result:
    return CliRunner().invoke(evaluate_command, [str(word) for word in words])


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def test_pycocotools_gives_the_same_figures(package: Path, boards: Boards, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    found = told(evaluate("--package", package, "--data", boards.data, "--coco", results, "--json"))
    theirs = scored(results, tmp_path / "results.json.images.json")
    assert (found["map50"], found["map50_95"]) == pytest.approx(theirs, abs=0.002)
    assert 0.1 < found["map50_95"] < found["map50"] < 1


def test_results_of_inspect_score_the_same_against_the_annotations_of_the_set(
    package: Path, boards: Boards, tmp_path: Path
) -> None:
    truth, results = tmp_path / "truth.json", tmp_path / "results.json"
    found = told(evaluate("--package", package, "--data", boards.data, "--coco", truth, "--json"))
    words = [str(boards.folder / "images"), "--package", str(package), "--coco", str(results)]
    assert CliRunner().invoke(inspect_command, words).exit_code == 0
    theirs = scored(results, tmp_path / "truth.json.images.json")
    assert (found["map50"], found["map50_95"]) == pytest.approx(theirs, abs=0.002)
    assert {one["image_id"] for one in json.loads(results.read_text())} == set(range(1, 8))


def test_pictures_whose_names_are_no_numbers_are_matched_by_name(
    package: Path, boards: Boards, tmp_path: Path
) -> None:
    for part in ("images", "labels"):
        for file in (boards.folder / part / "val").iterdir():
            file.rename(file.with_stem(f"board_{8 - int(file.stem)}"))
    truth, results = tmp_path / "truth.json", tmp_path / "results.json"
    found = told(evaluate("--package", package, "--data", boards.data, "--coco", truth, "--json"))
    beside = tmp_path / "truth.json.images.json"
    table = json.loads(beside.read_text())
    for one in (*table["images"], *table["annotations"]):
        key = "id" if "file_name" in one else "image_id"
        one[key] += 1000  # annotations number as they like
    beside.write_text(json.dumps(table))
    words = [str(boards.folder / "images"), "--package", str(package), "--coco", str(results)]
    assert CliRunner().invoke(inspect_command, words).exit_code == 0
    theirs = scored(results, beside)
    assert (found["map50"], found["map50_95"]) == pytest.approx(theirs, abs=0.002)


def test_missed_and_false_rejects_are_counted_in_pictures_with_wilsons_interval(
    package: Path, boards: Boards
) -> None:
    words = ("--package", package, "--data", boards.data, "--good", boards.folder / "good")
    found = told(evaluate(*words, "--json"))
    missed, false_rejects = found["missed"], found["false_rejects"]
    assert (missed["count"], missed["of"]) == (1, 6)  # the faint one
    assert (false_rejects["count"], false_rejects["of"]) == (1, 3)  # the blue one
    assert (missed["lo"], missed["hi"]) == pytest.approx((0.0301, 0.5635), abs=1e-3)
    assert found["pictures"] == 7
    text = evaluate(*words).stdout
    assert "pictures with defects missed  1/6 = 16.67% [3.01%, 56.35%]" in text
    assert "good pictures rejected        1/3 = 33.33%" in text


def test_good_pictures_beside_the_set_leave_the_precision_alone(
    package: Path, boards: Boards
) -> None:
    words = ("--package", package, "--data", boards.data, "--json")
    alone, beside = told(evaluate(*words)), told(evaluate(*words, "--good", boards.folder / "good"))
    assert (alone["map50"], alone["map50_95"]) == (beside["map50"], beside["map50_95"])
    assert alone["false_rejects"]["of"] == 1


def test_the_proposal_saves_the_good_pictures_and_its_rates_lie_on_its_curve(
    package: Path, boards: Boards
) -> None:
    words = ("--package", package, "--data", boards.data, "--good", boards.folder / "good")
    found = told(evaluate(*words, "--json"))
    assert found["at_proposed"]["false_rejects"]["count"] == 0
    limits = {one["class"]: one["proposed"] for one in found["classes"]}
    assert limits["blue"] > 200 / 255 * 0.875  # above the good blue one
    assert "<= 0.6%" in found["rule"]
    at_limits = next(one for one in found["curve"] if one["shift"] == 0)
    assert at_limits["missed"] == pytest.approx(found["missed"]["share"])
    assert at_limits["false_rejects"] == pytest.approx(found["false_rejects"]["share"])
    spent = told(evaluate(*words, "--false-rejects", "0.5", "--json"))
    assert spent["at_proposed"]["missed"]["count"] <= found["at_proposed"]["missed"]["count"]


def test_without_good_pictures_nothing_is_said_of_false_rejects(
    package: Path, boards: Boards
) -> None:
    (boards.folder / "images/val/00007.png").unlink()
    words = ("--package", package, "--data", boards.data)
    found = told(evaluate(*words, "--json"))
    assert found["false_rejects"]["of"] == 0
    assert found["curve"] == []
    assert "F1" in found["rule"]
    assert "good pictures rejected        there are none: not measured" in evaluate(*words).stdout


def test_the_plot_has_a_line_and_a_dot_for_both_limits(
    package: Path, boards: Boards, tmp_path: Path
) -> None:
    plot = tmp_path / "rates.svg"
    assert evaluate("--package", package, "--data", boards.data, "--plot", plot).exit_code == 0
    text = plot.read_text()
    assert (text.count("<polyline"), text.count("<circle")) == (2, 2)
    assert "good pictures rejected" in text


def test_mistakes_are_drawn_the_worst_first(package: Path, boards: Boards, tmp_path: Path) -> None:
    look = tmp_path / "look"
    words = ("--package", package, "--data", boards.data, "--good", boards.folder / "good")
    assert evaluate(*words, "--mistakes", look).exit_code == 0
    names = [file.name for file in sorted(look.iterdir())]
    assert names[:2] == ["001_missed_00004.png", "002_false_b.png"]
    assert names[2:] == ["003_boxes_00003.png", "004_boxes_00005.png"]
    drawn = cv2.imread(str(look / names[0]))
    assert drawn is not None
    assert drawn.shape == (640, 640, 3)
    red = np.array([0, 0, 220])
    assert (drawn[159, 170:470] == red).all(axis=1).mean() > 0.9  # the missed box's upper edge


def test_a_folder_that_holds_something_takes_no_mistakes(package: Path, boards: Boards) -> None:
    words = ("--package", package, "--data", boards.data, "--mistakes", boards.folder)
    ran = evaluate(*words)
    assert isinstance(ran.exception, BadInput)
    assert "must be a new or an empty folder" in str(ran.exception)


def test_a_class_that_the_package_does_not_have_is_refused(package: Path, boards: Boards) -> None:
    boards.data.write_text("val: images/val\nnames: [red, green]\n")
    ran = evaluate("--package", package, "--data", boards.data)
    assert isinstance(ran.exception, BadInput)
    assert "names 'green'; package tiny has red, blue" in str(ran.exception)


def test_a_damaged_picture_ends_it_because_figures_without_it_would_be_others(
    package: Path, boards: Boards
) -> None:
    (boards.folder / "images/val/00003.png").write_bytes(b"")
    ran = evaluate("--package", package, "--data", boards.data)
    assert isinstance(ran.exception, PictureRefused)
    assert "00003.png: empty, 0 bytes" in str(ran.exception)


def test_every_picture_counts_because_too_dark_is_a_matter_of_a_stations_view(
    package: Path, boards: Boards, tmp_path: Path
) -> None:
    file = boards.folder / "images/val/00004.png"
    file.write_bytes(tiny.png(tiny.flat(0, 0, 40, SIDE_PX)))  # inspect says: too dark
    results, truth = tmp_path / "results.json", tmp_path / "truth.json"
    found = told(evaluate("--package", package, "--data", boards.data, "--coco", truth, "--json"))
    assert (found["missed"]["count"], found["missed"]["of"]) == (1, 6)
    words = [str(boards.folder / "images"), "--package", str(package), "--coco", str(results)]
    assert "too dark" in CliRunner().invoke(inspect_command, words).stdout
    theirs = scored(results, tmp_path / "truth.json.images.json")
    assert (found["map50"], found["map50_95"]) == pytest.approx(theirs, abs=0.002)


def test_a_picture_on_which_the_model_fails_is_in_no_rate(tmp_path: Path, boards: Boards) -> None:
    broken = tiny.write_package(
        tmp_path / "models" / "failing",
        onnx=tiny.end_to_end(gain=1.2),  # a score above 1 where the picture is very red
        changes={"golden": [FAILING_GOLDEN], "limits": {"red": 0.5, "blue": 0.95}},
    )
    boards.add(1, 40, 255, (0, RED_BOX))
    found = told(evaluate("--package", broken, "--data", boards.data, "--json"))
    assert found["not_inspected"] == 1
    assert found["missed"]["of"] == 5
