"""The journal: a ring of JSON entries in one mapped file that survives `kill -9` of its writer.

The file lies in the runtime folder (tmpfs). One process writes (the line); any number read; one
of the readers (the recorder) says how far it has got, and the writer overwrites only what lies
before that.

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
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from inspector.errors import JournalFull, NothingRunning, StoreRefused

Entry = dict[str, object]

CAPACITY_BYTES: Final = 16 * 1024 * 1024
"""For a whole site: four minutes of 30 parts/s, 2 kB each, while the recorder does not read."""

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
_dumps = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class _Ring:
    """The mapped file: words and bytes, no policy."""

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
        return self._words[_HEAD]

    @head.setter
    def head(self, offset: int) -> None:
        self._words[_HEAD] = offset

    @property
    def oldest(self) -> int:
        return self._words[_OLDEST]

    @oldest.setter
    def oldest(self, offset: int) -> None:
        self._words[_OLDEST] = offset

    @property
    def consumed(self) -> int:
        return self._words[_CONSUMED]

    @consumed.setter
    def consumed(self, offset: int) -> None:
        self._words[_CONSUMED] = offset

    def put(self, offset: int, content: bytes) -> None:
        """Copy bytes in, over the ring's end where need be."""
        start = offset % self.capacity
        before_end = self.capacity - start
        if len(content) <= before_end:
            self._data[start : start + len(content)] = content
        else:
            self._data[start:] = content[:before_end]
            self._data[: len(content) - before_end] = content[before_end:]

    def take(self, offset: int, length: int) -> bytes:
        """Copy bytes out."""
        start = offset % self.capacity
        before_end = self.capacity - start
        if length <= before_end:
            return bytes(self._data[start : start + length])
        return bytes(self._data[start:]) + bytes(self._data[: length - before_end])

    def entry(self, offset: int) -> bytes | None:
        """Return the JSON of the entry at an offset, or None when there is no whole one."""
        length, crc = _ENTRY.unpack(self.take(offset, _ENTRY.size))
        if length > min(LARGEST_ENTRY_BYTES, self.capacity):
            return None
        content = self.take(offset + _ENTRY.size, length)
        return content if _crc(offset, content) == crc else None

    def behind(self, offset: int) -> int:
        """Return the offset behind the entry at `offset`, without looking at its content."""
        return offset + _room(int(_ENTRY.unpack(self.take(offset, _ENTRY.size))[0]))

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
            offset += _room(len(content))
            entries.append((offset, json.loads(content)))
        return entries

    def close(self) -> None:
        self._words.release()
        self._data.release()
        self._bytes.release()
        self._map.close()
        os.close(self.descriptor)  # and with it the lock, where we hold it


class JournalReader:
    """Reads the ring: also before there is one, across the writer's restart, and when made anew.

    Attributes:
        ring: Id of the ring that the last entries came from; "" while none was found. Offsets of
            two rings have nothing to do with each other.
    """

    _writable = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ring: _Ring | None = None
        self.ring = ""
        self._reopened()

    @property
    def head(self) -> int:
        """Return the offset behind the newest entry."""
        return self._ring.head if self._ring else 0

    @property
    def oldest(self) -> int:
        """Return the offset of the oldest entry that can still be read."""
        return self._ring.oldest if self._ring else 0

    @property
    def consumed(self) -> int:
        """Return the offset up to which the recorder has committed everything."""
        return self._ring.consumed if self._ring else 0

    def since(self, offset: int, limit: int = 1000) -> list[tuple[int, Entry]]:
        """Return (offset behind the entry, entry), oldest first, at most `limit`.

        An offset that the ring does not have (already overwritten, or never written) reads from
        the oldest. When nothing is left and the ring was made anew, reading goes on at the new
        one's beginning, and `ring` says so: look at it after each call.
        """
        if entries := self._read(offset, limit):
            return entries
        return self._read(0, limit) if self._reopened() else []

    def _read(self, offset: int, limit: int) -> list[tuple[int, Entry]]:
        if self._ring is None:
            return []
        if not self._ring.oldest <= offset <= self._ring.head:
            offset = self._ring.oldest
        return self._ring.read(offset, limit)

    def _reopened(self) -> bool:
        """Return whether another ring than ours lies at the path, and map that one."""
        try:
            status = self._path.stat()
            if self._ring and self._ring.file == (status.st_dev, status.st_ino):
                return False
            ring = _Ring(self._path, writable=self._writable)
        except (OSError, StoreRefused):
            return False  # none yet, or one that the writer is about to make anew
        self.close()
        self._ring, self.ring = ring, ring.id
        return True

    def close(self) -> None:
        """Unmap; may be called twice."""
        if self._ring:
            self._ring.close()
        self._ring = None

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(self, *_: object) -> None:
        """Unmap."""
        self.close()


