"""Findings as COCO results, for pycocotools and every other tool that reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from inspector.domain.detection import Marked
from inspector.domain.finding import Finding
from inspector.errors import BadInput
from inspector.vision.inspecting import Inspected, rounded_box


def write_coco(
    file: Path,
    inspected: Sequence[Inspected],
    classes: Sequence[str],
    marked: Sequence[Sequence[Marked]] = (),
) -> None:
    """Write COCO results, and beside them, in FILE.images.json, what they name.

    Results hold every finding from the score floor on, as an evaluation needs them. A picture's id
    is the number that is its name (`00041000.jpg`), as in most COCO sets; where a name is no number
    or two are the same, pictures are numbered from 1. Classes are numbered from 1 in their order.

    Args:
        file: The results.
        inspected: What came of each picture.
        classes: Of the package.
        marked: What a person marked in each picture; it becomes the annotations beside, with which
            pycocotools can score the results. Empty: nothing is known.

    Raises:
        BadInput: The file cannot be written.
    """
    numbers = {kind: number for number, kind in enumerate(classes, 1)}
    ids = _ids([one.file for one in inspected])
    results = [
        {
            **{"image_id": number, "category_id": numbers[finding.kind]},
            **{"bbox": rounded_box(finding), "score": round(finding.score, 6)},
            **_segmentation(finding),
        }
        for number, one in zip(ids, inspected, strict=True)
        for finding in one.seen
    ]
    beside: dict[str, object] = {
        "images": [_image(number, one) for number, one in zip(ids, inspected, strict=True)],
        "categories": [{"id": number, "name": kind} for kind, number in numbers.items()],
    }
    if marked:
        beside["annotations"] = _annotations(ids, marked, numbers)
    try:
        file.write_text(json.dumps(results))
        file.with_name(file.name + ".images.json").write_text(json.dumps(beside))
    except OSError as error:
        raise BadInput(f"{file}: cannot be written: {error.strerror}") from error


def _segmentation(finding: Finding) -> dict[str, object]:
    """Return the outline as COCO's one polygon; nothing where there is none."""
    return {"segmentation": [[*chain(*finding.outline)]]} if finding.outline else {}


def _ids(files: Sequence[Path]) -> list[int]:
    named = [int(file.stem) for file in files if file.stem.isascii() and file.stem.isdigit()]
    return named if len(set(named)) == len(files) else list(range(1, len(files) + 1))


def _image(number: int, one: Inspected) -> dict[str, object]:
    size = {"width": one.result.width_px, "height": one.result.height_px}
    return {"id": number, "file_name": str(one.file), **size}


def _annotations(
    ids: Sequence[int], marked: Sequence[Sequence[Marked]], numbers: dict[str, int]
) -> list[dict[str, object]]:
    boxes = [(number, one) for number, of in zip(ids, marked, strict=True) for one in of]
    return [
        {
            **{"id": count, "image_id": number, "category_id": numbers[one.kind], "iscrowd": 0},
            **{"bbox": list(one.box), "area": one.box[2] * one.box[3]},
        }
        for count, (number, one) in enumerate(boxes, 1)
    ]
