"""A labelled data set as Ultralytics reads it: `data.yaml`, pictures, a text of boxes for each.

    path: /data/boards        # optional; else the folder of data.yaml
    train: train.txt          # a folder, a list of pictures, or several of them
    val: images/val
    names: {0: open, 1: short}

A picture's boxes stand in a file of its name: `labels` in place of the last `images` of its path,
`.txt` in place of its suffix. A row is the class's number, then centre and size as shares of the
picture, or the corners of an outline. A picture without rows is a good one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from inspector.domain.detection import Marked
from inspector.domain.finding import Box
from inspector.errors import BadInput
from inspector.vision.picture_files import SUFFIXES
from inspector.vision.plain_files import content_of

MOST_YAML_BYTES, MOST_DEPTH = 1 << 18, 10
MOST_TEXT_BYTES = 64 << 20
MOST_PICTURES = 1_000_000
MOST_LABEL_BYTES, MOST_BOXES = 1 << 20, 10_000
"""Of one picture; a box is 40 bytes, and a picture of 10,000 is not labelled by hand."""
_OUTSIDE = 1e-3
"""How far a box may jut out of its picture: labelling tools round."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture and what a person marked in it.

    Attributes:
        file: The picture.
        kinds: The class of each box.
        shares: Each box as x, y of the upper left corner, width, height; shares of the picture.
    """

    file: Path
    kinds: tuple[str, ...] = ()
    shares: tuple[Box, ...] = ()

    def marked(self, width_px: int, height_px: int) -> tuple[Marked, ...]:
        """Return the boxes in pixels of the picture."""
        return tuple(
            Marked(kind, (x * width_px, y * height_px, wide * width_px, high * height_px))
            for kind, (x, y, wide, high) in zip(self.kinds, self.shares, strict=True)
        )


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """What a data.yaml says.

    Attributes:
        file: The data.yaml.
        names: The classes, in the order of their numbers.
        splits: What it names for each of train, val and test, as paths.
    """

    file: Path
    names: tuple[str, ...]
    splits: dict[str, tuple[Path, ...]]

    def pictures(self, split: str) -> list[Labelled]:
        """Return a split's pictures with their boxes, every label checked.

        Raises:
            BadInput: No such split, a missing picture, a label that cannot be right (the sentence
                names file and line), or no label at all: all would pass for good ones.
        """
        if split not in self.splits:
            raise BadInput(f"{self.file}: has no {split!r}")
        files = [file for source in self.splits[split] for file in listed_pictures(source)]
        found = [Labelled(file, *_labels(label_file(file), self.names)) for file in files]
        if not any(one.kinds for one in found):
            raise BadInput(
                f"{self.file}: {split}: no picture has a label; the first one's would be "
                f"{label_file(files[0])}"
            )
        return found


def open_set(file: Path) -> LabelledSet:
    """Return what a data.yaml says; no picture is looked at yet.

    Raises:
        BadInput: One sentence that names the file and the key.
    """
    table = _yaml(file)
    names = _names(file, table.get("names"))
    root = file.parent / str(table.get("path") or ".")
    splits = {}
    for split in ("train", "val", "test"):
        entry = table.get(split)
        if entry is None:
            continue
        named = entry if isinstance(entry, list) else [entry]
        if not named or not all(isinstance(one, str) for one in named):
            raise BadInput(f"{file}: {split}: must be a folder, a list of pictures, or several")
        splits[split] = tuple(root / one for one in named)
    return LabelledSet(file, names, splits)


def listed_pictures(source: Path) -> list[Path]:
    """Return the pictures under a folder, or those that a text file lists, one a line.

    Raises:
        BadInput: There is no such folder or list, it is empty, or a listed picture is missing.
    """
    if source.is_dir():
        found = (one for one in source.rglob("*") if one.suffix.lower() in SUFFIXES)
        files = sorted(islice(found, MOST_PICTURES + 1))
    elif source.suffix == ".txt":
        files = list(_listed(source))
    else:
        raise BadInput(f"{source}: neither a folder of pictures nor a list of them (.txt)")
    if not 0 < len(files) <= MOST_PICTURES:
        raise BadInput(f"{source}: {len(files)} pictures; from 1 to {MOST_PICTURES} accepted")
    return files


def _listed(source: Path) -> Iterator[Path]:
    for number, line in enumerate(_text(source).splitlines(), 1):
        if named := line.strip():
            file = source.parent / named
            if not file.is_file():
                raise BadInput(f"{source}, line {number}: lists {file}, which is missing")
            yield file


def label_file(picture: Path) -> Path:
    """Return where a picture's boxes stand."""
    before, images, after = str(picture.absolute()).rpartition(f"{os.sep}images{os.sep}")
    labels = f"{before}{os.sep}labels{os.sep}{after}" if images else str(picture.absolute())
    return Path(labels).with_suffix(".txt")