class JournalConsumer(JournalReader):
    """The one reader that says how far all is committed: the recorder."""

    _writable = True

    def consume(self, offset: int) -> None:
        """Let the writer overwrite what lies before `offset` of the ring last read."""
        if self._ring and self._ring.consumed < offset <= self._ring.head:
            self._ring.consumed = offset


class JournalWriter:
    """The line's side; also reads, since what the line knows after its restart it knows from here.

    Attributes:
        made_anew: "" when the ring was there and whole; else why there is a new one: "there was
            none", or what was wrong with the old one, which then lies beside it as `journal.aside`.
    """

    def __init__(self, path: Path, capacity_bytes: int = CAPACITY_BYTES) -> None:
        """Open or make the ring.

        Raises:
            NothingRunning: Another process writes this journal.
            OSError: The folder is missing or full.
        """
        self.made_anew = ""
        ring = _whole_ring(path)
        if isinstance(ring, str):
            self.made_anew = ring
            ring = _new_ring(path, capacity_bytes)
        self._ring = ring

    @property
    def ring(self) -> str:
        """Return the ring's id."""
        return self._ring.id

    @property
    def head(self) -> int:
        """Return the offset behind the newest entry."""
        return self._ring.head

    @property
    def oldest(self) -> int:
        """Return the offset of the oldest entry."""
        return self._ring.oldest

    @property
    def room_bytes(self) -> int:
        """Return how much can be written before the recorder must have read on."""
        return self._ring.capacity - (self._ring.head - min(self._ring.consumed, self._ring.head))

    def append(self, entry: Mapping[str, object]) -> int:
        """Return the offset behind the entry once it is in shared memory.

        Raises:
            JournalFull: It would overwrite what the recorder has not committed yet, or is longer
                than `LARGEST_ENTRY_BYTES`. Nothing was written.
        """
        ring = self._ring
        content = _dumps(entry).encode("utf-8", "surrogatepass")
        start = ring.head
        end = start + _room(len(content))
        if len(content) > LARGEST_ENTRY_BYTES or end - start > self.room_bytes:
            raise JournalFull(
                f"no room for an entry of {len(content)} bytes: the recorder is behind"
            )
        oldest = ring.oldest
        while end - oldest > ring.capacity:
            oldest = ring.behind(oldest)
        ring.oldest = oldest
        ring.put(start, _ENTRY.pack(len(content), _crc(start, content)) + content)
        ring.head = end
        return end

    def since(self, offset: int) -> list[tuple[int, Entry]]:
        """Return (offset behind the entry, entry) from `offset` on, oldest first; 0: all."""
        return self._ring.read(max(offset, self._ring.oldest), limit=self._ring.capacity)

    def close(self) -> None:
        """Unmap and unlock; the ring stays."""
        self._ring.close()

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Unmap and unlock."""
        self.close()


def _crc(offset: int, content: bytes) -> int:
    return zlib.crc32(content, zlib.crc32(_CRC_START.pack(offset, len(content))))


def _room(length: int) -> int:
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


def _whole_ring(path: Path) -> _Ring | str:
    """Return the ring at the path, locked; or why a new one is needed, the old moved aside."""
    try:
        ring = _Ring(path, writable=True)
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


def _new_ring(path: Path, capacity_bytes: int) -> _Ring:
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
    ring = _Ring(part, writable=True)
    _lock(ring)
    part.replace(path)
    return ring


def _lock(ring: _Ring) -> None:
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
