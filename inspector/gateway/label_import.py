"""Labels that were made elsewhere: read, held against the records, handed to the recorder."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Final

from inspector.audit.entry import canonical
from inspector.config.site import Site
from inspector.domain.labels import LabelFile, as_json
from inspector.exchange.coco import read_coco
from inspector.exchange.cvat import read_cvat
from inspector.exchange.found import content, label_file
from inspector.exchange.label_studio import read_label_studio
from inspector.gateway.label_taking import imports_folder
from inspector.gateway.recorder_ask import RecorderAsk
from inspector.ipc import write_whole
from inspector.storage.sql_export import SqlExport
from inspector.vision.manifest import open_package

READERS: Final = {"coco": read_coco, "label-studio": read_label_studio, "cvat": read_cvat}


def classes_of(site: Site, station: str = "") -> list[str]:
    """Return the classes of defect of a site's packages, or of one station's, in their order."""
    folders = dict.fromkeys(
        site.package_folder(one) for one in site.stations if station in ("", one.name)
    )
    found = [kind for folder in folders for kind in open_package(folder).manifest.defects]
    return list(dict.fromkeys(found))


def labels_in(file: Path, kind: str, records: SqlExport, classes: Collection[str]) -> LabelFile:
    """Return the labels of a file, each held against the records.

    Raises:
        BadInput: Something in it cannot be used: one sentence with its place.
        StoreRefused: The records cannot be read.
    """
    read = content(file)
    found, notes = READERS[kind](file, read)
    return label_file(
        *(file, read, kind, found), sizes_of=records.picture_sizes, classes=classes, notes=notes
    )


def hand_over(recorder: RecorderAsk, data: Path, file: LabelFile) -> bool:
    """Return whether the recorder added the labels; False: this file was taken before.

    Raises:
        BadInput, StoreRefused, NothingRunning: As `RecorderAsk.ask`.
    """
    content = canonical(
        {
            **{"name": file.name, "sha256": file.sha256, "format": file.format},
            "pictures": as_json(file.pictures),
        }
    ).encode()
    digest = hashlib.sha256(content).hexdigest()
    put_down = imports_folder(data) / f"{digest}.json"
    put_down.parent.mkdir(parents=True, exist_ok=True)
    write_whole(put_down, content)
    try:
        return bool(recorder.ask({"do": "import_labels", "file": digest})["added"])
    finally:
        put_down.unlink(missing_ok=True)
