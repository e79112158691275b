"""A JSON file whose every wrong value is one sentence with its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from inspector.errors import BadInput

_LARGEST = 1e300


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a file and where it stands, "labels.json: images[3].width"."""

    place: str
    value: Any

    def refused(self, why: str) -> NoReturn:
        """Raise `BadInput` about this value."""
        raise BadInput(f"{self.place.removesuffix(': ')}: {why}")

    def has(self, key: str) -> bool:
        """Return whether this object has something else than null under a key."""
        return self._object().get(key) is not None

    def of(self, key: str) -> Node:
        """Return what stands under a key, which must be there."""
        if key not in self._object():
            self.refused(f"{key!r} is missing")
        dot = "" if self.place.endswith(": ") else "."
        return Node(f"{self.place}{dot}{key}", self.value[key])

    def each(self) -> Iterator[Node]:
        """Yield the values of a list."""
        if not isinstance(self.value, list):
            self.refused("a list is expected")
        for number, one in enumerate(self.value):
            yield Node(f"{self.place}[{number}]", one)

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            self.refused("a text is expected")
        return str(self.value)

    def number(self) -> float:
        """Return a finite number."""
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            self.refused("a finite number is expected")
        if not abs(self.value) < _LARGEST:  # NaN is not smaller either
            self.refused("a finite number is expected")
        return float(self.value)

    def whole(self) -> int:
        """Return a whole number."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.refused("a whole number is expected")
        return int(self.value)

    def _object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            self.refused("an object is expected")
        return dict(self.value)


def json_in(file: Path, read: bytes) -> Node:
    """Return the value of a JSON file; raises `BadInput` with the line where it is none."""
    try:
        return Node(f"{file}: ", json.loads(read, parse_constant=_no_number))
    except json.JSONDecodeError as error:
        raise BadInput(f"{file}:{error.lineno}: this is not JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file}: this is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file}: cannot be read: {error}") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")
