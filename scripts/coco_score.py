"""Score COCO results of `inspector inspect --coco` or `evaluate --coco` with pycocotools.

    .venv/bin/python -m scripts.coco_score RESULTS.json ANNOTATIONS.json

Pictures and classes are matched by name, through RESULTS.json.images.json, so the annotations may
number them as they like. Only pictures that were inspected are scored. pycocotools is in the extra
`dev`.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def scored(results: Path, annotations: Path) -> tuple[float, float]:
    """Return mAP50 and mAP50-95 as pycocotools counts them."""
    beside = json.loads(results.with_name(results.name + ".images.json").read_text())
    truth = COCO()
    truth.dataset = json.loads(annotations.read_text())
    pictures = _same_names(beside["images"], truth.dataset["images"], "file_name")
    kinds = _same_names(beside["categories"], truth.dataset["categories"], "name")
    found = [
        {
            **one,
            "image_id": pictures[one["image_id"]],
            "category_id": kinds[one["category_id"]],
        }
        for one in json.loads(results.read_text())
        if one["image_id"] in pictures
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.params.imgIds = sorted(pictures.values())
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[1]), float(evaluation.stats[0])


def _same_names(ours: list[Any], theirs: list[Any], key: str) -> dict[int, int]:
    """Return their id for each of our ids, by the last part of the name."""
    known = {Path(one[key]).name: one["id"] for one in theirs}
    names = {one["id"]: Path(one[key]).name for one in ours}
    return {number: known[name] for number, name in names.items() if name in known}


def main() -> None:
    """Print both figures."""
    halves, all_ten = scored(Path(sys.argv[1]), Path(sys.argv[2]))
    print(f"pycocotools: mAP50 {halves:.4f}, mAP50-95 {all_ten:.4f}")


if __name__ == "__main__":
    main()
