"""COCO: objects with their boxes in pixels, [x, y, width, height] from the upper left corner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from inspector.domain.labels import PictureLabels, Size
from inspector.exchange.found import FoundBox, FoundPicture, picture_of
from inspector.exchange.json_file import Node, json_in


def read_coco(file: Path, read: bytes) -> tuple[list[FoundPicture], list[str]]:
    """Return the pictures of a COCO file, and what of it is not taken.

    Raises:
        BadInput: It is none, or an id stands twice or means nothing; the sentence names the place.
    """
    root = json_in(file, read)
    names = _by_id(root.of("categories"), "category")
    images = _by_id(root.of("images"), "image")
    boxes: dict[int, list[FoundBox]] = defaultdict(list)
    outlines = 0
    for one in _by_id(root.of("annotations"), "annotation").values():
        image, category = one.of("image_id"), one.of("category_id")
        for wanted, known in ((image, images), (category, names)):
            if wanted.whole() not in known:
                wanted.refused(f"there is none with the id {wanted.value}")
        if one.has("iscrowd") and one.of("iscrowd").value not in (0, False):
            one.refused("a crowd is no box of one defect")
        kind = names[category.whole()].of("name").text()
        boxes[image.whole()].append(FoundBox(one.of("bbox").place, kind, _box(one.of("bbox"))))
        outlines += bool(one.has("segmentation") and one.of("segmentation").value)
    notes = [f"{outlines} outlines were not taken, only their boxes"] if outlines else []
    return [_picture(image, boxes[number]) for number, image in images.items()], notes


def _by_id(listed: Node, what: str) -> dict[int, Node]:
    found: dict[int, Node] = {}
    for one in listed.each():
        number = one.of("id").whole()
        if number in found:
            one.refused(f"another {what} has the id {number} too")
        found[number] = one
    return found


def _box(bbox: Node) -> tuple[float, float, float, float]:
    sides = [side.number() for side in bbox.each()]
    if len(sides) != 4:
        bbox.refused("a box has four numbers: x, y, width, height")
    x, y, wide, high = sides
    return x, y, wide, high


def _picture(image: Node, boxes: Sequence[FoundBox]) -> FoundPicture:
    name = image.of("file_name")
    size = image.of("width").whole(), image.of("height").whole()
    return FoundPicture(image.place, picture_of(name.text(), name.place), tuple(boxes), size)


def coco_of(
    pictures: Iterable[PictureLabels], sizes: dict[str, Size], classes: Sequence[str]
) -> dict[str, Any]:
    """Return the COCO object of some pictures, whose files are named `<digest>.jpg`."""
    numbers = {kind: number for number, kind in enumerate(classes, 1)}
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number, one in enumerate(pictures, 1):
        width, height = sizes[one.picture]
        size = {"width": width, "height": height}
        images.append({"id": number, "file_name": f"{one.picture}.jpg", **size})
        for mark in one.marked:
            what = {"image_id": number, "category_id": numbers[mark.kind], "iscrowd": 0}
            box = {"bbox": list(mark.box), "area": mark.box[2] * mark.box[3], "segmentation": []}
            annotations.append({"id": len(annotations) + 1, **what, **box})
    categories = [{"id": number, "name": kind} for kind, number in numbers.items()]
    return {"images": images, "annotations": annotations, "categories": categories}
