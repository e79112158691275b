"""The mapped file under the journal: words, entries and bytes; no policy.

    byte 0     magic, version, capacity, the ring's id   written before the file gets its name
    byte 64    head      offset behind the newest entry  stored after the entry's bytes
    byte 128   oldest    offset of the oldest entry      stored before that entry is overwritten
    byte 192   consumed  all before it is committed      stored by the recorder
    byte 4096  the ring: offset n lies at n modulo capacity

An offset is the count of bytes written since the ring was made; it never goes back. An entry is
its length and its CRC-32 (4 bytes each; the CRC covers offset, length and bytes, so an entry of an
earlier lap never passes for this one), the JSON, and padding to 8 bytes. It may run over the end.

Why no kill can tear it: head, oldest and consumed are aligned 8-byte words, each stored by one
instruction (a memoryview of format Q; `struct.pack_into("<Q")` would store byte by byte), and x86
shows stores to others in their order. Killed before the head moved, the entry was never there;
killed after, it is whole.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import struct
import time
import uuid
import zlib
from pathlib import Path
from typing import Final

from inspector.errors import NothingRunning, StoreRefused

Entry = dict[str, object]

LARGEST_ENTRY_BYTES: Final = 1024 * 1024
"""Nothing the line says comes near it; a longer one is a fault and must not push out the rest."""

_MAGIC = b"INSPJRNL"
_VERSION = 1
_HEADER = struct.Struct("=8sII Q 32s")  # magic, version, bytes before the ring, capacity, id
_BEFORE_RING = 4096
_HEAD, _OLDEST, _CONSUMED = 8, 16, 24  # in words of 8 bytes: one cache line each
_ENTRY = struct.Struct("=II")
_CRC_START = struct.Struct("=QI")
_LOCK_TIMEOUT_S = 3.0


class Ring:
    """A mapped ring.

    Attributes:
        capacity: Bytes of entries, a multiple of 8.
        id: Told apart by it from every other ring.
        descriptor: Of the open file; `lock` holds on to it.
        file: Device and inode: whether a path still leads here.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Map a ring; raises `StoreRefused` when the file is not one of this version."""
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
        try:
            status = os.fstat(descriptor)
            self.capacity, self.id = _checked_header(os.pread(descriptor, 4096, 0), status.st_size)
            self._map = mmap.mmap(descriptor, status.st_size, access=access)
        except BaseException:
            os.close(descriptor)
            raise
        self.descriptor = descriptor
        self.file = (status.st_dev, status.st_ino)
        self._bytes = memoryview(self._map)
        self._words = self._bytes[:_BEFORE_RING].cast("Q")
        self._data = self._bytes[_BEFORE_RING:]

    @property
    def head(self) -> int:
        """Offset behind the newest entry."""
        return self._words[_HEAD]

    @head.setter
    def head(self, offset: int) -> None:
        self._words[_HEAD] = offset

    @property
    def oldest(self) -> int:
        """Offset of the oldest entry that is whole."""
        return self._words[_OLDEST]

    @oldest.setter
    def oldest(self, offset: int) -> None:
        self._words[_OLDEST] = offset

    @property
    def consumed(self) -> int:
        """Offset up to which all is committed."""
        return self._words[_CONSUMED]

    @consumed.setter
    def consumed(self, offset: int) -> None:
        self._words[_CONSUMED] = offset

    def _put(self, offset: int, content: bytes) -> None:
        """Copy bytes in, over the ring's end where need be."""
        start = offset % self.capacity
        before_end = self.capacity - start
        if len(content) <= before_end:
            self._data[start : start + len(content)] = content
        else:
            self._data[start:] = content[:before_end]
            self._data[: len(content) - before_end] = content[before_end:]

    def _take(self, offset: int, length: int) -> bytes:
        """Copy bytes out."""
        start = offset % self.capacity
        before_end = self.capacity - start
        if length <= before_end:
            return bytes(self._data[start : start + length])
        return bytes(self._data[start:]) + bytes(self._data[: length - before_end])

    def entry(self, offset: int) -> bytes | None:
        """Return the JSON of the entry at an offset, or None when there is no whole one."""
        length, crc = _ENTRY.unpack(self._take(offset, _ENTRY.size))
        if length > min(LARGEST_ENTRY_BYTES, self.capacity):
            return None
        content = self._take(offset + _ENTRY.size, length)
        return content if _crc(offset, content) == crc else None

    def behind(self, offset: int) -> int:
        """Return the offset behind the entry at `offset`, without looking at its content."""
        return offset + room_of(int(_ENTRY.unpack(self._take(offset, _ENTRY.size))[0]))

    def is_whole(self) -> bool:
        """Return whether every entry from the oldest to the head is there."""
        offset, head = self.oldest, self.head
        if not offset <= head <= offset + self.capacity or not self.consumed <= head:
            return False
        while offset < head:
            if self.entry(offset) is None:
                return False
            offset = self.behind(offset)
        return offset == head

    def read(self, offset: int, limit: int) -> list[tuple[int, Entry]]:
        """Return entries from `offset` on; ends at one that is not whole."""
        head = self.head
        entries: list[tuple[int, Entry]] = []
        while offset < head and len(entries) < limit:
            content = self.entry(offset)
            # Looked at after the copy: the writer moves `oldest` before it overwrites.
            if content is None or self.oldest > offset:
                break
            offset += room_of(len(content))
            entries.append((offset, json.loads(content)))
        return entries

    def write(self, content: bytes) -> int:
        """Add an entry, whoever it overwrites; return the offset behind it."""
        start = self.head
        end, oldest = start + room_of(len(content)), self.oldest
        while end - oldest > self.capacity:
            oldest = self.behind(oldest)
        self.oldest = oldest
        self._put(start, _ENTRY.pack(len(content), _crc(start, content)) + content)
        self.head = end
        return end

    def close(self) -> None:
        """Unmap, and give the lock back where we hold it."""
        self._words.release()
        self._data.release()
        self._bytes.release()
        self._map.close()
        os.close(self.descriptor)


