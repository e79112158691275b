"""An answer becomes findings; one that cannot be used is never compared with a limit."""

import numpy as np
import pytest

from inspector.domain.finding import MOST_CORNERS, MOST_OUTLINES
from inspector.errors import ModelFailed
from inspector.vision.layouts import LAYOUTS, Answer
from inspector.vision.manifest import LAYOUTS_OF, Manifest, package_schema
from inspector.vision.preparing import Fit
from inspector.vision.reading import judged_view, read_answer
from tests.inspector.vision import tiny

CLASSES = ("scratch", "dent")
FIT = Fit((0.5, 0.5), 0, 0, 32, 32, (64, 64))
TASK_OF = {layout: task for task, layouts in LAYOUTS_OF.items() for layout in layouts}


def end_to_end(*rows: tuple[float, ...], width: int = 6) -> Answer:
    answer = np.zeros((1, 8, width), np.float32)
    for number, row in enumerate(rows):
        answer[0, number] = row
    return answer


def raw(*boxes: tuple[float, ...]) -> Answer:
    return np.array(boxes, np.float32).T[None]


def manifest(layout: str) -> Manifest:
    good = ["fine"] if layout == "class-scores" else []
    defects = list(CLASSES[: 1 if layout == "score-map" else 2])
    table = tiny.manifest("tiny", {"model.onnx": b"", "a.png": b""}, layout=layout)
    changes = {
        "task": TASK_OF[layout],
        "classes": [*defects, *good],
        "output": {"layout": layout, "good": good},
        "limits": dict.fromkeys(defects, 0.5),
        "golden": [{"file": "a.png", "verdict": "pass", "scores": {}}],
    }
    return Manifest.model_validate({**table, **changes})


def read(*answers: Answer, layout: str = "yolo-e2e"):  # type: ignore[no-untyped-def]
    return read_answer(answers, manifest=manifest(layout), fit=FIT)


def test_findings_come_best_first_in_picture_pixels() -> None:
    findings, top = read(end_to_end((1, 2, 5, 8, 0.2, 1), (8, 8, 16, 12, 0.9, 0)))
    assert [one.kind for one in findings] == ["scratch", "dent"]
    assert findings[0].box == (16, 16, 16, 8)
    assert top == pytest.approx({"scratch": 0.9, "dent": 0.2})


def test_what_lies_below_the_floor_is_not_kept() -> None:
    findings, top = read(end_to_end((1, 2, 5, 8, 0.0099, 1)))
    assert findings == ()
    assert top == {}


def test_a_score_at_the_limit_counts_and_the_top_score_below_it_is_kept() -> None:
    findings, top = read(end_to_end((1, 2, 5, 8, 0.5, 1), (1, 2, 5, 8, 0.25, 0)))
    limits = {"scratch": 0.3, "dent": 0.5}
    result = judged_view("top", findings, top, limits=limits, fit=FIT, model_ms=1.5)
    assert [one.kind for one in result.findings] == ["dent"]
    assert result.top_scores == pytest.approx({"scratch": 0.25, "dent": 0.5})
    assert (result.width_px, result.height_px, result.model_ms) == (64, 64, 1.5)


def test_raw_boxes_on_the_same_thing_are_one_finding() -> None:
    findings, top = read(
        raw((16, 16, 8, 8, 0.8, 0), (16, 17, 8, 8, 0.7, 0.02), (4, 4, 4, 4, 0, 0.5)),
        layout="yolo-raw",
    )
    assert [(one.kind, round(one.score, 2)) for one in findings] == [
        ("scratch", 0.8),
        ("dent", 0.5),
    ]
    assert findings[0].box == (24, 24, 16, 16)
    assert top == pytest.approx({"scratch": 0.8, "dent": 0.5})


def test_raw_boxes_of_two_classes_on_the_same_place_both_count() -> None:
    findings, _ = read(raw((16, 16, 8, 8, 0.8, 0), (16, 16, 8, 8, 0, 0.7)), layout="yolo-raw")
    assert len(findings) == 2


def test_raw_without_any_box_is_no_finding() -> None:
    assert read(raw((16, 16, 8, 8, 0.001, 0)), layout="yolo-raw")[0] == ()


