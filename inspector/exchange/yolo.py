"""YOLO: a text for each picture, and the data.yaml that `inspector train` and Ultralytics read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from inspector.domain.detection import Marked
from inspector.domain.labels import PictureLabels, Size

VAL_OF: Final = 5
"""Each fifth part is for validation, all its views with it."""


def write_yolo(
    folder: Path,
    pictures: Sequence[PictureLabels],
    sizes: Mapping[str, Size],
    part_of: Mapping[str, str],
    classes: Sequence[str],
) -> None:
    """Write labels/, train.txt, val.txt and data.yaml beside images/.

    Args:
        folder: Of the export.
        pictures: With their labels.
        sizes: Of each.
        part_of: The record that each shows, which decides between train and val.
        classes: In the order of their numbers.
    """
    numbers = {kind: number for number, kind in enumerate(classes)}
    (folder / "labels").mkdir()
    split: dict[str, list[str]] = {"train": [], "val": []}
    for one in pictures:
        rows = [_row(mark, numbers[mark.kind], sizes[one.picture]) for mark in one.marked]
        (folder / "labels" / f"{one.picture}.txt").write_text("".join(rows))
        split[_split_of(part_of[one.picture])].append(f"./images/{one.picture}.jpg\n")
    for name, lines in split.items():
        (folder / f"{name}.txt").write_text("".join(lines))
    said = {"train": "train.txt", "val": "val.txt", "names": dict(enumerate(classes))}
    (folder / "data.yaml").write_text(yaml.safe_dump(said, sort_keys=False))


def _row(mark: Marked, number: int, size: Size) -> str:
    (x, y, wide, high), (width, height) = mark.box, size
    centre = (x + wide / 2) / width, (y + high / 2) / height
    return " ".join(map(str, (number, *centre, wide / width, high / height))) + "\n"


def _split_of(record: str) -> str:
    return "train" if hashlib.sha256(record.encode()).digest()[0] % VAL_OF else "val"