def fingerprint(pictures: Sequence[Labelled]) -> str:
    """Return the SHA-256 over pictures and labels, whatever their order and their folder."""
    each = [
        hashlib.sha256(one.file.read_bytes()).hexdigest()
        + f" {one.file.name} {list(zip(one.kinds, one.shares, strict=True))}\n"
        for one in pictures
    ]
    return hashlib.sha256("".join(sorted(each)).encode()).hexdigest()


def write_set(folder: Path, names: Sequence[str], parts: Mapping[str, Sequence[Labelled]]) -> Path:
    """Write a set anew as links to its pictures and labels as they were checked; its data.yaml.

    What trains reads these labels and no others, and leaves its caches here, not among a person's
    pictures: Ultralytics would take a cache for true after a label was changed within its length.
    """
    shutil.rmtree(folder, ignore_errors=True)
    numbers = {name: number for number, name in enumerate(names)}
    for split, pictures in parts.items():
        images, labels = folder / "images" / split, folder / "labels" / split
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for number, one in enumerate(pictures):
            (images / f"{number:07}{one.file.suffix.lower()}").symlink_to(one.file.resolve())
            rows = [
                f"{numbers[kind]} {x + wide / 2} {y + high / 2} {wide} {high}\n"
                for kind, (x, y, wide, high) in zip(one.kinds, one.shares, strict=True)
            ]
            (labels / f"{number:07}.txt").write_text("".join(rows))
    table = {split: str(folder.resolve() / "images" / split) for split in parts}
    file = folder / "data.yaml"
    file.write_text(yaml.safe_dump({**table, "names": dict(enumerate(names))}))
    return file


def _yaml(file: Path) -> dict[str, Any]:
    """Return a small YAML file's table: no objects, and nothing that multiplies or nests deeply."""
    text = _text(file, MOST_YAML_BYTES)
    try:
        _refuse_alias_and_depth(file, text)
        table = yaml.safe_load(text)
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise BadInput(f"{file}: not valid YAML: {told}") from error
    if not isinstance(table, dict):
        raise BadInput(f"{file}: not a table of names, train and val")
    return table


def _refuse_alias_and_depth(file: Path, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise BadInput(f"{file}: has an alias, which is not accepted")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH:
            raise BadInput(f"{file}: nested too deeply")


def _names(file: Path, names: object) -> tuple[str, ...]:
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise BadInput(f"{file}: names: the classes must be numbered from 0 on")
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise BadInput(f"{file}: names: must name each class")
    found = tuple(str(name) for name in names)
    if len(set(found)) != len(found):
        raise BadInput(f"{file}: names: two classes have one name")
    return found


def _text(file: Path, most_bytes: int = MOST_TEXT_BYTES) -> str:
    try:
        content = content_of(file, most_bytes + 1)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from error
    if len(content) > most_bytes:
        raise BadInput(f"{file}: larger than {most_bytes >> 10} kB")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: not UTF-8 text") from error


def _labels(file: Path, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[Box, ...]]:
    """Return the classes and boxes of a picture; none where it has no label file.

    A link that leads nowhere is a label that is lost, not a picture without one.
    """
    if not os.path.lexists(file):
        return (), ()
    rows = list(_rows(file, names))
    return tuple(kind for kind, _ in rows), tuple(box for _, box in rows)


def _rows(file: Path, names: Sequence[str]) -> Iterator[tuple[str, Box]]:
    boxes = 0
    for number, line in enumerate(_text(file, MOST_LABEL_BYTES).splitlines(), 1):
        if words := line.split():
            boxes += 1
            if boxes > MOST_BOXES:
                raise BadInput(f"{file}, line {number}: more than {MOST_BOXES} boxes")
            try:
                yield _row(words, names)
            except ValueError as error:
                raise BadInput(f"{file}, line {number}: {error}") from error


def _row(words: Sequence[str], names: Sequence[str]) -> tuple[str, Box]:
    """Return the class and box of a row; raises ValueError with what is wrong."""
    if len(words) != 5 and (len(words) < 7 or not len(words) % 2):
        raise ValueError(f"{len(words)} numbers; 5 make a box, an odd count from 7 on an outline")
    try:
        kind, *numbers = (float(word) for word in words)
    except ValueError as error:
        raise ValueError("something else than numbers") from error
    if kind not in range(len(names)):
        raise ValueError(f"class {words[0]}; there are {len(names)}, numbered from 0")
    box = _box(numbers) if len(numbers) == 4 else _around(numbers)
    x, y, wide, high = box
    if not all(map(isfinite, box)) or wide <= 0 or high <= 0:
        raise ValueError("a box without width or height")
    if min(x, y) < -_OUTSIDE or max(x + wide, y + high) > 1 + _OUTSIDE:
        raise ValueError("a box outside its picture: centre and size are shares, 0 to 1")
    return names[int(kind)], box


def _box(numbers: Sequence[float]) -> Box:
    x, y, wide, high = numbers
    return x - wide / 2, y - high / 2, wide, high


def _around(numbers: Sequence[float]) -> Box:
    across, down = numbers[::2], numbers[1::2]
    return min(across), min(down), max(across) - min(across), max(down) - min(down)
