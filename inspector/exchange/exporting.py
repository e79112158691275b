"""An export: a folder of records with their pictures, in the formats of other tools, and hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from inspector import __version__
from inspector.domain.detection import Marked
from inspector.domain.finding import ViewResult
from inspector.domain.labels import PictureLabels, Size
from inspector.domain.selection import Population, Selection
from inspector.domain.words import verdict_name
from inspector.errors import BadInput
from inspector.exchange.coco import coco_of
from inspector.exchange.tables import Tables
from inspector.exchange.yolo import write_yolo
from inspector.storage.image_files import KeptPictures
from inspector.storage.sql_export import Page, SqlExport

FORMATS: Final = "csv", "coco", "yolo", "stream"
MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is exported, and how.

    Attributes:
        selection: Which records.
        formats: Of `FORMATS`.
        least_score: None: boxes are what people marked, and pictures that nobody labelled are in
            neither COCO nor YOLO. Else they are what the model saw with at least this score.
    """

    selection: Selection
    formats: tuple[str, ...]
    least_score: float | None = None

    def refuse_impossible(self) -> None:
        """Raise `BadInput` when a stream is asked for that would not be all of its window."""
        beyond = self.selection.beyond_window
        if "stream" in self.formats and beyond:
            raise BadInput(
                f"a stream is all parts of its window: {', '.join(beyond)} would leave some out "
                "and bend the escape rate"
            )

    def as_json(self) -> dict[str, object]:
        """Return what was asked, for the manifest."""
        one = asdict(self.selection)
        one |= {key: one[key] and one[key].isoformat() for key in ("since", "until")}
        verdict = self.selection.verdict
        one["verdict"] = "" if verdict is None else verdict_name(verdict)
        one["class"] = one.pop("kind")
        boxes = "people" if self.least_score is None else "model"
        return {**one, "formats": self.formats, "boxes": boxes, "least_score": self.least_score}


@dataclass(slots=True)
class _Gathered:
    """What is known of the pictures so far."""

    files: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    sizes: dict[str, Size] = field(default_factory=dict)
    part_of: dict[str, str] = field(default_factory=dict)
    labels: dict[str, PictureLabels] = field(default_factory=dict)
    records: int = 0


def export_records(
    records: SqlExport,
    pictures: KeptPictures,
    asked: Asked,
    target: Path,
    *,
    classes: Sequence[str],
    now: datetime,
) -> dict[str, Any]:
    """Make the folder `target`, whole or not at all, and return its manifest.

    Args:
        records: Of the site.
        pictures: Of the site.
        asked: What of them.
        target: A folder that is not there yet.
        classes: The first ones, in the order of their numbers; others that occur come behind.
        now: UTC.

    Raises:
        BadInput: It cannot be made; the sentence says why.
    """
    asked.refuse_impossible()
    if target.exists():
        raise BadInput(f"{target} is there already")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=".making_") as making:
            made = Path(making) / target.name
            (made / "images").mkdir(parents=True)
            manifest = _made(records, pictures, asked, made, classes=classes, now=now)
            made.rename(target)
    except OSError as error:
        raise BadInput(f"{target}: cannot be written: {error.strerror}") from error
    return manifest


def _made(
    records: SqlExport,
    pictures: KeptPictures,
    asked: Asked,
    folder: Path,
    *,
    classes: Sequence[str],
    now: datetime,
) -> dict[str, Any]:
    population = records.population(asked.selection.window)
    gathered = _Gathered()
    parts, stream = "csv" in asked.formats, "stream" in asked.formats
    with Tables(folder, population, parts=parts, stream=stream) as tables:
        for page in records.pages(asked.selection):
            _gather(page, pictures, asked, folder, gathered)
            tables.add(page, gathered.files)
        if stream:
            tables.add_seeds(records.seeds_said(asked.selection.window))
    _write_labels(folder, asked, gathered, classes)
    return _write_manifest(folder, asked, gathered, population, now)


def _gather(
    page: Page, pictures: KeptPictures, asked: Asked, folder: Path, into: _Gathered
) -> None:
    into.records += len(page.records)
    for record, view in ((one, view) for one in page.records for view in one.views):
        digest = view.picture
        if not digest or digest in into.part_of:
            continue
        into.part_of[digest] = record.id
        content = pictures.picture(digest)
        if content is None:
            into.missing.add(digest)
            continue
        into.files[digest] = f"images/{digest}.jpg"
        (folder / into.files[digest]).write_bytes(content)
        into.sizes[digest] = view.width_px, view.height_px
        if asked.least_score is not None:
            into.labels[digest] = _seen(view, asked.least_score)
        elif digest in page.labels:
            into.labels[digest] = page.labels[digest]


def _seen(view: ViewResult, least_score: float) -> PictureLabels:
    marks = [Marked(one.kind, one.box) for one in view.findings if one.score >= least_score]
    return PictureLabels(view.picture, tuple(marks))


def _write_labels(folder: Path, asked: Asked, gathered: _Gathered, classes: Sequence[str]) -> None:
    listed = list(gathered.labels.values())
    met = {mark.kind for mark in chain.from_iterable(one.marked for one in listed)}
    names = [*classes, *sorted(met.difference(classes))]
    if "coco" in asked.formats:
        (folder / "coco.json").write_text(json.dumps(coco_of(listed, gathered.sizes, names)))
    if "yolo" in asked.formats:
        write_yolo(folder, listed, gathered.sizes, gathered.part_of, names)


def _write_manifest(
    folder: Path, asked: Asked, gathered: _Gathered, population: Population, now: datetime
) -> dict[str, Any]:
    marked = sum(len(one.marked) for one in gathered.labels.values())
    counts = {
        "records": gathered.records,
        "pictures": len(gathered.files),
        "pictures_not_kept": len(gathered.missing),
        "pictures_with_labels": len(gathered.labels),
        "boxes": marked,
    }
    stands_for = {"passed": population.passed, "audited": population.audited}
    manifest: dict[str, Any] = {
        **{"schema": 1, "product": "Inspector", "version": __version__},
        **{"made_at": now.isoformat(), "asked": asked.as_json(), "counts": counts},
        "population": {**stands_for, "without_audit_pi": population.without},
        "files": list(_hashes(folder)),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def _hashes(folder: Path) -> Iterator[dict[str, object]]:
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        with file.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        name = file.relative_to(folder).as_posix()
        yield {"file": name, "bytes": file.stat().st_size, "sha256": sha256}
