"""An answer becomes findings; one that cannot be used is never compared with a limit."""

import numpy as np
import pytest

from inspector.errors import ModelFailed
from inspector.vision.preparing import Fit
from inspector.vision.reading import Answer, judged_view, read_answer

CLASSES = ("scratch", "dent")
FIT = Fit(0.5, 0, 0, 32, 32, (64, 64))


def end_to_end(*rows: tuple[float, ...]) -> Answer:
    answer = np.zeros((1, 8, 6), np.float32)
    answer[0, : len(rows)] = rows
    return answer


def raw(*boxes: tuple[float, ...]) -> Answer:
    return np.array(boxes, np.float32).T[None]


def read(answer: Answer, layout: str = "yolo-e2e"):  # type: ignore[no-untyped-def]
    return read_answer(answer, layout=layout, classes=CLASSES, fit=FIT)


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
        raw((16, 16, 8, 8, 0.8, 0), (16, 17, 8, 8, 0.7, 0.02), (4, 4, 4, 4, 0, 0.5)), "yolo-raw"
    )
    assert [(one.kind, round(one.score, 2)) for one in findings] == [
        ("scratch", 0.8),
        ("dent", 0.5),
    ]
    assert findings[0].box == (24, 24, 16, 16)
    assert top == pytest.approx({"scratch": 0.8, "dent": 0.5})


def test_raw_boxes_of_two_classes_on_the_same_place_both_count() -> None:
    findings, _ = read(raw((16, 16, 8, 8, 0.8, 0), (16, 16, 8, 8, 0, 0.7)), "yolo-raw")
    assert len(findings) == 2


def test_raw_without_any_box_is_no_finding() -> None:
    assert read(raw((16, 16, 8, 8, 0.001, 0)), "yolo-raw")[0] == ()


UNUSABLE = {
    "NaN": (end_to_end((1, 2, 5, 8, np.nan, 1)), "yolo-e2e"),
    "infinity": (end_to_end((1, np.inf, 5, 8, 0.5, 1)), "yolo-e2e"),
    "a score above 1": (end_to_end((1, 2, 5, 8, 1.5, 1)), "yolo-e2e"),
    "a score below 0": (end_to_end((1, 2, 5, 8, -0.5, 1)), "yolo-e2e"),
    "an unknown class": (end_to_end((1, 2, 5, 8, 0.5, 2)), "yolo-e2e"),
    "half a class": (end_to_end((1, 2, 5, 8, 0.5, 0.5)), "yolo-e2e"),
    "a wrong shape": (np.zeros((1, 6, 8), np.float32), "yolo-e2e"),
    "two dimensions": (np.zeros((8, 6), np.float32), "yolo-e2e"),
    "a class too many": (np.zeros((1, 7, 10), np.float32), "yolo-raw"),
    "raw NaN": (raw((16, 16, 8, 8, np.nan, 0)), "yolo-raw"),
    "a raw score above 1": (raw((16, 16, 8, 8, 1.5, 0)), "yolo-raw"),
    "a raw score below 0": (raw((16, 16, 8, 8, 0.5, -0.2)), "yolo-raw"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_answer_fails_that_has(name: str) -> None:
    answer, layout = UNUSABLE[name]
    with pytest.raises(ModelFailed, match=r"the model answered"):
        read(answer, layout)
