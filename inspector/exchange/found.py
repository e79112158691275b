"""What stands in a file of labels, with its place, before it is held against the records."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from inspector.domain.detection import Marked
from inspector.domain.finding import Box
from inspector.domain.labels import LabelFile, PictureLabels, Size, box_within
from inspector.errors import BadInput
from inspector.vision.plain_files import content_of

MOST_BYTES: Final = 64 << 20
MOST_PICTURES: Final = 20_000
MOST_BOXES: Final = 100_000
"""Of one file: what the recorder writes within a second or so, between two batches of parts."""
MOST_OF_A_PICTURE: Final = 1000
LONGEST_CLASS: Final = 64
_NAME = re.compile(r"(?:.*[/=-])?([0-9a-f]{64})\.(?:jpg|jpeg|png)", re.IGNORECASE)
_UP = re.compile(r"(^|[/\\\\=])\.\.([/\\\\]|$)|\0")

SizesOf = Callable[[Sequence[str]], Mapping[str, Size]]


@dataclass(frozen=True, slots=True)
class FoundBox:
    """A box of a file; `place` is where it stands, file included."""

    place: str
    kind: str
    box: Box


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """A picture of a file.

    Attributes:
        place: Where it stands, file included.
        picture: The digest in its name.
        boxes: In pixels, or in percent of the picture.
        size: Of the picture as the other tool saw it, None where it does not say.
    """

    place: str
    picture: str
    boxes: tuple[FoundBox, ...]
    size: Size | None = None
    in_percent: bool = False


def content(file: Path) -> bytes:
    """Return a file of labels whole; raises `BadInput` where it is too large or cannot be read."""
    try:
        read = content_of(file, MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from error
    if len(read) > MOST_BYTES:
        raise BadInput(f"{file}: larger than {MOST_BYTES >> 20} MB")
    return read


def picture_of(name: str, place: str) -> str:
    """Return the digest of the picture that a name means; nothing is ever opened by that name.

    An export names its pictures `<digest>.jpg`; tools put folders, an address or a prefix before.
    """
    if _UP.search(name):
        raise BadInput(f"{place}: {name[:80]!r} leads out of its folder")
    named = _NAME.fullmatch(name)
    if named is None:
        raise BadInput(f"{place}: {name[:80]!r} is no picture of an export: <64 hex digits>.jpg")
    return named[1].lower()


def label_file(
    file: Path,
    read: bytes,
    kind: str,
    found: Sequence[FoundPicture],
    *,
    sizes_of: SizesOf,
    classes: Collection[str],
    notes: Iterable[str] = (),
) -> LabelFile:
    """Return a file's labels, each held against the records.

    Args:
        file: Where it lies.
        read: Its bytes.
        kind: Its format.
        found: What stands in it.
        sizes_of: Gives the size of each picture that a record names.
        classes: That are known.
        notes: What was not taken.

    Raises:
        BadInput: One sentence with the place: an unknown picture or class, a picture twice, one of
            another size, a box outside, too much of anything, nothing at all.
    """
    _refuse_too_much(file, found)
    sizes = sizes_of([one.picture for one in found])
    pictures = tuple(_labels(one, sizes.get(one.picture), classes) for one in found)
    sha256 = hashlib.sha256(read).hexdigest()
    return LabelFile(file.name, sha256, kind, pictures, tuple(notes))


def _refuse_too_much(file: Path, found: Sequence[FoundPicture]) -> None:
    if not found:
        raise BadInput(f"{file}: there is no labelled picture in it")
    if len(found) > MOST_PICTURES:
        raise BadInput(f"{file}: {len(found)} pictures; at most {MOST_PICTURES} in one file")
    boxes = sum(len(one.boxes) for one in found)
    if boxes > MOST_BOXES:
        raise BadInput(f"{file}: {boxes} boxes; at most {MOST_BOXES} in one file")
    counted = Counter(one.picture for one in found)
    seen: set[str] = set()
    for one in found:
        if len(one.boxes) > MOST_OF_A_PICTURE:
            raise BadInput(f"{one.place}: {len(one.boxes)} boxes in one picture")
        if counted[one.picture] > 1 and one.picture in seen:
            raise BadInput(f"{one.place}: picture {one.picture} stands twice in this file")
        seen.add(one.picture)


def _labels(one: FoundPicture, size: Size | None, classes: Collection[str]) -> PictureLabels:
    if size is None:
        raise BadInput(f"{one.place}: no record has the picture {one.picture}")
    if one.size is not None and one.size != size:
        stated, ours = ("{} x {} px".format(*pair) for pair in (one.size, size))
        raise BadInput(f"{one.place}: the picture has {ours}, and was labelled as one of {stated}")
    return PictureLabels(one.picture, tuple(_marked(box, one, size, classes) for box in one.boxes))


def _marked(one: FoundBox, of: FoundPicture, size: Size, classes: Collection[str]) -> Marked:
    if one.kind not in classes:
        known = ", ".join(sorted(classes)) or "none"
        raise BadInput(
            f"{one.place}: class {one.kind[:LONGEST_CLASS]!r} is not known ({known}); "
            "--new-class takes it"
        )
    x, y, wide, high = one.box
    if of.in_percent:
        x, wide = x * size[0] / 100, wide * size[0] / 100
        y, high = y * size[1] / 100, high * size[1] / 100
    try:
        return Marked(one.kind, box_within((x, y, wide, high), size))
    except BadInput as error:
        raise BadInput(f"{one.place}: {error}") from None