def masks(*filled: tuple[slice, slice]) -> Answer:
    """Return prototype masks of 16 x 16 for an input of 32: 1 inside what is filled, else -1."""
    maps = np.full((1, len(filled), 16, 16), -1, np.float32)
    for number, (rows, columns) in enumerate(filled):
        maps[0, number, rows, columns] = 1
    return maps


TWO_MASKS = masks((slice(2, 6), slice(3, 8)), (slice(0, 16), slice(0, 16)))


@pytest.mark.parametrize("layout", ["yolo-seg", "yolo-seg-e2e"])
def test_a_mask_draws_its_box_in_to_what_it_fills(layout: str) -> None:
    if layout == "yolo-seg":
        answer = raw((12, 10, 20, 20, 0.9, 0, 1, 0), (24, 24, 8, 8, 0, 0.6, 0, 1))
    else:
        answer = end_to_end(width=8)
        answer[0, :2] = [(2, 0, 22, 20, 0.9, 0, 1, 0), (20, 20, 28, 28, 0.6, 1, 0, 1)]
    findings, top = read(answer, TWO_MASKS, layout=layout)
    assert [one.kind for one in findings] == ["scratch", "dent"]
    assert findings[0].box == (12, 8, 20, 16)  # columns 3 to 7, rows 2 to 5: 4 picture px a cell
    assert findings[1].box == (40, 40, 16, 16)
    assert top == pytest.approx({"scratch": 0.9, "dent": 0.6})


def test_a_mask_draws_an_outline_in_the_picture() -> None:
    answer = raw((16, 16, 32, 32, 0.9, 0, 1, 0), (24, 24, 8, 8, 0, 0.6, 0, 1))
    findings, _ = read(answer, TWO_MASKS, layout="yolo-seg")
    outline = np.array(findings[0].outline)
    # Columns 3 to 7 and rows 2 to 5 of 16, 4 picture pixels a cell, to within half a cell.
    assert outline.min(axis=0) == pytest.approx((12, 8), abs=2)
    assert outline.max(axis=0) == pytest.approx((32, 24), abs=2)
    assert 4 <= len(outline) <= 12


def test_an_outline_stays_in_the_picture_and_has_few_corners() -> None:
    maps = np.full((1, 1, 16, 16), -1, np.float32)
    maps[0, 0, :, ::2] = 1
    maps[0, 0, 0] = 1  # a comb
    answer = raw((16, 16, 60, 60, 0.9, 0, 1))
    (one,), _ = read(answer, maps, layout="yolo-seg")
    assert 3 <= len(one.outline) <= MOST_CORNERS
    assert all(0 <= x <= 64 and 0 <= y <= 64 for x, y in one.outline)


def test_only_the_best_findings_have_an_outline() -> None:
    boxes = [(16, 16, 32, 32, 0.9 - n / 100, 0, 1, 0) for n in range(30)]
    answer = np.zeros((1, 30, 8), np.float32)
    answer[0] = [(0, 0, 32, 32, one[4], 0, 1, 0) for one in boxes]
    findings, _ = read(answer, TWO_MASKS, layout="yolo-seg-e2e")
    assert [bool(one.outline) for one in findings] == [True] * MOST_OUTLINES + [False] * 10


@pytest.mark.parametrize("layout", ["yolo-e2e", "yolo-raw"])
def test_without_masks_there_is_no_outline(layout: str) -> None:
    boxes = {"yolo-e2e": end_to_end((8, 8, 24, 16, 0.9, 0)), "yolo-raw": raw((9, 9, 9, 9, 0.9, 0))}
    (one,), _ = read(boxes[layout], layout=layout)
    assert one.outline == ()


def test_a_box_whose_mask_is_empty_stays_as_it_was() -> None:
    findings, _ = read(raw((12, 10, 20, 20, 0.9, 0, -1, -9)), TWO_MASKS, layout="yolo-seg")
    assert findings[0].box == (4, 0, 40, 40)


