"""What the .xml of an OpenVINO model may not contain, found before OpenVINO is given it.

The file names the model's layers; their weights are cuts of the .bin beside it. It is walked by
Python's own parser with a bound on everything, because OpenVINO's has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat

from inspector.errors import PackageRefused

MOST_XML_BYTES = 32 << 20
MOST_LAYERS = 20_000
"""Large models have some thousand; a chain of 100,000 took OpenVINO half a minute to read."""
MOST_ELEMENTS = 1_000_000
MOST_DEPTH = 20
VERSIONS = ("10", "11")
_OPSET = re.compile(r"opset[1-9]\d?")
_COUNT = re.compile(r"\d{1,18}")
_ELEMENTS = {"net", "layers", "layer", "data", "input", "output", "port", "dim", "edges", "edge"}
_REMARKS = {"rt_info", "meta_data"}
"""What lies within is about how the model was made, in words of its maker's tools."""
_LOOPS = {"If", "Loop", "TensorIterator"}
_REMEMBERS = {"Assign", "ReadValue"}


def refuse_unsafe_ir(xml: bytes, weights_bytes: int, *, file: str) -> None:
    """Return when the model is a plain graph with all its weights in the .bin beside it.

    Refused are entities and a document type, loops and branches (they may never end), layers that
    remember what they saw before, operators of other makers, weights that lie elsewhere.

    Args:
        xml: The bytes of the .xml file.
        weights_bytes: The size of its .bin file.
        file: What to call it in the message.

    Raises:
        PackageRefused: In one sentence.
    """
    if len(xml) > MOST_XML_BYTES:
        raise PackageRefused(f"{file}: larger than {MOST_XML_BYTES >> 20} MB")
    scan = _Scan(file, weights_bytes)
    try:
        scan.parser().Parse(xml, True)  # noqa: FBT003 - expat takes no names
    except expat.ExpatError as error:
        raise PackageRefused(f"{file}: damaged, not a whole OpenVINO model ({error})") from error


class _Scan:
    """One walk through the file; counts what it meets."""

    def __init__(self, file: str, weights_bytes: int) -> None:
        self._file, self._weights_bytes = file, weights_bytes
        self._path: list[str] = []
        self._elements = self._layers = 0

    def parser(self) -> expat.XMLParserType:
        """Return a parser that raises when the model may not be built."""
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda _: self._path.pop()
        parser.StartDoctypeDeclHandler = self._doctype
        return parser

    def _doctype(self, *_: object) -> None:
        raise self._refused("has a document type or entities")

    def _start(self, name: str, said: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self._path) >= MOST_DEPTH:
            raise self._refused("has too many elements, or too deep ones")
        self._path.append(name)
        if _REMARKS.intersection(self._path):
            return
        if name not in _ELEMENTS or (len(self._path) == 1) != (name == "net"):
            raise self._refused(f"has an element {name[:40]!r} where OpenVINO's format has none")
        if name == "net" and said.get("version") not in VERSIONS:
            raise self._refused(f"is not version {' or '.join(VERSIONS)} of OpenVINO's format")
        if name == "layer":
            self._layer(said)
        if name == "data":
            self._data(said)

    def _layer(self, said: Mapping[str, str]) -> None:
        self._layers += 1
        kind = said.get("type", "")[:40]
        if self._layers > MOST_LAYERS:
            raise self._refused(f"has more than {MOST_LAYERS} layers")
        if not _OPSET.fullmatch(said.get("version", "")):
            raise self._refused(f"operator {kind} is none of OpenVINO's own")
        if kind in _LOOPS:
            raise self._refused(f"operator {kind} loops or branches")
        if kind in _REMEMBERS:
            raise self._refused(f"operator {kind} remembers the picture before")

    def _data(self, said: Mapping[str, str]) -> None:
        if "offset" not in said and "size" not in said:
            return
        cut = [said.get(key, "") for key in ("offset", "size")]
        if not all(map(_COUNT.fullmatch, cut)) or sum(map(int, cut)) > self._weights_bytes:
            raise self._refused("has weights that do not lie in its .bin file")

    def _refused(self, why: str) -> PackageRefused:
        return PackageRefused(f"{self._file}: {why}; not accepted")
