"""Memory that survives `kill -9` at any instant: two halves of a mapped file, written in turn.

A half counts only when its checksum is right; the newer one of those is what was kept. A kill in
the middle of a write leaves the other half. It does not survive a power cut, nor need it: the
demo factory's parts would be gone as well.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from pathlib import Path

HALF_BYTES = 1 << 20
_HEAD = struct.Struct("<4sIQI")
"""Magic, length, generation, CRC-32 of generation and content."""
_MAGIC = b"IRM1"


class RetentiveFull(ValueError):
    """More was to be kept than a half holds."""


class RetentiveFile:
    """The file; one owner."""

    def __init__(self, path: Path) -> None:
        """Open or make it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.truncate(2 * HALF_BYTES)
            self._map = mmap.mmap(file.fileno(), 2 * HALF_BYTES)
        self._generation = max(self._read(0)[0], self._read(1)[0])

    def kept(self) -> bytes:
        """Return what was kept last; empty when nothing ever was."""
        return max(self._read(0), self._read(1))[1]

    def keep(self, content: bytes) -> None:
        """Keep `content` instead of what was kept before; raises `RetentiveFull`."""
        if len(content) > HALF_BYTES - _HEAD.size:
            raise RetentiveFull(f"{len(content)} bytes")
        self._generation += 1
        start = (self._generation % 2) * HALF_BYTES
        begin = start + _HEAD.size
        self._map[begin : begin + len(content)] = content
        check = _check(self._generation, content)
        head = _HEAD.pack(_MAGIC, len(content), self._generation, check)
        self._map[start : start + _HEAD.size] = head

    def close(self) -> None:
        """Close the file; what was kept stays."""
        self._map.close()

    def _read(self, half: int) -> tuple[int, bytes]:
        start = half * HALF_BYTES
        magic, length, generation, check = _HEAD.unpack_from(self._map, start)
        if magic != _MAGIC or length > HALF_BYTES - _HEAD.size:
            return 0, b""
        content = self._map[start + _HEAD.size : start + _HEAD.size + length]
        return (generation, content) if check == _check(generation, content) else (0, b"")


def _check(generation: int, content: bytes) -> int:
    return zlib.crc32(content, zlib.crc32(struct.pack("<Q", generation)))
