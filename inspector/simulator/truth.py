"""truth.jsonl: what really happened, written by the PLC's and the cameras' own processes.

Both append to one file, each line with one write. Each cell numbers its lines (`seq`), and its
retentive memory holds the lines of the last step, so that a kill between the two neither loses
a line nor writes one twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_TAIL_BYTES = 1 << 20


class TruthFile:
    """The file in the evidence folder, open for appending."""

    def __init__(self, path: Path) -> None:
        """Open it, and end a line that a kill cut short."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")

    def append(self, lines: Iterable[Mapping[str, object]]) -> None:
        """Append lines, all with one write."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        if text:
            os.write(self._file, text.encode())

    def last_seq(self, station: str) -> int:
        """Return the highest `seq` of a station's PLC lines near the end of the file; else 0."""
        size = os.fstat(self._file).st_size
        tail = os.pread(self._file, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        return max((_seq(line, station) for line in tail.splitlines()), default=0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _seq(line: bytes, station: str) -> int:
    if b'"who": "plc"' not in line:
        return 0
    try:
        read = json.loads(line)
    except json.JSONDecodeError:
        return 0
    return int(read["seq"]) if read["station"] == station else 0
