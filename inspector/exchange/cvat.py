"""CVAT's XML 1.1 for images: `<image>` elements with `<box>` elements, corners in pixels.

Walked by Python's own parser with a bound on everything; a document type, and with it every entity,
is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from inspector.domain.finding import Box
from inspector.errors import BadInput, RowRefused
from inspector.exchange.found import FoundBox, FoundPicture, picture_of

VERSION = "1.1"
MOST_ELEMENTS, MOST_DEPTH = 500_000, 20
LONGEST_ATTRIBUTE = 4096


def read_cvat(file: Path, read: bytes) -> tuple[list[FoundPicture], list[str]]:
    """Return the pictures of an annotations.xml; nothing of one that is accepted is left out.

    Raises:
        BadInput: It is none, or has what a box cannot hold; the sentence names file and line.
    """
    walk = _Walk(file)
    try:
        walk.parser.Parse(read, True)  # noqa: FBT003 - expat takes no names
    except expat.ExpatError as error:
        raise RowRefused(file, error.lineno, f"this is not XML: {error}") from None
    if walk.version != VERSION:
        raise BadInput(
            f"{file}: version {walk.version[:20]!r} of CVAT's XML; {VERSION} is expected"
        )
    return walk.pictures, []


class _Walk:
    """One walk through the file."""

    def __init__(self, file: Path) -> None:
        self.pictures: list[FoundPicture] = []
        self.version = ""
        self._file, self._path, self._elements = file, list[str](), 0
        self._image: Mapping[str, str] = {}
        self._boxes: list[FoundBox] = []
        self._ids: set[str] = set()
        self._place = ""
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = lambda *_: self._refused(
            "has a document type or entities; not accepted"
        )

    def _refused(self, why: str) -> NoReturn:
        raise RowRefused(self._file, self.parser.CurrentLineNumber, why)

    def _here(self) -> str:
        return f"{self._file}:{self.parser.CurrentLineNumber}"

    def _start(self, name: str, said: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self._path) >= MOST_DEPTH:
            self._refused("has too many elements, or too deep ones")
        if any(len(value) > LONGEST_ATTRIBUTE for value in said.values()) and name != "polygon":
            self._refused("has an attribute that is too long")
        self._path.append(name)
        if len(self._path) == 1 and name != "annotations":
            self._refused(f"begins with {name[:40]!r}; CVAT's XML begins with 'annotations'")
        if len(self._path) == 2:
            self._top(name, said)
        elif len(self._path) == 3 and self._path[1] == "image":
            self._boxes.append(self._box(name, said))

    def _top(self, name: str, said: Mapping[str, str]) -> None:
        if name == "image":
            number = self._said(said, "id")
            if number in self._ids:
                self._refused(f"another image has the id {number[:20]} too")
            self._ids.add(number)
            self._image, self._boxes, self._place = said, [], self._here()
        elif name not in ("version", "meta"):
            self._refused(f"{name[:40]!r} is not taken: only images and their boxes are")

    def _box(self, name: str, said: Mapping[str, str]) -> FoundBox:
        if name != "box":
            self._refused(f"{name[:40]!r} is not taken, only boxes are")
        if self._number(said, "rotation", "0"):
            self._refused("a turned box is not taken")
        left, top = self._number(said, "xtl"), self._number(said, "ytl")
        right, bottom = self._number(said, "xbr"), self._number(said, "ybr")
        box: Box = left, top, right - left, bottom - top
        return FoundBox(self._here(), self._said(said, "label"), box)

    def _end(self, name: str) -> None:
        if len(self._path) == 2 and name == "image":
            size = self._whole("width"), self._whole("height")
            picture = picture_of(self._said(self._image, "name"), self._place)
            self.pictures.append(FoundPicture(self._place, picture, tuple(self._boxes), size))
        self._path.pop()

    def _text(self, text: str) -> None:
        if self._path == ["annotations", "version"]:
            self.version += text.strip()

    def _said(self, said: Mapping[str, str], key: str, default: str = "") -> str:
        value = said.get(key, default)
        if not value:
            self._refused(f"{key!r} is missing")
        return value

    def _number(self, said: Mapping[str, str], key: str, default: str = "") -> float:
        text = self._said(said, key, default)
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not isfinite(number):
            self._refused(f"{key} must be a finite number, not {text[:40]!r}")
        return number

    def _whole(self, key: str) -> int:
        return round(self._number(self._image, key))
