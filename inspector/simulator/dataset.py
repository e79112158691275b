"""Writes training and validation pictures in the YOLO folder layout: images, labels, data.yaml.

python -m inspector.simulator.dataset runs/data/joint --pictures 4000
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import cv2

from inspector.domain.frame import BgrImage
from inspector.simulator.drawing import PICTURE_PX
from inspector.simulator.parts import (
    STATIONS,
    Defect,
    PartTruth,
    draw_part,
    kinds_of,
    make_part,
    views_of,
)
from inspector.simulator.seeds import seed_of

INPUT_PX = 320
"""Side of the written pictures: the model's input, so that training does not scale them again."""
_GOOD_EVERY = 4
"""Every fourth part is good."""


@dataclass(frozen=True, slots=True)
class Split:
    """One share of a station's pictures: its seeds' purpose, first number and how many.

    `kinds`, if there are any, leaves only bad parts with a defect of one of them.
    """

    station: str
    folder: str
    purpose: str
    first: int
    pictures: int
    kinds: tuple[str, ...] = ()


def classes_of(stations: tuple[str, ...]) -> list[str]:
    """Return the class names in label order.

    Each station's kinds, with the station's name before it if there are several.
    """
    if len(stations) == 1:
        return list(kinds_of(stations[0]))
    return [f"{station}.{kind}" for station in stations for kind in kinds_of(station)]


def write_dataset(
    root: Path,
    stations: tuple[str, ...],
    *,
    pictures: int,
    validation: int,
    first: int = 0,
    kinds: tuple[str, ...] = (),
) -> Path:
    """Write the pictures of the stations and return the path of data.yaml.

    Args:
        root: the folder to write into.
        stations: which stations; several make one joint data set.
        pictures: training pictures per station.
        validation: validation pictures per station.
        first: number of the first training seed, to draw fresh parts for a later round.
        kinds: draw only bad parts with a defect of one of these, to add more of what a model finds
            hard; none means parts of all kinds, and good ones.
    """
    splits = [Split(s, "train", "training", first, pictures, kinds) for s in stations]
    splits += [Split(s, "val", "limits", 0, validation) for s in stations]
    spawn = get_context("spawn")  # a fork beside OpenCV's threads may never wake up
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        list(pool.map(_write_split, [root] * len(splits), splits, [stations] * len(splits)))
    names = "\n".join(f"  {n}: {name}" for n, name in enumerate(classes_of(stations)))
    target = root / "data.yaml"
    target.write_text(
        f"path: {root.resolve()}\ntrain: images/train\nval: images/val\nnames:\n{names}\n", "utf-8"
    )
    return target


def fingerprint(root: Path) -> str:
    """Return a SHA-256 over the names and contents of a data set's pictures and labels."""
    digest = hashlib.sha256()
    for file in sorted(f for f in root.rglob("*") if f.suffix in (".png", ".txt")):
        digest.update(file.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def training_parts(
    station: str, purpose: str, first: int, kinds: tuple[str, ...] = ()
) -> Iterator[PartTruth]:
    """Yield parts without end: one good one in four, the others bad, or only some kinds."""
    for number in count(first):
        part = make_part(station, seed_of(purpose, number), bad=number % _GOOD_EVERY != 0)
        if not kinds or any(defect.kind in kinds for defect in part.defects):
            yield part


def _write_split(root: Path, split: Split, stations: tuple[str, ...]) -> None:
    cv2.setNumThreads(1)
    images, labels = root / "images" / split.folder, root / "labels" / split.folder
    images.mkdir(parents=True, exist_ok=True)
    labels.mkdir(parents=True, exist_ok=True)
    before = stations[: stations.index(split.station)]
    offset = sum(len(kinds_of(station)) for station in before)
    parts = training_parts(split.station, split.purpose, split.first, split.kinds)
    for part, _ in zip(parts, range(split.pictures), strict=False):
        view = _shown_view(part)
        name = f"{split.station}_{part.seed}_{view}"
        cv2.imwrite(
            str(images / f"{name}.png"),
            _scaled(draw_part(part, view), part.seed),
            [cv2.IMWRITE_PNG_COMPRESSION, 1],
        )
        (labels / f"{name}.txt").write_text(_labels(part, view, offset=offset), "utf-8")


def _shown_view(part: PartTruth) -> str:
    """Return the view of the part's first defect; a good part shows its views by turns."""
    views = views_of(part.station)
    return part.defects[0].view if part.bad else views[part.seed // _GOOD_EVERY % len(views)]


def _scaled(picture: BgrImage, seed: int) -> BgrImage:
    """Return the picture at the model's input size.

    Every third by area, so that the model stands either way of scaling.
    """
    way = cv2.INTER_AREA if seed % 3 == 0 else cv2.INTER_LINEAR
    return cv2.resize(picture, (INPUT_PX, INPUT_PX), interpolation=way)  # type: ignore[return-value]


def _labels(part: PartTruth, view: str, *, offset: int) -> str:
    """Return a line for each defect of this view; `offset` is the number of the first kind."""
    kinds = kinds_of(part.station)
    shown = (defect for defect in part.defects if defect.view == view)
    return "".join(_label(defect, offset + kinds.index(defect.kind)) for defect in shown)


def _label(defect: Defect, number: int) -> str:
    x, y, w, h = (v / PICTURE_PX for v in defect.box)
    return f"{number} {x + w / 2:.6f} {y + h / 2:.6f} {w:.6f} {h:.6f}\n"


def main() -> None:
    """Write a data set as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--stations", nargs="+", default=list(STATIONS))
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--validation", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", default=[])
    asked = parser.parse_args()
    write_dataset(
        asked.root,
        tuple(asked.stations),
        pictures=asked.pictures,
        validation=asked.validation,
        first=asked.first,
        kinds=tuple(asked.kinds),
    )


if __name__ == "__main__":
    main()
