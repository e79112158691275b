"""Labels of pictures: written by the recorder, once and for good, and read by anybody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy import ColumnElement, Connection, func, insert, select

from inspector.domain.detection import Marked
from inspector.domain.labels import LabelFile, PictureLabels, Size
from inspector.storage.feedback_schema import label_imports, labels
from inspector.storage.schema import to_us, views

AT_ONCE: Final = 500
"""Values in one question: a database takes only so many."""
Value = TypeVar("Value")


def add_labels(connection: Connection, file: LabelFile, *, person: str, now: datetime) -> bool:
    """Return whether labels were added: a file that was taken before adds nothing."""
    known = select(label_imports.c.id).where(label_imports.c.file_sha256 == file.sha256)
    if connection.execute(known).first() is not None:
        return False
    row = {"file_sha256": file.sha256, "file_name": file.name[-128:], "format": file.format}
    connection.execute(insert(label_imports).values(**row, person=person, at=to_us(now)))
    number = connection.execute(known).scalar_one()
    rows = [row for one in file.pictures for row in _rows(number, one)]
    connection.execute(insert(labels), rows)
    return True


def _rows(number: int, one: PictureLabels) -> Iterator[dict[str, object]]:
    """Yield a row for each box, or one that says that there is none."""
    for position, mark in enumerate(one.marked or (Marked("", (0.0, 0.0, 0.0, 0.0)),)):
        box = dict(zip("xywh", mark.box, strict=True))
        where = {"imported": number, "picture": one.picture, "position": position}
        yield {**where, "kind": mark.kind, **box}


def labels_of(connection: Connection, pictures: Iterable[str]) -> dict[str, PictureLabels]:
    """Return what holds of each of these pictures that was labelled: the newest import's word."""
    found: dict[str, list[Marked]] = defaultdict(list)
    for some in batches(sorted(set(pictures))):
        wanted = select(labels).where(labels.c.picture.in_(some), holds())
        for row in connection.execute(wanted.order_by(labels.c.picture, labels.c.position)):
            found[row.picture] += [Marked(row.kind, (row.x, row.y, row.w, row.h))] * bool(row.kind)
    return {picture: PictureLabels(picture, tuple(marks)) for picture, marks in found.items()}


def holds() -> ColumnElement[bool]:
    """Return the condition that no newer import speaks of a label's picture."""
    newer = labels.alias()
    newest = select(func.max(newer.c.imported)).where(newer.c.picture == labels.c.picture)
    return labels.c.imported == newest.scalar_subquery()


def sizes_of(connection: Connection, pictures: Sequence[str]) -> dict[str, Size]:
    """Return the size in pixels of each of these pictures that a record names."""
    found: dict[str, Size] = {}
    column = views.c
    for some in batches(sorted(set(pictures))):
        wanted = select(column.picture, column.width_px, column.height_px).distinct()
        for row in connection.execute(wanted.where(column.picture.in_(some))):
            found[row.picture] = row.width_px, row.height_px
    return found


def kinds_labelled(connection: Connection) -> set[str]:
    """Return every class of defect that was ever marked."""
    wanted = select(labels.c.kind).where(labels.c.kind != "").distinct()
    return set(connection.execute(wanted).scalars())


def batches(values: Sequence[Value]) -> Iterator[list[Value]]:
    """Yield values in lists that fit into one question."""
    rest = iter(values)
    while some := list(islice(rest, AT_ONCE)):
        yield some
