"""Our average precision is pycocotools' own, on pictures with everything that can go wrong."""

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from inspector.domain.detection import (
    MOST_FINDINGS,
    Marked,
    Precision,
    Scored,
    average_precision,
    hits_of,
)
from inspector.domain.finding import Box, Finding

KINDS = ("dent", "burr", "stain")


def drawn(seed: int, *, pictures: int = 40, most: int = 12) -> list[Scored]:
    """Return pictures with found, missed, doubled, shifted, wrongly named and invented defects."""
    rng = np.random.default_rng(seed)
    return [_picture(rng, most) for _ in range(pictures)]


def _picture(rng: np.random.Generator, most: int) -> Scored:
    boxes = [_box(rng) for _ in range(rng.integers(0, most))]
    marked = tuple(Marked(str(rng.choice(KINDS[:2])), box) for box in boxes)
    findings = [
        Finding(
            str(rng.choice(KINDS)) if rng.random() < 0.1 else one.kind,
            _score(rng),
            _shifted(rng, one.box),
        )
        for one in marked
        for _ in range(rng.integers(0, 3))
    ]
    findings += [
        Finding(str(rng.choice(KINDS)), _score(rng), _box(rng)) for _ in range(rng.integers(0, 4))
    ]
    return Scored(marked, tuple(sorted(findings, key=lambda one: -one.score)))


def _score(rng: np.random.Generator) -> float:
    return float(round(rng.random(), 2))  # equal ones too


def _box(rng: np.random.Generator) -> Box:
    x, y, wide, high = rng.integers(1, 60, 4)
    return float(x), float(y), float(wide), float(high)


def _shifted(rng: np.random.Generator, box: Box) -> Box:
    x, y, wide, high = np.array(box) + np.array(box)[[2, 3, 2, 3]] * rng.normal(0, 0.08, 4)
    return float(x), float(y), float(max(wide, 0.5)), float(max(high, 0.5))


def by_pycocotools(pictures: Sequence[Scored], kind: str) -> tuple[float, float]:
    """Return AP50 and AP50-95 of a class, -1 where no box of it is marked."""
    ids = {name: number for number, name in enumerate(KINDS, 1)}
    truth, results = COCO(), []
    truth.dataset = {"images": [], "annotations": [], "categories": []}
    truth.dataset["categories"] = [{"id": number, "name": name} for name, number in ids.items()]
    for number, picture in enumerate(pictures, 1):
        truth.dataset["images"].append({"id": number, "width": 200, "height": 200})
        for one in picture.marked:
            known = {"id": len(truth.dataset["annotations"]) + 1, "image_id": number, "iscrowd": 0}
            box: dict[str, Any] = {"bbox": list(one.box), "area": one.box[2] * one.box[3]}
            truth.dataset["annotations"].append({**known, **box, "category_id": ids[one.kind]})
        results += [
            {
                **{"image_id": number, "category_id": ids[one.kind]},
                **{"bbox": list(one.box), "score": one.score},
            }
            for one in picture.findings
        ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.params.catIds = [ids[kind]]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[1]), float(evaluation.stats[0])


def precision(pictures: Sequence[Scored], kind: str) -> Precision:
    found = average_precision(hits_of(pictures, kind))
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_pycocotools_gives(seed: int) -> None:
    pictures = drawn(seed)
    for kind in KINDS[:2]:
        ours = precision(pictures, kind)
        assert 0.05 < ours.ap50_95 < ours.ap50 < 0.95
        assert (ours.ap50, ours.ap50_95) == pytest.approx(by_pycocotools(pictures, kind), abs=1e-9)


def test_no_more_than_a_hundred_findings_of_a_picture_count() -> None:
    marked = tuple(Marked("dent", (10.0 * at, 0.0, 8.0, 8.0)) for at in range(150))
    found = tuple(Finding("dent", 0.9 - at / 1000, one.box) for at, one in enumerate(marked))
    pictures = [Scored(marked, found)]
    ours = precision(pictures, "dent")
    assert ours.ap50 == pytest.approx(by_pycocotools(pictures, "dent")[0], abs=1e-9)
    assert ours.ap50 == pytest.approx(MOST_FINDINGS / 150, abs=0.01)


def test_a_class_of_which_nothing_is_marked_has_no_precision() -> None:
    pictures = drawn(1)
    assert average_precision(hits_of(pictures, "stain")) is None
    assert by_pycocotools(pictures, "stain") == (-1.0, -1.0)


def test_a_class_of_which_nothing_is_found_has_none_right() -> None:
    pictures = [Scored((Marked("dent", (0.0, 0.0, 5.0, 5.0)),), ())]
    assert precision(pictures, "dent") == Precision(0.0, 0.0)


def test_every_defect_found_exactly_is_one() -> None:
    box = (3.0, 4.0, 5.0, 6.0)
    pictures = [Scored((Marked("dent", box),), (Finding("dent", 0.2, box),))] * 3
    found = precision(pictures, "dent")
    assert (found.ap50, found.ap50_95) == pytest.approx((1.0, 1.0))