def whole_ring(path: Path) -> Ring | str:
    """Return the ring at the path, locked; or why a new one is needed, the old moved aside."""
    try:
        ring = Ring(path, writable=True)
    except FileNotFoundError:
        return "there was none"
    except (StoreRefused, ValueError) as error:
        path.replace(path.with_name("journal.aside"))
        return str(error)
    _lock(ring)
    if ring.is_whole():
        return ring
    ring.close()
    path.replace(path.with_name("journal.aside"))
    return "the journal is damaged: an entry is not whole"


def new_ring(path: Path, capacity_bytes: int) -> Ring:
    """Make a ring at the path, locked; all its memory is taken now."""
    capacity = capacity_bytes & ~7
    for left in path.parent.glob(f".{path.name}.*.part"):
        left.unlink(missing_ok=True)  # of a writer killed here; 16 MB of memory each
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        # All of it now: a full tmpfs is an error here, not a SIGBUS in the middle of a part.
        os.posix_fallocate(descriptor, 0, _BEFORE_RING + capacity)
        header = _HEADER.pack(_MAGIC, _VERSION, _BEFORE_RING, capacity, uuid.uuid4().hex.encode())
        os.pwrite(descriptor, header, 0)
    finally:
        os.close(descriptor)
    ring = Ring(part, writable=True)
    _lock(ring)
    part.replace(path)
    return ring


def _crc(offset: int, content: bytes) -> int:
    return zlib.crc32(content, zlib.crc32(_CRC_START.pack(offset, len(content))))


def room_of(length: int) -> int:
    """Return the bytes that an entry of this length takes: heads stay aligned, so never split."""
    return (_ENTRY.size + length + 7) & ~7


def _checked_header(header: bytes, size: int) -> tuple[int, str]:
    if len(header) < _BEFORE_RING or not header.startswith(_MAGIC):
        raise StoreRefused("the journal is damaged: no header")
    _, version, before, capacity, ring = _HEADER.unpack_from(header)
    if version != _VERSION:
        raise StoreRefused(f"the journal is of version {version}, not {_VERSION}")
    if before != _BEFORE_RING or capacity % 8 or size != before + capacity:
        raise StoreRefused("the journal is damaged: wrong size")
    return capacity, ring.decode("ascii", "replace")


def _lock(ring: Ring) -> None:
    """Be the only writer; the kernel gives the lock back when we die."""
    until = time.monotonic() + _LOCK_TIMEOUT_S
    while True:
        try:
            fcntl.flock(ring.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                ring.close()
                raise NothingRunning("another process writes this journal") from error
            time.sleep(0.02)
        else:
            return