def test_a_class_of_a_good_part_is_never_a_finding() -> None:
    findings, top = read(np.array([[0.2, 0.005, 0.795]], np.float32), layout="class-scores")
    assert [(one.kind, one.box) for one in findings] == [("scratch", (0, 0, 64, 64))]
    assert top == pytest.approx({"scratch": 0.2})


@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (1, 8, 8)])
def test_a_score_map_is_one_finding_around_its_peak(shape: tuple[int, ...]) -> None:
    heat = np.full((8, 8), 0.1, np.float32)
    heat[2:4, 5:8] = 0.8
    heat[6, 0] = 0.7  # as hot, elsewhere
    heat[2, 6] = 0.9
    findings, top = read(np.array([0.62], np.float32), heat.reshape(shape), layout="score-map")
    assert [(one.kind, one.box) for one in findings] == [("scratch", (40, 16, 24, 16))]
    assert findings[0].score == pytest.approx(0.62)
    assert top == pytest.approx({"scratch": 0.62})


def test_every_layout_of_the_schema_has_its_reader() -> None:
    named = package_schema()["$defs"]["Output"]["properties"]["layout"]["enum"]
    assert set(named) == set(LAYOUTS) == set(TASK_OF)


SCORES = np.array([[0.2, 0.5, 0.3]], np.float32)
ONE = np.array([0.5], np.float32)
COLD = np.zeros((1, 8, 8), np.float32)
UNUSABLE: dict[str, tuple[str, tuple[Answer, ...]]] = {
    "NaN": ("yolo-e2e", (end_to_end((1, 2, 5, 8, np.nan, 1)),)),
    "infinity": ("yolo-e2e", (end_to_end((1, np.inf, 5, 8, 0.5, 1)),)),
    "a score above 1": ("yolo-e2e", (end_to_end((1, 2, 5, 8, 1.5, 1)),)),
    "a score below 0": ("yolo-e2e", (end_to_end((1, 2, 5, 8, -0.5, 1)),)),
    "an unknown class": ("yolo-e2e", (end_to_end((1, 2, 5, 8, 0.5, 2)),)),
    "half a class": ("yolo-e2e", (end_to_end((1, 2, 5, 8, 0.5, 0.5)),)),
    "a wrong shape": ("yolo-e2e", (np.zeros((1, 6, 8), np.float32),)),
    "two dimensions": ("yolo-e2e", (np.zeros((8, 6), np.float32),)),
    "two answers": ("yolo-e2e", (end_to_end(), end_to_end())),
    "a class too many": ("yolo-raw", (np.zeros((1, 7, 10), np.float32),)),
    "raw NaN": ("yolo-raw", (raw((16, 16, 8, 8, np.nan, 0)),)),
    "a raw score above 1": ("yolo-raw", (raw((16, 16, 8, 8, 1.5, 0)),)),
    "a raw score below 0": ("yolo-raw", (raw((16, 16, 8, 8, 0.5, -0.2)),)),
    "no masks": ("yolo-seg", (raw((12, 10, 20, 20, 0.9, 0, 1, 0)),)),
    "masks that are NaN": ("yolo-seg", (raw((9, 9, 9, 9, 0.9, 0, 1, 0)), TWO_MASKS * np.nan)),
    "a mask too few": ("yolo-seg", (raw((12, 10, 20, 20, 0.9, 0, 1)), TWO_MASKS)),
    "a mask too many": ("yolo-seg-e2e", (end_to_end(width=9), TWO_MASKS)),
    "flat masks": ("yolo-seg-e2e", (end_to_end(width=8), TWO_MASKS[0])),
    "a class score above 1": ("class-scores", (SCORES * 4,)),
    "a class score below 0": ("class-scores", (-SCORES,)),
    "a class too few": ("class-scores", (SCORES[:, :2],)),
    "no map": ("score-map", (ONE,)),
    "two scores": (
        "score-map",
        (ONE.repeat(2), COLD),
    ),
    "a map's score above 1": ("score-map", (ONE * 3, COLD)),
    "two maps": ("score-map", (ONE, np.zeros((1, 2, 8, 8), np.float32))),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_answer_fails_that_has(name: str) -> None:
    layout, answers = UNUSABLE[name]
    with pytest.raises(ModelFailed, match=r"the model answered"):
        read(*answers, layout=layout)
