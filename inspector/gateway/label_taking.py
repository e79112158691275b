"""Labels from outside, as the recorder takes them: one file, whole or not at all.

A line of its socket has no room for them. The file lies in the data folder under its own hash
(`label_import` puts it there), and the recorder reads no other.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from inspector.audit.entry import Change, Who, canonical
from inspector.domain.detection import Marked
from inspector.domain.labels import LabelFile, PictureLabels, as_json, checked_sizes
from inspector.errors import BadInput
from inspector.gateway.audit import Auditing
from inspector.gateway.recorder_socket import Answer, Later
from inspector.ports import Clock
from inspector.storage.sql_labels import add_labels, sizes_of

ACTION: Final = "labels imported"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class LabelTaking:
    """What the recorder does with such a file: labels and audit entry in one transaction."""

    def __init__(self, auditing: Auditing, clock: Clock) -> None:
        """Use the recorder's connection."""
        self._auditing, self._clock = auditing, clock

    def take(self, digest: str, by: Who) -> Later:
        """Return the answer to `import_labels`, once the file has been read."""
        if not _SHA256.fullmatch(digest):
            raise BadInput("a file of labels is named by 64 hexadecimal digits")
        file = imports_folder(self._auditing.data) / f"{digest}.json"
        return Later(lambda: _read(file, digest), lambda read: self._add(read, by))

    def _add(self, read: LabelFile | str, by: Who) -> Answer:
        """Commit what was read; a text is the reason why nothing was."""
        if isinstance(read, str):
            raise BadInput(read)
        now = self._clock.now()
        hashed = hashlib.sha256(canonical(as_json(read.pictures)).encode()).hexdigest()
        after = {
            **{"file": read.name, "sha256": read.sha256, "format": read.format},
            **{"pictures": len(read.pictures), "labels_sha256": hashed},
            "boxes": sum(len(one.marked) for one in read.pictures),
        }
        what = f"labels of {len(read.pictures)} pictures"
        change = Change(now.isoformat(), by, ACTION, what, after=after)

        def write(connection: Connection) -> bool:
            sizes = sizes_of(connection, [one.picture for one in read.pictures])
            checked_sizes(read.pictures, sizes)
            return add_labels(connection, read, person=by.name, now=now)

        return {"ok": True, "added": self._auditing.commit(change, write)}


def imports_folder(data: Path) -> Path:
    """Return where files of labels are put down for the recorder."""
    return data / "imports"


def _read(file: Path, digest: str) -> LabelFile | str:
    """Return what was put down, or why it cannot be taken."""
    try:
        content = file.read_bytes()
    except OSError as error:
        return f"the file of labels cannot be read: {error.strerror}"
    if hashlib.sha256(content).hexdigest() != digest:
        return "the file of labels is not the one that was put down"
    try:
        return _file(json.loads(content))
    except (ValueError, TypeError, KeyError) as error:
        return f"the file of labels is none: {error}"


def _file(said: Mapping[str, Any]) -> LabelFile:
    pictures = tuple(
        PictureLabels(str(picture), tuple(_marked(*mark) for mark in marked))
        for picture, marked in said["pictures"]
    )
    return LabelFile(str(said["name"]), str(said["sha256"]), str(said["format"]), pictures)


def _marked(kind: str, x: float, y: float, wide: float, high: float) -> Marked:
    return Marked(str(kind), (float(x), float(y), float(wide), float(high)))
